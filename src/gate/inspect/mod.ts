/**
 * What may pass, and what is learnt of it.
 *
 * Architecture invariant: no byte of a body leaves this room but as a keyed hash, a count or the name of a field.
 * @module
 */
export { createFactsReader, type ExchangeFacts, type FactsOptions, type FactsReader } from './facts/facts.ts'
export { compileFacts, type FactsPlan } from './facts/plan.ts'
export { payloadRefused, signaturesIn } from './signatures/signatures.ts'
