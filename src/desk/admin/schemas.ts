import { z } from '@hono/zod-openapi'
import {
  type AccessEvent,
  type AuditKind,
  type Consumer,
  type GateStatus,
  type UpstreamStatus,
  type Reason,
  reasons,
} from '../../core/mod.ts'
import {
  consumerNamePattern,
  expiresInMsMax,
  roleNamePattern,
  rolesMax,
  scopeCharsMax,
  scopePattern,
  scopesMax,
} from '../control/mod.ts'
import type { EventPage } from './event-filter.ts'
import type { LiveBatch } from './live-batch.ts'
import { type Problem, type ProblemCode, problems } from './problem.ts'
import type { ShownAudit } from './recent-audit.ts'
import type { ShownCredential, ShownEvent, ShownRequest } from './shown.ts'
import { factsSchema } from './schemas-facts.ts'

// What the document says of answers is held against core's types by the compiler; answers themselves are not parsed again.

const timeMs = z.int().meta({ description: 'Milliseconds since the Unix epoch', example: 1_795_212_179_243 })
const timeMsOrNull = timeMs.nullable()
const count = z.int().nonnegative()
const applied = z.boolean().meta({
  description:
    'All gateway threads of the connected gate have confirmed the change; false: it is stored, and they get it later',
})

const reasonNames = Object.keys(reasons) as [Reason, ...Reason[]] // keys of a Record<Reason, …>
const reasonSchema = z
  .enum(reasonNames)
  .meta({ description: 'Why a request ended other than by its upstream’s answer' })

const limitReading = z.object({
  name: z.string().meta({ example: 'per-consumer' }),
  per: z.string().meta({ example: 'consumer' }),
  limit: count,
  windowMs: count,
  used: count.meta({ description: 'Admitted in the trailing window, this request included when it was admitted' }),
  resetMs: count,
  admitted: z.boolean().meta({ description: 'False for the limit that refused' }),
  coarser: z.boolean().meta({ description: 'The table had no room, and a coarser partition was counted' }),
})

export const accessEventSchema: z.ZodType<AccessEvent> = z
  .object({
    kind: z.enum(['opened', 'request', 'amended']).meta({
      description: 'opened: an answer has begun; request: the one terminal record; amended: learnt after it',
    }),
    opening: z.string().nullable().meta({ description: 'Shared by an opened record and its terminal one' }),
    id: z
      .string()
      .meta({ description: 'What the caller got as x-request-id', example: '5f2c0a1be7d84c90a3b1f6d2e4c58790' }),
    traceId: z.string(),
    receivedAtMs: timeMs,
    durationUs: count,
    upstreamFirstByteUs: count.nullable(),
    peer: z.string().meta({ description: 'Address of the other end of the connection', example: '198.51.100.70' }),
    peerPort: count,
    clientIp: z.string().meta({ description: 'The peer, or what a trusted hop said', example: '198.51.100.70' }),
    trustedHop: z.string().nullable(),
    userAgent: z.string().nullable(),
    scheme: z.string(),
    tls: z
      .object({
        version: z.string().meta({ example: 'TLSv1.3' }),
        cipher: z.string().meta({ example: 'TLS_AES_256_GCM_SHA384' }),
        clientCert: z.string().nullable().meta({ description: 'SHA-256 of the certificate that the client presented' }),
      })
      .nullable()
      .meta({ description: 'Null without TLS' }),
    protocol: z.string().meta({ example: 'HTTP/1.1' }),
    method: z.string().meta({ example: 'GET' }),
    host: z.string(),
    path: z.string().meta({ example: '/v1/orders' }),
    query: z.string().meta({ description: 'With the values of secret-looking parameters masked' }),
    requestBytes: count,
    responseBytes: count,
    api: z.string().nullable().meta({ example: 'orders' }),
    route: z.string().nullable().meta({ example: 'GET /v1/orders' }),
    mode: z.enum(['observe', 'enforce']).nullable(),
    durability: z.enum(['durable', 'buffered']).nullable(),
    revision: count.meta({ description: 'Revision of the rules that decided' }),
    consumerId: z.string().nullable(),
    consumer: z.string().nullable().meta({ example: 'acme' }),
    credentialId: z.string().nullable(),
    identifiedBy: z.string().nullable().meta({ example: 'api-key' }),
    scopesNeeded: z.array(z.string()),
    scopesHeld: z.array(z.string()),
    role: z.string().nullable().meta({ description: 'The role that permitted it, and which of its patterns did' }),
    limits: z.array(limitReading),
    outcome: z.enum(['served', 'refused', 'failed', 'aborted']),
    reason: reasonSchema.nullable(),
    note: z.string().meta({ description: 'What the caller was not told' }),
    wouldRefuse: reasonSchema.nullable().meta({ description: 'In observe mode: what enforcing would have answered' }),
    status: count.meta({ description: 'What the caller got; 0: no answer', example: 200 }),
    upstream: z.string().nullable(),
    upstreamStatus: count.nullable(),
    attempts: count,
    thread: z.int(),
    unknown: z.array(z.string()).meta({ description: 'Facts that a crash or an erasure made unknowable' }),
    facts: factsSchema.nullable().meta({ description: 'What was learnt of the bodies; null where nobody looked' }),
    signatures: z
      .array(z.string())
      .meta({ description: 'Signatures of attacks that were met, and where', example: ['sqli-union@query'] }),
    cut: z
      .object({ bytes: count, sha256: z.string() })
      .nullable()
      .meta({ description: 'Size and SHA-256 of the whole, where something was cut because it was too long' }),
  })
  .openapi('AccessEvent')

