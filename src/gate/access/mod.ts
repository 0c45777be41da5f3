/**
 * What a caller may do, once it is known who is calling.
 *
 * Architecture invariant: a decision is made from the route and the principal alone; this room reads no clock, no store.
 * @module
 */
export { authorize } from './authorize.ts'
