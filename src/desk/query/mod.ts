/**
 * Finding what is in the ledger: the records of one request by its id, and requests by what they were, in the query language.
 *
 * Architecture invariant: everything here can be built again from the ledger.
 * @module
 */
export { type RequestIndex, type RequestPlaces, requestsMaxDefault } from './request-index.ts'
export { kindsByCode, type Mention, mentionIn } from './mention.ts'
export * from './engine.ts'
export { type Answered, askQuestion, type AskOptions, type Column, type ColumnKind } from './ask.ts'
export { type AddressRange, addressKey, addressRange, networkOf } from './addresses.ts'
export { type Field, type FieldKind, type FieldName, fieldOf, fields } from './fields.ts'
export { allOf, anyOf, type Bound, everything, type Filter, type Test, textFields } from './filter.ts'
export { queryHelp } from './help.ts'
export { parseFilter, parseQuestion, queryCharsMax, type Question } from './language.ts'
export { printFilter, printQuestion } from './print.ts'
export type { QueryIndex } from './query-index.ts'
export { measureWords, type MeasureWord, type Stage } from './stages.ts'
