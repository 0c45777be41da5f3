import type { BreakerRules, EjectRules, PoolRules, Upstream, UpstreamState } from '../../core/mod.ts'

/** One upstream of an API as one gateway thread knows it. Its pool alone changes it. */
export class Endpoint {
  readonly upstream: Upstream
  readonly key: string
  index: number
  weight: number
  /** Requests on their way to it. */
  inflight = 0
  requests = 0
  failures = 0
  ejections = 0
  /** Set by the health checks: why it is left out. */
  down: string | null = null
  #inRow = 0
  #ejectedUntilMs = 0
  /** Times in a row that it was left out. */
  #ejectedInRow = 0
  #why = ''
  #breaker: 'closed' | 'open' | 'trying' = 'closed'
  #openUntilMs = 0
  #isTried = false
  #windowMs = 0
  #windowRequests = 0
  #windowFailures = 0

  constructor(upstream: Upstream, { index, weight }: { index: number; weight: number }) {
    this.upstream = upstream
    this.key = upstream.url
    this.index = index
    this.weight = weight
  }

  state(nowMs: number): UpstreamState {
    if (this.#breaker === 'open' && nowMs < this.#openUntilMs) return 'open'
    if (this.#breaker !== 'closed') return 'trying'
    if (this.down !== null) return 'down'
    return this.isEjected(nowMs) ? 'ejected' : 'ok'
  }

  why(nowMs: number): string {
    const state = this.state(nowMs)
    if (state === 'down') return this.down ?? ''
    return state === 'ok' ? '' : this.#why
  }

  isEjected(nowMs: number): boolean {
    return nowMs < this.#ejectedUntilMs
  }

  /** The breaker lets nothing through, or its one trial is under way. */
  isBarred(nowMs: number): boolean {
    if (this.#breaker === 'closed') return false
    return this.#breaker === 'open' ? nowMs < this.#openUntilMs : this.#isTried
  }

  /** When, if nothing happens, it will be another; Infinity for never. */
  changesAtMs(nowMs: number): number {
    const returnsMs = this.isEjected(nowMs) ? this.#ejectedUntilMs : Infinity
    const triesMs = this.#breaker === 'open' && nowMs < this.#openUntilMs ? this.#openUntilMs : Infinity
    return Math.min(returnsMs, triesMs)
  }

  /** A request goes to it. True where that changes what it takes. */
  begin(): boolean {
    this.inflight++
    this.requests++
    if (this.#breaker === 'closed') return false
    this.#breaker = 'trying'
    this.#isTried = true
    return true
  }

  /** A request to it is over, without a word on how it went. True where that changes what it takes. */
  end(): boolean {
    this.inflight--
    if (this.#breaker !== 'trying' || !this.#isTried) return false
    this.#isTried = false // the trial said nothing; the next may
    return true
  }

  /** An answer came. True where that changes what it takes. */
  succeeded(nowMs: number, { breaker }: PoolRules): boolean {
    this.#inRow = 0
    if (!this.isEjected(nowMs)) this.#ejectedInRow = 0
    if (breaker !== null) this.#count(nowMs, breaker, 0)
    if (this.#breaker !== 'trying') return false
    this.#breaker = 'closed'
    this.#isTried = false
    this.#windowRequests = 0
    this.#windowFailures = 0
    return true
  }

  /** None came, or one of its failing. `mayEject`: its pool can do without it. True where that changes what it takes. */
  failed(nowMs: number, { why, rules, mayEject }: { why: string; rules: PoolRules; mayEject: boolean }): boolean {
    this.failures++
    this.#inRow++
    const isEjected = rules.eject !== null && this.#eject(nowMs, rules.eject, { why, mayEject })
    const isOpened = rules.breaker !== null && this.#open(nowMs, rules.breaker, why)
    return isEjected || isOpened
  }

  #eject(nowMs: number, rules: EjectRules, { why, mayEject }: { why: string; mayEject: boolean }): boolean {
    // Behind its time out one failure is enough, until it has answered once.
    const failuresMin = this.#ejectedInRow > 0 ? 1 : rules.failures
    if (!mayEject || this.isEjected(nowMs) || this.#inRow < failuresMin) return false
    this.#ejectedInRow++
    this.ejections++
    const ms = Math.min(rules.baseMs * this.#ejectedInRow, rules.mostMs)
    this.#ejectedUntilMs = nowMs + ms
    this.#why = `${this.#inRow} failures in a row, the last: ${why}; left out for ${Math.round(ms / 1000)} s`
    this.#inRow = 0
    return true
  }

  #open(nowMs: number, rules: BreakerRules, why: string): boolean {
    this.#count(nowMs, rules, 1)
    const isTooMuch =
      this.#windowRequests >= rules.requestsMin && this.#windowFailures >= rules.failureRate * this.#windowRequests
    if (this.#breaker !== 'trying' && (this.#breaker === 'open' || !isTooMuch)) return false
    const { failureRate, windowMs, openMs } = rules
    this.#why =
      this.#breaker === 'trying'
        ? `the trial failed: ${why}`
        : `${this.#windowFailures} of ${this.#windowRequests} requests failed within ${windowMs / 1000} s, ${Math.round(failureRate * 100)} % are too many`
    this.#breaker = 'open'
    this.#isTried = false
    this.#openUntilMs = nowMs + openMs
    return true
  }

  #count(nowMs: number, { windowMs }: BreakerRules, failures: number): void {
    if (nowMs - this.#windowMs >= windowMs) {
      this.#windowMs = nowMs
      this.#windowRequests = 0
      this.#windowFailures = 0
    }
    this.#windowRequests++
    this.#windowFailures += failures
  }
}
