/** How the next upstream is chosen: in turn, the less busy of two drawn at random, or the same one for the same key. */
export type Balance = 'round-robin' | 'least-requests' | 'hash'

/**
 * What leaves an upstream out for a while: failures in a row, of connections as well as of answers (5xx). Each time in a row it
 * is left out longer by one `baseMs`, up to `mostMs`.
 */
export interface EjectRules {
  readonly failures: number
  readonly baseMs: number
  readonly mostMs: number
  /** At most so much of the upstreams of an API is left out by this, 0 to 1. */
  readonly share: number
}

/**
 * The circuit breaker of each upstream: opens when so much of the requests of a window failed, lets one request try when
 * `openMs` have passed, and closes when that one succeeds.
 */
export interface BreakerRules {
  /** 0 to 1. */
  readonly failureRate: number
  /** With fewer requests in the window it stays closed. */
  readonly requestsMin: number
  readonly windowMs: number
  readonly openMs: number
}

/** How often a request is sent again, on another upstream, and how much of that there may be. */
export interface RetryRules {
  /** Attempts behind the first one. */
  readonly max: number
  /** Of the requests of the last seconds, 0 to 1. */
  readonly share: number
  /** Beside the share, so that a rare request is sent again too. */
  readonly perSecondMin: number
}

/** Requests of our own that ask an upstream how it is. */
export interface HealthRules {
  /** Behind the path of the upstream's URL. */
  readonly path: string
  readonly everyMs: number
  readonly timeoutMs: number
  /** Good answers in a row that bring it back. */
  readonly healthyAfter: number
  /** Others in a row that leave it out. */
  readonly unhealthyAfter: number
  /** Statuses that are good answers, both included. */
  readonly expect: { readonly from: number; readonly to: number }
}

/** How the upstreams of an API are used together. */
export interface PoolRules {
  readonly balance: Balance
  /** Whose requests go to the same upstream: `consumer`, `ip` or `header:<lower-case name>`. */
  readonly hashBy: string
  /** By place in `upstreams`; 1 for those behind its end. */
  readonly weights: readonly number[]
  /** Null: nobody is left out for failures. */
  readonly eject: EjectRules | null
  /** Null: none. */
  readonly breaker: BreakerRules | null
  readonly retries: RetryRules
  /** Null: nobody is asked. */
  readonly health: HealthRules | null
  /** Where none is left, all are used again, since some answer is better than none. */
  readonly panic: boolean
}

/** Holds where the configuration says nothing. */
export const poolRulesDefault: PoolRules = {
  balance: 'round-robin',
  hashBy: 'consumer',
  weights: [],
  eject: { failures: 5, baseMs: 10_000, mostMs: 300_000, share: 0.5 },
  breaker: null,
  retries: { max: 1, share: 0.2, perSecondMin: 3 },
  health: null,
  panic: true,
}
