import {
  type Api,
  type Headers,
  headerValue,
  type PoolRules,
  poolRulesDefault,
  type UpstreamStatus,
} from '../../core/mod.ts'
import { type Balancer, createBalancer } from './balancers.ts'
import { Endpoint } from './endpoint.ts'
import { hashOf } from './random.ts'
import { RetryBudget } from './retry-budget.ts'

export type { Endpoint } from './endpoint.ts'

/** What of a request an upstream may be chosen by. */
export interface Choice {
  readonly consumerId: string | null
  readonly clientIp: string
  readonly headers: Headers
}

/** The upstreams of one API, as one gateway thread uses them. Every `Endpoint` it gives is given back with `left`, once. */
export interface Pool {
  /** For the first attempt of a request. Without an upstream it says why: all breakers are open, or none is well. */
  first(choice: Choice, nowMs: number): Endpoint | 'circuit_open' | 'no_healthy_upstream'
  /** For another attempt, on none of those that were tried; null where there is none, or the request was tried often enough. */
  next(tried: readonly Endpoint[], nowMs: number): Endpoint | null
  /** An answer came from it; one of its failing (5xx) counts as none. */
  answered(endpoint: Endpoint, status: number, nowMs: number): void
  /** No usable answer came from it. */
  failed(endpoint: Endpoint, why: string, nowMs: number): void
  /** Nothing is on its way to it any more for this attempt. */
  left(endpoint: Endpoint): void
}

/** The pool behind the port, with what its thread needs of it. */
export class ApiPool implements Pool {
  readonly rules: PoolRules
  readonly endpoints: readonly Endpoint[]
  readonly #api: string
  readonly #random: () => number
  readonly #budget: RetryBudget
  readonly #load = { total: 0 }
  /** Null where nobody may be called. */
  #balancer: Balancer | null = null
  #isPanic = false
  /** When the balancer is to be made anew at the latest. */
  #staleMs = 0

  /** Takes over what is known of the upstreams that `before` has too. */
  constructor(api: Api, { random, before }: { random: () => number; before: ApiPool | null }) {
    this.#api = api.name
    this.#random = random
    this.rules = api.pool ?? poolRulesDefault
    this.#budget = new RetryBudget(this.rules.retries)
    this.endpoints = api.upstreams.map((upstream, index) => {
      const endpoint = new Endpoint(upstream, { index, weight: this.rules.weights[index] ?? 1 })
      const known = before?.endpoints.find(({ key }) => key === endpoint.key)
      if (known !== undefined) endpoint.down = known.down
      return endpoint
    })
  }

  first(choice: Choice, nowMs: number): Endpoint | 'circuit_open' | 'no_healthy_upstream' {
    this.#budget.request(nowMs)
    const balancer = this.#newest(nowMs)
    if (balancer !== null) return this.#begin(balancer.pick(this.#hash(choice)).index)
    return this.endpoints.every((endpoint) => endpoint.isBarred(nowMs)) ? 'circuit_open' : 'no_healthy_upstream'
  }

  next(tried: readonly Endpoint[], nowMs: number): Endpoint | null {
    if (tried.length > this.rules.retries.max || this.#newest(nowMs) === null) return null
    const isNew = (endpoint: Endpoint | undefined): endpoint is Endpoint =>
      endpoint !== undefined && !tried.includes(endpoint)
    // Anyone: the balancer's next turn is for the next request, and a neighbour of who fails would get all that he does not.
    const index = Math.floor(this.#random() * this.endpoints.length)
    for (let step = 0; step < this.endpoints.length; step++) {
      const endpoint = this.endpoints[(index + step) % this.endpoints.length]
      if (isNew(endpoint) && this.#isUsable(endpoint, nowMs))
        return this.#budget.take(nowMs) ? this.#begin(endpoint.index) : null
    }
    return null
  }

  answered(endpoint: Endpoint, status: number, nowMs: number): void {
    if (status >= 500) return this.failed(endpoint, `status ${status}`, nowMs)
    if (endpoint.succeeded(nowMs, this.rules)) this.#staleMs = 0
  }

  failed(endpoint: Endpoint, why: string, nowMs: number): void {
    const { eject } = this.rules
    const mostOut = eject === null ? 0 : Math.floor(this.endpoints.length * eject.share)
    const mayEject = this.endpoints.filter((one) => one.isEjected(nowMs)).length < mostOut
    if (endpoint.failed(nowMs, { why, rules: this.rules, mayEject })) this.#staleMs = 0
  }

  left(endpoint: Endpoint): void {
    this.#load.total--
    if (endpoint.end()) this.#staleMs = 0
  }

  /** What the health checks found: why an upstream is left out, by its URL. */
  setDown(down: ReadonlyMap<string, string>): void {
    for (const endpoint of this.endpoints) endpoint.down = down.get(endpoint.key) ?? null
    this.#staleMs = 0
  }

  status(nowMs: number): UpstreamStatus[] {
    this.#newest(nowMs)
    return this.endpoints.map((endpoint) => ({
      api: this.#api,
      url: endpoint.key,
      state: endpoint.state(nowMs),
      why: endpoint.why(nowMs),
      panic: this.#isPanic && endpoint.state(nowMs) !== 'ok',
      inflight: endpoint.inflight,
      requests: endpoint.requests,
      failures: endpoint.failures,
      ejections: endpoint.ejections,
    }))
  }

  #begin(index: number): Endpoint {
    const endpoint = this.endpoints[index] as Endpoint // a balancer gives places of this pool
    this.#load.total++
    if (endpoint.begin()) this.#staleMs = 0
    return endpoint
  }

  #isUsable(endpoint: Endpoint, nowMs: number): boolean {
    if (endpoint.isBarred(nowMs)) return false
    return this.#isPanic || (endpoint.down === null && !endpoint.isEjected(nowMs))
  }

  #newest(nowMs: number): Balancer | null {
    if (nowMs < this.#staleMs) return this.#balancer
    const closed = this.endpoints.filter((endpoint) => !endpoint.isBarred(nowMs))
    const well = closed.filter((endpoint) => endpoint.down === null && !endpoint.isEjected(nowMs))
    this.#isPanic = well.length === 0 && closed.length > 0 && this.rules.panic
    const members = this.#isPanic ? closed : well
    this.#balancer =
      members.length === 0
        ? null
        : createBalancer(this.rules.balance, members, { random: this.#random, load: this.#load })
    this.#staleMs = Math.min(...this.endpoints.map((endpoint) => endpoint.changesAtMs(nowMs)))
    return this.#balancer
  }

  #hash({ consumerId, clientIp, headers }: Choice): number {
    const { balance, hashBy } = this.rules
    if (balance !== 'hash') return 0
    if (hashBy === 'ip') return hashOf(clientIp)
    const key = hashBy === 'consumer' ? consumerId : headerValue(headers, hashBy.slice(headerMark.length))
    return hashOf(key ?? clientIp)
  }
}

const headerMark = 'header:'
