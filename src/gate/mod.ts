/**
 * The request path: one straight function from exchange to record, and what it needs from the stages.
 * @module
 */
export { compileContractPlan } from './handle-contract.ts'
export type { Gate, Rules } from './handle-stages.ts'
export { handle } from './handle.ts'
