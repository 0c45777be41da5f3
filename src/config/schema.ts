/**
 * The configuration file: every key, its kind, its default and what it is for stand here and nowhere else. From it come
 * the parser, the JSON Schema for editors, and the names of the environment variables that override it.
 */
import * as z from 'zod'
import { addressKind, hostKind, networkKind, upstreamKind } from './address-kinds.ts'
import { authKind } from './auth-kind.ts'
import type {
  ApiSection,
  AuthChoice,
  ConfigFile,
  ConnectionsSection,
  LedgerSection,
  LimitSection,
  RouteSection,
} from './file-types.ts'
import { booleanKind, choiceKind, integerKind, leaf, oneOrMany, optional, section, setting } from './kinds.ts'
import { durationKind, powerOfTwoKind, rateKind, sizeKind } from './measures.ts'
import { apiNames, folderKind, limitNameKind, methodKind, nodeNameKind, scopeKind, versionKind } from './names.ts'
import { routePathKind } from './route-path.ts'
import { adminSchema } from './section-console.ts'
import { detectSchema } from './section-detect.ts'
import { apiFactsSchema, routeFactsSchema } from './section-facts.ts'
import { alertsSchema, notifySchema } from './section-notify.ts'
import { oauthSchema } from './section-oauth.ts'
import { jsonSchemaOfApi, openapiSchema } from './section-openapi.ts'
import { outboundSchema } from './section-outbound.ts'
import { querySchema } from './section-query.ts'
import { reviewsSchema } from './section-reviews.ts'
import { keysSchema } from './section-keys.ts'
import { networksSchema } from './section-networks.ts'
import { rolesSchema } from './section-roles.ts'
import { sinksSchema } from './section-sinks.ts'
import { tlsSchema, upstreamTlsSchema } from './section-tls.ts'
import { poolShape } from './section-upstreams.ts'
import { witnessSchema } from './section-witness.ts'

/**
 * `api-key`: an API key of a registered consumer. `oauth`: an access token of one of `oauth.issuers`. `mtls`: a registered client
 * certificate. `none`: nobody is asked.
 */
export const authSchema: z.ZodType<AuthChoice> = leaf(authKind)

/** Schemas of single parts, for looking at a file of which other parts are wrong. */
export const hostsSchema: z.ZodType<readonly string[]> = z
  .array(leaf(hostKind))
  .max(64)
  .prefault([])
  .describe('Hosts that this API answers to, without port; every host when left out')

/** Scopes of an API or a route. */
export const scopesSchema: z.ZodType<readonly string[]> = z
  .array(leaf(scopeKind))
  .max(16)
  .prefault([])
  .describe('Scopes that a caller must hold, all of them; those of a route add to those of its API')

/** One upstream. */
export const upstreamSchema: z.ZodType<string> = leaf(upstreamKind)

/** One limit of an API or a route. */
export const limitSchema: z.ZodType<LimitSection> = z.strictObject({
  name: leaf(limitNameKind).describe('One name, one limit: named in two places it is still counted once'),
  per: leaf(choiceKind('consumer', 'credential', 'ip')).describe(
    'What is counted apart; an IPv6 address counts as its /64',
  ),
  allow: leaf(rateKind).describe('At most so many in any window of this length: 20/s, 600/m, 50/10s'),
})

const limitsSchema: z.ZodType<readonly LimitSection[]> = z
  .array(limitSchema)
  .max(8)
  .prefault([])
  .describe('Limits, all of which must admit; those of a route add to those of its API')

const bodyMax = sizeKind('0b', '10gb')
const totalTime = durationKind('10ms', '1d')

/** One route. */
export const routeSchema: z.ZodType<RouteSection> = z.strictObject({
  path: leaf(routePathKind).describe('/v1/orders/{id}; {rest*} as the last segment takes all that follows'),
  methods: z.array(leaf(methodKind)).max(32).prefault([]).describe('Every method when left out'),
  auth: optional(authSchema, 'As the API when left out'),
  scopes: scopesSchema,
  limits: limitsSchema,
  body: section(
    z.strictObject({ max: optional(leaf(bodyMax), 'Largest body of a request; as the API when left out') }),
    'Bodies of requests on this route',
  ),
  timeouts: section(
    z.strictObject({ total: optional(leaf(totalTime), 'The whole exchange; as the API when left out') }),
    'How long to wait on this route',
  ),
  facts: routeFactsSchema,
})

const modeSchema = choiceKind('observe', 'enforce')

/** The mode of the whole file. */
export const modeSetting: z.ZodType<ConfigFile['mode']> = setting(
  modeSchema,
  'enforce',
  'enforce refuses; observe refuses nothing and records what would have been refused',
)