const shownEvent = z.object({
  seq: count.meta({ description: 'Position in the ledger', example: 41_022 }),
  recordedAtUs: count.meta({ description: 'When the ledger took it, microseconds since the Unix epoch' }),
  event: accessEventSchema,
})

export const shownEventSchema: z.ZodType<ShownEvent> = shownEvent.openapi('Event')

export const shownRequestSchema: z.ZodType<ShownRequest> = shownEvent
  .extend({ opened: shownEventSchema.nullable(), amended: z.array(shownEventSchema) })
  .openapi('Request', { description: 'The terminal record of a request with those that belong to it' })

export const eventPageSchema: z.ZodType<EventPage> = z
  .object({
    items: z.array(shownEventSchema),
    next: count.nullable().meta({ description: '`before` of the following, older page; null: nothing older is held' }),
  })
  .openapi('EventPage')

export const auditSchema: z.ZodType<{ items: readonly ShownAudit[] }> = z
  .object({
    items: z.array(
      z.object({
        seq: count.meta({ description: 'Position in the audit log' }),
        recordedAtUs: count,
        event: z.object({
          kind: z.custom<AuditKind>().openapi({ type: 'string', example: 'key.created' }),
          atMs: timeMs,
          actor: z.string().meta({ description: 'socket, token, config, gate or desk', example: 'token' }),
          details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
        }),
      }),
    ),
  })
  .openapi('AuditRecords')

export const liveBatchSchema: z.ZodType<LiveBatch> = z
  .object({
    events: z.array(shownEventSchema),
    skipped: count.meta({ description: 'Matching events since the last batch that are not in this one' }),
  })
  .openapi('LiveBatch', { description: 'Data of the live stream’s `batch` events' })

const consumer = z.object({
  id: z.string().meta({ example: '0c7f6f0d9b1e4f0aa52c1f0c6a7d8e9f' }),
  name: z.string().meta({ example: 'acme' }),
  createdAtMs: timeMs,
  state: z.enum(['active', 'disabled']).meta({ description: 'All keys of a disabled consumer are refused' }),
  roles: z
    .array(z.string())
    .readonly()
    .meta({ description: 'Names of roles of the configuration', example: ['reader'] }),
})

export const consumerSchema: z.ZodType<Consumer> = consumer.openapi('Consumer')

export const changedConsumerSchema: z.ZodType<Consumer & { readonly applied: boolean }> = consumer
  .extend({ applied })
  .openapi('ChangedConsumer')

export const changedRolesSchema: z.ZodType<
  Consumer & { readonly applied: boolean; readonly unknown: readonly string[] }
