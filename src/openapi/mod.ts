/**
 * OpenAPI 3.0 and 3.1, compiled: what a document says of requests and answers, checked on bytes. Used by both wings: the
 * configuration compiles a document to tell what is wrong with it, the gateway to check by it.
 *
 * Architecture invariant: nothing is loaded from anywhere, a message is never changed, and no value of one leaves this room.
 * @module
 */
export { essenceOf, isJsonType } from './bodies.ts'
export {
  type AskedMessage,
  compileContract,
  type Contract,
  type Operation,
  type Violation,
  violationsMax,
} from './contract.ts'
export { DocumentError } from './document.ts'
export { jsonBreach, type JsonBounds } from './json-bounds.ts'
