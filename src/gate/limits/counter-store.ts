/** A partition's key, hashed to 128 bits together with the policy it belongs to. */
export interface CounterKey {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** One limit to take from. */
export interface Claim {
  readonly key: CounterKey
  /** Counted instead where the table has no room for `key`; null: refuse then. */
  readonly coarserKey: CounterKey | null
  readonly limit: number
  readonly windowMs: number
}

/** How one claim stood. */
export interface Taken {
  readonly admitted: boolean
  /** Requests in the trailing window, this one included when all claims admitted it. */
  readonly used: number
  /** Until `used` falls; for a refused claim: until one request would be admitted. */
  readonly resetMs: number
  readonly coarser: boolean
  /** True when not even the coarser key had room; then `admitted` is false. */
  readonly full: boolean
}

/**
 * Counts exactly. `take` admits all claims or none: what is refused consumes nothing.
 *
 * Error bound: never more than `limit` admitted in any trailing window, over all threads; a request may be refused
 * for at most windowMs / 20 longer than an exact log would. Safe from any thread; never waits longer than a lock's repair.
 */
export interface CounterStore {
  /** `nowMs` is `Clock.monotonicMs`. Results are in the order of the claims. */
  take(claims: readonly Claim[], nowMs: number): readonly Taken[]
}