> = consumer
  .extend({
    applied,
    unknown: z.array(z.string()).meta({ description: 'Those of its roles that the configuration does not know' }),
  })
  .openapi('ChangedRoles')

export const credentialSchema: z.ZodType<ShownCredential> = z
  .object({
    kind: z.enum(['api-key', 'certificate']),
    id: z.string().meta({ example: 'A1b2C3d4E5f6' }),
    consumerId: z.string(),
    environment: z.enum(['live', 'test']),
    pepperVersion: count,
    hint: z.string().meta({ description: 'What may be shown of the key', example: 'gthk_live_A1b2C3d4E5f6_…5g' }),
    scopes: z.array(z.string()).meta({ example: ['orders:read'] }),
    createdAtMs: timeMs,
    notBeforeMs: timeMsOrNull,
    expiresAtMs: timeMsOrNull,
    revokedAtMs: timeMsOrNull,
    lastUsedAtMs: timeMsOrNull,
    rotatedFrom: z.string().nullable().meta({ description: 'The key that this one took the place of' }),
    successorId: z.string().nullable().meta({ description: 'The key that took the place of this one' }),
    rotatedAtMs: timeMsOrNull,
  })
  .openapi('Credential', { description: 'An API key without its secret, which is kept nowhere' })

export const createdKeySchema: z.ZodType<{ key: string; credential: ShownCredential; applied: boolean }> = z
  .object({
    key: z
      .string()
      .meta({ description: 'The key, shown this once', example: `gthk_live_A1b2C3d4E5f6_${'x'.repeat(49)}` }),
    credential: credentialSchema,
    applied,
  })
  .openapi('CreatedKey')

export const revokedKeySchema: z.ZodType<{ credential: ShownCredential; applied: boolean }> = z
  .object({ credential: credentialSchema, applied })
  .openapi('RevokedKey')

/** A page of things in the order in which they were made. */
export interface Page<T> {
  readonly items: readonly T[]
  /** `after` of the following page, null at the end. */
  readonly next: string | null
}

const nextId = z.string().nullable().meta({ description: '`after` of the following page; null at the end' })

export const consumersSchema: z.ZodType<Page<Consumer>> = z
  .object({ items: z.array(consumerSchema), next: nextId })
  .openapi('Consumers')

export const credentialsSchema: z.ZodType<Page<ShownCredential>> = z
  .object({ items: z.array(credentialSchema), next: nextId })
  .openapi('Credentials')

const logStatus = z.object({
  size: count.meta({ description: 'Records on disk' }),
  checkpoint: z
    .object({ size: count, atMs: timeMs, ageMs: z.number() })
    .nullable()
    .meta({ description: 'The newest signed one; null before the first' }),
  scrub: z
    .object({ checkedTo: count, faults: count, lastRoundAtMs: timeMsOrNull })
    .meta({ description: 'The standing re-reading of everything that is signed' }),
})

/** One upstream of an API. */
export const upstreamSchema: z.ZodType<UpstreamStatus> = z
  .object({
    api: z.string(),
    url: z.string(),
    state: z.enum(['ok', 'down', 'ejected', 'open', 'trying']).meta({
      description:
        'The worst that a gateway thread knows. `down`: fails its health check; `ejected`: failed several times in a row; `open`: its circuit breaker is open; `trying`: one request tries whether that may close',
    }),
    why: z.string().meta({ description: 'Empty when it is `ok`' }),
    panic: z.boolean().meta({ description: 'No upstream of the API is left, so it is used although it is not `ok`' }),
    inflight: count.meta({ description: 'Requests on their way to it' }),
    requests: count.meta({ description: 'Attempts since the gateway threads started' }),
    failures: count,
    ejections: count,
  })
  .openapi('Upstream')

