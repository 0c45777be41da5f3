import type { RetryRules } from '../../core/mod.ts'

const bucketMs = 1_000
const buckets = 10

/**
 * How much may be sent again: a share of the requests of the last ten seconds, and a little more. An upstream that fails
 * altogether so gets a fifth more requests at most, not a multiple of them.
 */
export class RetryBudget {
  readonly #rules: RetryRules
  readonly #requests = new Uint32Array(buckets)
  readonly #retries = new Uint32Array(buckets)
  #second = 0
  #requestsTotal = 0
  #retriesTotal = 0

  constructor(rules: RetryRules) {
    this.#rules = rules
  }

  /** A request, however often it is sent. */
  request(nowMs: number): void {
    const bucket = this.#bucketAt(nowMs)
    this.#requests[bucket] = (this.#requests[bucket] ?? 0) + 1
    this.#requestsTotal++
  }

  /** True where a request may be sent again, which is then counted. */
  take(nowMs: number): boolean {
    const bucket = this.#bucketAt(nowMs)
    const { share, perSecondMin } = this.#rules
    const allowed = share * this.#requestsTotal + (perSecondMin * buckets * bucketMs) / 1000
    if (this.#retriesTotal + 1 > allowed) return false
    this.#retries[bucket] = (this.#retries[bucket] ?? 0) + 1
    this.#retriesTotal++
    return true
  }

  /** Empties the buckets of the seconds that have passed. */
  #bucketAt(nowMs: number): number {
    const second = Math.floor(nowMs / bucketMs)
    const passed = Math.min(second - this.#second, buckets)
    for (let step = 1; step <= passed; step++) {
      const bucket = (this.#second + step) % buckets
      this.#requestsTotal -= this.#requests[bucket] ?? 0
      this.#retriesTotal -= this.#retries[bucket] ?? 0
      this.#requests[bucket] = 0
      this.#retries[bucket] = 0
    }
    if (second > this.#second) this.#second = second
    return this.#second % buckets
  }
}
