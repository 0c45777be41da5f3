/**
 * Finding what is in the ledger: the records of one request by its id, and requests by what they were, in the query language.
 *
 * Architecture invariant: everything here can be built again from the ledger.
 * @module
 */
export { type RequestIndex, type RequestPlaces, requestsMaxDefault } from './request-index.ts'
export { kindsByCode, type Mention, mentionIn } from './mention.ts'
export * from './engine.ts'
export { type Field, type FieldKind, type FieldName, fields } from './fields.ts'
export { type Bound, everything, type Filter, type Test } from './filter.ts'
