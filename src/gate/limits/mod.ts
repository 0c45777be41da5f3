/**
 * How much and how fast: exact limits over all threads of the gate, counted in shared memory.
 *
 * Architecture invariant: never more than `limit` admitted in any trailing window. What is refused consumes nothing, and a
 * request that several limits apply to is counted in all of them or in none. What cannot be counted is refused.
 * @module
 */
export type { Claim, CounterKey, CounterStore, Taken } from './counter-store.ts'
export { countersSeed, createCounters, type CounterShared } from './counter-memory.ts'
export { openCounterTable } from './counter-table.ts'
export { repairCounters } from './counter-repair.ts'
export { counterStats, type CounterStats } from './counter-stats.ts'
export {
  compileLimits,
  createLimiter,
  type CompiledLimits,
  type CompiledPolicy,
  type Limiter,
  type LimiterOptions,
  type LimitVerdict,
} from './limiter.ts'
