import type { ApiNetworks, AuthMethod, Durability, LimitPartition, Mode, UpstreamTls } from '../core/mod.ts'
import type { Address } from './addresses.ts'
import type { DetectSection } from './section-detect.ts'
import type { AlertsSection, NotifySection } from './section-notify.ts'
import type { OauthSection } from './section-oauth.ts'
import type { JsonSection, OpenapiSection } from './section-openapi.ts'
import type { OutboundSection } from './section-outbound.ts'
import type { QuerySection } from './section-query.ts'
import type { ReviewsSection } from './section-reviews.ts'
import type { KeysSection } from './section-keys.ts'
import type { RolesSection } from './section-roles.ts'
import type { SinksSection } from './section-sinks.ts'
import type { TlsSection } from './section-tls.ts'
import type { PoolSection } from './section-upstreams.ts'
import type { AdminSection } from './section-console.ts'
import type { Rate } from './units.ts'
import type { WitnessSection } from './section-witness.ts'

/** What the file says, parsed and with its defaults; null where the file leaves the choice to something else. */
export interface ConfigFile {
  readonly version: 1
  readonly mode: Mode
  readonly listen: readonly Address[]
  readonly admin: AdminSection
  readonly node: string | null
  readonly data: string
  readonly threads: number | null
  readonly engine: 'strict' | 'node'
  readonly trustedHops: readonly string[]
  readonly connections: ConnectionsSection
  readonly ledger: LedgerSection
  readonly limits: { readonly keysMax: number; readonly headers: boolean }
  readonly tls: TlsSection | null
  readonly oauth: OauthSection
  readonly roles: RolesSection | null
  readonly keys: KeysSection
  readonly outbound: OutboundSection
  readonly sinks: SinksSection
  readonly reviews: ReviewsSection
  readonly query: QuerySection
  readonly detect: DetectSection
  readonly notify: Readonly<Record<string, NotifySection>>
  readonly alerts: AlertsSection
  readonly witness: WitnessSection
  readonly apis: Readonly<Record<string, ApiSection>>
}

/** `connections:` */
export interface ConnectionsSection {
  readonly urlMax: number
  readonly headersMax: number
  readonly headerCountMax: number
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly keepAlive: number
  readonly requestsMax: number
  readonly max: number
  readonly perIpMax: number
  readonly clientIdle: number
}

/** `ledger:` */
export interface LedgerSection {
  readonly ring: number
  readonly pace: number | null
  readonly flush: number
  readonly wait: number
  readonly hold: number
  readonly stall: number
}

/** One entry of `apis:` */
export interface ApiSection extends PoolSection {
  readonly hosts: readonly string[]
  readonly upstream: string | null
  readonly upstreams: readonly string[] | null
  readonly mode: Mode | null
  readonly networks: ApiNetworks
  readonly durability: Durability
  readonly timeouts: {
    readonly connect: number
    readonly headers: number
    readonly idle: number
    readonly total: number
  }
  readonly connections: number
  readonly upstreamTls: UpstreamTls | null
  readonly auth: AuthChoice
  readonly scopes: readonly string[]
  readonly limits: readonly LimitSection[]
  readonly body: { readonly max: number }
  /** A share of the requests, 0 to 1. */
  readonly facts: number
  readonly signatures: 'off' | 'observe' | 'refuse'
  readonly openapi: OpenapiSection | null
  readonly json: JsonSection
  readonly routes: readonly RouteSection[] | null
}

/** How callers of a route prove who they are: by any one of these; empty for none. */
export type AuthChoice = readonly AuthMethod[]

/** One entry of `limits:` */
export interface LimitSection {
  readonly name: string
  readonly per: LimitPartition
  readonly allow: Rate
}

/** One entry of `routes:` */
export interface RouteSection {
  readonly path: string
  /** Empty for all. */
  readonly methods: readonly string[]
  readonly auth: AuthChoice | null
  readonly scopes: readonly string[]
  readonly limits: readonly LimitSection[]
  readonly body: { readonly max: number | null }
  readonly timeouts: { readonly total: number | null }
  readonly facts: number | null
}