/** One API. */
export const apiSchema: z.ZodType<ApiSection> = z.strictObject({
  hosts: hostsSchema,
  upstream: optional(
    upstreamSchema,
    'Where requests go: http://host:port or https://host:port, a base path may follow',
  ),
  upstreams: optional(z.array(upstreamSchema).min(1).max(64), 'Several upstreams instead of one; see `balance`'),
  mode: optional(leaf(modeSchema), 'As the whole file when left out'),
  networks: networksSchema,
  durability: setting(
    choiceKind('durable', 'buffered'),
    'durable',
    'durable: an answer leaves when its record is on disk; buffered: a power cut may lose the last few milliseconds of records',
  ),
  timeouts: section(
    z.strictObject({
      connect: setting(
        durationKind('10ms', '10m'),
        '5s',
        'Until the connection to the upstream stands, and how long a request waits for a free one',
      ),
      headers: setting(durationKind('10ms', '1d'), '30s', 'From the request to the first line of the answer'),
      idle: setting(durationKind('10ms', '1d'), '30s', 'Longest silence while the body of the answer arrives'),
      total: setting(totalTime, '60s', 'The whole exchange'),
    }),
    'How long to wait',
  ),
  connections: setting(integerKind(1, 65_535), 128, 'Connections to each upstream, from each thread'),
  upstreamTls: upstreamTlsSchema,
  ...poolShape,
  auth: authSchema
    .prefault('api-key')
    .describe('How callers prove who they are: api-key, oauth, mtls, a list of these, or none'),
  scopes: scopesSchema,
  limits: limitsSchema,
  body: section(z.strictObject({ max: setting(bodyMax, '10mb', 'Largest body of a request') }), 'Bodies of requests'),
  facts: apiFactsSchema,
  signatures: setting(
    choiceKind('off', 'observe', 'refuse'),
    'observe',
    'Known forms of attacks in path, query and some fields: observe records them, refuse answers 403 too',
  ),
  openapi: openapiSchema,
  json: jsonSchemaOfApi,
  routes: optional(z.array(routeSchema).min(1).max(4096), 'What is served; everything when left out'),
})

const connectionsSchema: z.ZodType<ConnectionsSection> = z.strictObject({
  urlMax: setting(sizeKind('128b', '64kb'), '8kb', 'Longest URL'),
  headersMax: setting(sizeKind('1kb', '256kb'), '16kb', 'Largest block of header fields'),
  headerCountMax: setting(integerKind(8, 1000), 100, 'Most header fields'),
  headersTimeout: setting(
    durationKind('100ms', '10m'),
    '10s',
    'From the first byte of a request to the end of its header fields; never more than requestTimeout',
  ),
  requestTimeout: setting(
    durationKind('100ms', '1d'),
    '30s',
    'From the first byte of a request to the end of its body',
  ),
  keepAlive: setting(durationKind('0ms', '1h'), '5s', 'How long an idle connection waits for the next request'),
  requestsMax: setting(integerKind(1, 1_000_000_000), 1000, 'Requests on one connection before it is closed'),
  max: setting(integerKind(1, 1_000_000), 10_000, 'Connections of each gateway thread'),
  perIpMax: setting(integerKind(1, 1_000_000), 1000, 'Connections from one address to each gateway thread'),
  clientIdle: setting(durationKind('100ms', '1h'), '30s', 'Longest time in which a client takes nothing of its answer'),
})

const ledgerSchema: z.ZodType<LedgerSection> = z.strictObject({
  ring: setting(powerOfTwoKind('1mb', '1gb'), '8mb', 'Memory for records on their way to the disk, for each thread'),
  pace: optional(
    leaf(durationKind('0ms', '100ms', { fractions: true })),
    'Least time between two writes under load; 0.5ms on up to two cores, 0.25ms on more',
  ),
  flush: setting(
    durationKind('0ms', '1s'),
    '25ms',
    'How long records that no answer waits for may gather before they are written',
  ),
  wait: setting(
    durationKind('10ms', '1m'),
    '2s',
    'How long a request waits for its record before it is refused with 503',
  ),
  hold: setting(sizeKind('0b', '8mb'), '64kb', 'Answers up to this size are held whole until their record is on disk'),
  stall: setting(durationKind('1s', '10m'), '30s', 'A ledger that is silent for so long is restarted'),
})

/** The whole file, strictly: what is not known here is an error. */
export const fileSchema: z.ZodType<ConfigFile> = z.strictObject({
  version: leaf(versionKind).describe('Of the language of this file'),
  mode: modeSetting,
  listen: setting(oneOrMany(addressKind), '127.0.0.1:8080', 'Where the gateway listens; one address or a list'),
  admin: adminSchema,
  node: optional(
    leaf(nodeNameKind),
    'The name of this node, which begins the names of its logs; the name of the host when left out. A log that exists keeps its name',
  ),
  data: setting(folderKind, './gatehouse-data', 'The folder of ledger, keys and state'),
  threads: optional(leaf(integerKind(1, 256)), 'Gateway threads; one less than there are cores when left out'),
  engine: setting(
    choiceKind('strict', 'node'),
    'strict',
    'What speaks HTTP/1.1: an engine of our own, strict and cheap, or that of Node, for comparison',
  ),
  trustedHops: z
    .array(leaf(networkKind))
    .max(256)
    .prefault([])
    .describe('Networks of proxies in front, whose Forwarded or X-Forwarded-For is believed'),
  connections: section(connectionsSchema, 'What one connection may do'),
  ledger: section(ledgerSchema, 'The record of all requests'),
  limits: section(
    z.strictObject({
      keysMax: setting(integerKind(1000, 16_000_000), 100_000, 'Callers counted at one time, over all limits'),
      headers: setting(booleanKind, true, 'Tell callers how they stand, in RateLimit fields'),
    }),
    'Limits as a whole; each stands with its API or route',
  ),
  tls: tlsSchema,
  oauth: oauthSchema,
  roles: rolesSchema,
  keys: keysSchema,
  outbound: outboundSchema,
  sinks: sinksSchema,
  reviews: reviewsSchema,
  query: querySchema,
  detect: detectSchema,
  notify: notifySchema,
  alerts: alertsSchema,
  witness: witnessSchema,
  apis: z
    .record(z.string(), apiSchema)
    .meta({ minProperties: 1, propertyNames: { pattern: apiNames.pattern } })
    .describe('The APIs, each under its name'),
})
