/**
 * Finding what is in the ledger. So far: the records of one request, by its id.
 *
 * Architecture invariant: everything here can be built again from the ledger.
 * @module
 */
export { type RequestIndex, type RequestPlaces, requestsMaxDefault } from './request-index.ts'
export { kindsByCode, type Mention, mentionIn } from './mention.ts'