const gateStatusSchema: z.ZodType<GateStatus> = z
  .object({
    node: z.string(),
    boot: z.string(),
    revision: count,
    startedAtMs: timeMs,
    draining: z.boolean(),
    threads: z.array(
      z.object({ thread: z.int(), connections: count, inflight: count, ringBytesUsed: count, ringBytes: count }),
    ),
    threadsReplaced: count,
    ledger: z.object({
      state: z.enum(['ok', 'stalled', 'failed']),
      size: count.meta({ description: 'Records on disk' }),
      beatAgeMs: z.number(),
      commits: count,
      bytes: count,
      late: count,
      keeper: z.object({ state: z.enum(['ok', 'failed']), why: z.string().nullable() }),
      logs: z.object({ access: logStatus, audit: logStatus }),
      disk: z.object({ state: z.enum(['ok', 'warn', 'shed', 'full']), freeBytes: count, totalBytes: count }),
    }),
    limits: z.object({ keys: count, capacity: count, full: count }),
    upstreams: z.array(upstreamSchema),
  })
  .openapi('GateStatus')

export const statusSchema: z.ZodType<{ revision: number; gate: GateStatus | null }> = z
  .object({
    revision: count.meta({ description: 'Revision of the desk; that of the gate is in `gate`' }),
    gate: gateStatusSchema.nullable().meta({ description: 'As of the last second; null: no gate is connected' }),
  })
  .openapi('Status')

export const reloadedSchema: z.ZodType<{ revision: number; changed: boolean; applied: boolean; warnings: string }> = z
  .object({
    revision: count,
    changed: z.boolean().meta({ description: 'Whether the rules differ from those before' }),
    applied,
    warnings: z.string().meta({ description: 'What the configuration was warned about, as text; often empty' }),
  })
  .openapi('Reloaded')

const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]] // keys of the table

export const problemSchema: z.ZodType<Problem> = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.enum(problemCodes).meta({ description: 'Stable; the texts may change' }),
    detail: z.string(),
    errors: z.array(z.object({ at: z.string(), detail: z.string() })).optional(),
    reasons: z.array(z.string()).optional(),
  })
  .openapi('Problem', {
    description: 'RFC 9457',
    example: {
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      detail: 'There is no consumer "acme"',
    },
  })

// What enters: parsed strictly, so that a misspelt member is an error and not a silent default.

const consumerName = z.string().regex(consumerNamePattern, "takes 1 to 64 of a-z, 0-9, '.', '_' and '-'")

const roleNames = z
  .array(z.string().regex(roleNamePattern, "takes a letter, then up to 63 of a-z, 0-9 and '-'"))
  .max(rolesMax)

export const newConsumerSchema: z.ZodType<{ name: string; roles?: string[] | undefined }> = z
  .strictObject({
    name: consumerName.meta({ example: 'acme' }),
    roles: roleNames.optional().meta({ description: 'Roles of the configuration; none when left out' }),
  })
  .openapi('NewConsumer')

export const consumerRolesSchema: z.ZodType<{ roles: string[] }> = z
  .strictObject({ roles: roleNames })
  .openapi('ConsumerRoles', { description: 'All roles that the consumer is to have' })

export const consumerChangeSchema: z.ZodType<{ state: 'active' | 'disabled' }> = z
  .strictObject({ state: z.enum(['active', 'disabled']) })
  .openapi('ConsumerChange')

export interface NewKey {
  consumer: string
  scopes: string[]
  environment: 'live' | 'test'
  expiresInMs?: number | undefined
  createConsumer?: boolean | undefined
  roles?: string[] | undefined
}

export const newKeySchema: z.ZodType<NewKey> = z
  .strictObject({
    consumer: consumerName.meta({ description: 'Name of the consumer whose key it becomes', example: 'acme' }),
    scopes: z
      .array(
        z
          .string()
          .regex(scopePattern, `takes 1 to ${scopeCharsMax} printable characters without space, quote and backslash`),
      )
      .max(scopesMax)
      .default([])
      .meta({ description: 'Scope-tokens of RFC 6749', example: ['orders:read'] }),
    environment: z.enum(['live', 'test']).default('live'),
    expiresInMs: z
      .int()
      .positive()
      .max(expiresInMsMax)
      .optional()
      .meta({ description: 'Without it the key does not expire' }),
    createConsumer: z.boolean().optional().meta({ description: 'Make the consumer where there is none of that name' }),
    roles: roleNames
      .optional()
      .meta({ description: 'Of the consumer that is made; one that is there already must have them' }),
  })
  .openapi('NewKey')
