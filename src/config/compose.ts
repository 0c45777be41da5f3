import type { Api, GateSettings, LimitPolicy, Policy, Route, Upstream } from '../core/mod.ts'
import { nodeNameOf } from './names.ts'
import type { ApiSection, ConfigFile, LimitSection, RouteSection } from './file-types.ts'
import { type AdminConfig, composeAdmin } from './section-console.ts'
import type { DetectSection } from './section-detect.ts'
import { type AlertsConfig, composeAlerts } from './section-notify.ts'
import { composeOauth } from './section-oauth.ts'
import { composeContract, composeJson, type Documents } from './section-openapi.ts'
import type { OutboundSection } from './section-outbound.ts'
import { composeQuery, type QueryConfig } from './section-query.ts'
import { composeReviews, type ReviewConfig } from './section-reviews.ts'
import { composeKeys, type KeysConfig } from './section-keys.ts'
import { composeRoles } from './section-roles.ts'
import { composeSinks, type SinkConfig } from './section-sinks.ts'
import { composeTls } from './section-tls.ts'
import { composePool } from './section-upstreams.ts'
import { composeWitness, type WitnessConfig } from './section-witness.ts'

/** Everything that Gatehouse is told by its operator. */
export interface Config {
  /** Takes effect at a start. */
  readonly gate: GateSettings
  readonly admin: AdminConfig
  /** What may be called; takes effect at a start. */
  readonly outbound: OutboundSection
  /** When to remind of keys; takes effect at a start. */
  readonly keys: KeysConfig
  /** Receivers of all records; takes effect at a start. */
  readonly sinks: readonly SinkConfig[]
  /** Regular reviews of the logs; takes effect at a start. */
  readonly reviews: readonly ReviewConfig[]
  /** The index by which requests are searched; takes effect at a start. */
  readonly query: QueryConfig
  /** What the detectors take for too much; takes effect at a start. */
  readonly detect: DetectSection
  /** Whom to tell of incidents; takes effect at a start. */
  readonly alerts: AlertsConfig
  /** Who cosigns the logs; takes effect at a start. */
  readonly witness: WitnessConfig
  /** Takes effect at once, with the next revision. */
  readonly policy: Policy
}

/** A commit to the disk costs a thread's wake-up, of which two cores have fewer to give. */
const pacing = { coresFew: 2, fewMs: 0.5, manyMs: 0.25 } as const

/** What some defaults go by. */
export interface Machine {
  readonly cores: number
  readonly host: string
}

/** The parsed file as the gate wants it: everything that an API says is laid down to its routes. */
export function compose(file: ConfigFile, { cores, host }: Machine, documents: Documents): Config {
  const { listen: listeners, data, threads, trustedHops, connections, ledger, limits } = file
  const node = file.node ?? nodeNameOf(host, 'gatehouse')
  return {
    gate: {
      node,
      listeners,
      dataDir: data,
      threads: threads ?? Math.max(1, cores - 1),
      engine: file.engine,
      tls: composeTls(file.tls),
    },
    admin: composeAdmin(file.admin),
    outbound: file.outbound,
    keys: composeKeys(file.keys),
    sinks: composeSinks(file.sinks),
    reviews: composeReviews(file.reviews),
    query: composeQuery(file.query),
    detect: file.detect,
    alerts: composeAlerts(file.notify, file.alerts),
    witness: composeWitness(file.witness),
    policy: {
      apis: Object.entries(file.apis).map(([name, api]) => apiOf(name, api, { mode: file.mode, documents })),
      trustedHops,
      issuers: composeOauth(file.oauth),
      roles: composeRoles(file.roles),
      connections: {
        urlBytesMax: connections.urlMax,
        headerBytesMax: connections.headersMax,
        headersMax: connections.headerCountMax,
        headersMs: Math.min(connections.headersTimeout, connections.requestTimeout),
        requestMs: connections.requestTimeout,
        keepAliveMs: connections.keepAlive,
        requestsPerConnectionMax: connections.requestsMax,
        connectionsMax: connections.max,
        connectionsPerIpMax: connections.perIpMax,
        clientIdleMs: connections.clientIdle,
      },
      ledger: {
        ringBytes: ledger.ring,
        paceMs: ledger.pace ?? (cores <= pacing.coresFew ? pacing.fewMs : pacing.manyMs),
        flushMs: ledger.flush,
        waitMs: ledger.wait,
        holdBytesMax: ledger.hold,
        stallMs: ledger.stall,
      },
      limitKeysMax: limits.keysMax,
      rateLimitHeaders: limits.headers,
    },
  }
}

function apiOf(name: string, api: ApiSection, file: { mode: ConfigFile['mode']; documents: Documents }): Api {
  const routes = api.routes ?? [everything]
  return {
    name,
    hosts: [...new Set(api.hosts)],
    mode: api.mode ?? file.mode,
    networks: api.networks,
    signatures: api.signatures,
    durability: api.durability,
    upstreams: (api.upstreams ?? [api.upstream]).flatMap((url) => (url === null ? [] : [upstreamOf(url, api)])),
    pool: composePool(api),
    contract: composeContract(api.openapi, file.documents),
    json: composeJson(api.json),
    routes: routes.map((route) => routeOf(route, api)),
  }
}

function upstreamOf(url: string, { timeouts, connections, upstreamTls }: ApiSection): Upstream {
  return {
    url,
    tls: url.startsWith('https:') ? upstreamTls : null,
    connectMs: timeouts.connect,
    headersMs: timeouts.headers,
    idleMs: timeouts.idle,
    connectionsMax: connections,
  }
}

const everything: RouteSection = {
  path: '/{rest*}',
  methods: [],
  auth: null,
  scopes: [],
  limits: [],
  body: { max: null },
  timeouts: { total: null },
  facts: null,
}

function routeOf(route: RouteSection, api: ApiSection): Route {
  const methods = [...new Set(route.methods)]
  const auth = route.auth ?? api.auth
  return {
    id: methods.length === 0 ? route.path : `${methods.join(',')} ${route.path}`,
    methods,
    path: route.path,
    auth,
    // Scopes of the API are for those of its routes on which somebody is identified.
    scopes: auth.length === 0 ? [] : [...new Set([...api.scopes, ...route.scopes])],
    limits: limitsOf([...api.limits, ...route.limits]),
    bodyBytesMax: route.body.max ?? api.body.max,
    deadlineMs: route.timeouts.total ?? api.timeouts.total,
    facts: route.facts ?? api.facts,
  }
}

/** By name, since one name is one limit and takes once from a request. */
function limitsOf(sections: readonly LimitSection[]): readonly LimitPolicy[] {
  const byName = new Map(
    sections.map(({ name, per, allow }) => [name, { name, per, limit: allow.limit, windowMs: allow.windowMs }]),
  )
  return [...byName.values()]
}
