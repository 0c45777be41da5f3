import type { ContractRules, JsonRules } from './contract.ts'
import type { PoolRules } from './pool-rules.ts'
import type { UpstreamTls } from './tls.ts'

/** `observe` refuses nothing and records what would have been refused; `enforce` refuses. */
export type Mode = 'observe' | 'enforce'

/** When an answer may leave: see "When a record is durable" in ARCHITECTURE.md. */
export type Durability = 'durable' | 'buffered'

/** What a limit counts by. `ip` means an IPv4 address or an IPv6 /64. */
export type LimitPartition = 'consumer' | 'credential' | 'ip'

/** At most `limit` admitted requests in any trailing window of `windowMs`. */
export interface LimitPolicy {
  /** Unique within the configuration; counts survive a reload as long as name and window stay. */
  readonly name: string
  readonly per: LimitPartition
  readonly limit: number
  readonly windowMs: number
}

/** How a caller may prove who it is: an API key, a JWT access token, a client certificate. */
export type AuthMethod = 'api-key' | 'oauth' | 'mtls'

/** One method set on one path template. */
export interface Route {
  /** Unique within the API, such as `GET /v1/orders/{id}`. */
  readonly id: string
  /** Upper case; empty means every method. */
  readonly methods: readonly string[]
  /** `/v1/orders/{id}`; a last segment `{rest*}` takes any remainder, also an empty one. */
  readonly path: string
  /** Any one of these identifies the caller; empty: nobody is asked. */
  readonly auth: readonly AuthMethod[]
  /** All of these must be held. */
  readonly scopes: readonly string[]
  /** The API's limits and the route's own, all of which must admit. */
  readonly limits: readonly LimitPolicy[]
  readonly bodyBytesMax: number
  /** Whole exchange, from the complete head to the last byte of the answer. */
  readonly deadlineMs: number
  /** The share of its requests whose bodies are looked at for facts, 0 to 1. @default 0 */
  readonly facts?: number
}

export interface Upstream {
  /** `http://host:port` or `https://host:port` with an optional base path, no trailing slash. */
  readonly url: string
  /** How TLS is spoken to it; null for the defaults. */
  readonly tls: UpstreamTls | null
  readonly connectMs: number
  readonly headersMs: number
  /** Longest silence while the answer's body arrives. */
  readonly idleMs: number
  readonly connectionsMax: number
}

/**
 * CIDRs or addresses. The longest that holds the client decides, and `allow` before `deny` where both have it. Where `allow`
 * names any, a client that neither list holds is refused.
 */
export interface ApiNetworks {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

export interface Api {
  readonly name: string
  /** Lower case, without port; empty means every host. */
  readonly hosts: readonly string[]
  readonly mode: Mode
  /** What becomes of requests that carry signatures of attacks. @default off */
  readonly signatures?: 'off' | 'observe' | 'refuse'
  /** Whose requests are taken, by the network of the client; see `ApiNetworks`. */
  readonly networks: ApiNetworks
  readonly durability: Durability
  /** At least one; which of them a request goes to, `pool` says. */
  readonly upstreams: readonly Upstream[]
  /** @default taken in turn, with the defaults of the configuration */
  readonly pool?: PoolRules
  /** @default no contract */
  readonly contract?: ContractRules | null
  /** @default not bounded */
  readonly json?: JsonRules | null
  readonly routes: readonly Route[]
}
