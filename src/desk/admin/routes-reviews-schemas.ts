import { z } from '@hono/zod-openapi'
import {
  type DecisionWish,
  dispositions,
  type PlanView,
  type Replay,
  type RunSummary,
  type RunView,
  type RunWish,
  type SignWish,
} from '../review/mod.ts'

// What the document says of reviews; held against the room's types by the compiler, answers are not parsed again.

const timeMs = z.int().meta({ description: 'Milliseconds since the Unix epoch' })
const count = z.int().nonnegative()
const digest = z.string().meta({ description: 'SHA-256, hex' })

const plan = z.object({
  name: z.string().meta({ example: 'daily' }),
  cron: z.string().meta({ example: '30 7 * * *' }),
  timeZone: z.string().meta({ example: 'Europe/Berlin' }),
  period: z.enum(['day', 'week', 'month']),
  sample: count,
  dueMs: count,
  signers: z.array(z.string()).readonly(),
})

const period = z.object({ label: z.string().meta({ example: '2026-11-24' }), fromMs: timeMs, toMs: timeMs })

const signOff = z.object({
  name: z.string(),
  actor: z.string(),
  atMs: timeMs,
  note: z.string(),
  statement: z.string(),
  limitations: z.array(z.string()).readonly(),
  manifestDigest: digest,
})

const summary = {
  id: z.string().meta({ example: 'daily-2026-11-24' }),
  plan: z.string(),
  planDigest: digest,
  period,
  scheduledAtMs: timeMs,
  openedAtMs: timeMs,
  openedBy: z.string(),
  dueAtMs: timeMs,
  lateReason: z.string().meta({ description: 'Empty for one that came in time' }),
  state: z.enum(['collecting', 'ready', 'in_review', 'signed', 'missed']),
  waiting: z.string().meta({ description: 'What collecting waits for, or why it was missed' }),
  overdueAtMs: timeMs.nullable(),
  overdue: z.boolean(),
  resultsDigest: digest,
  signOff: signOff.nullable(),
}
const counts = { total: count, open: count }

export const runSummarySchema: z.ZodType<RunSummary> = z
  .object({ ...summary, items: z.object(counts) })
  .openapi('Review')

export const reviewsSchema: z.ZodType<{ plans: readonly PlanView[]; items: readonly RunSummary[] }> = z
  .object({
    plans: z.array(plan.extend({ nextAtMs: timeMs.nullable().meta({ description: 'When it runs next' }) })),
    items: z.array(runSummarySchema).meta({ description: 'The newest first' }),
  })
  .openapi('Reviews')

const place = z.object({ log: z.enum(['access', 'audit']), seq: count })
const places = z.array(place).readonly()
const severity = z.enum(['high', 'low'])

const decision = z.object({
  disposition: z.enum(dispositions),
  note: z.string(),
  untilMs: timeMs.nullable(),
  by: z.string(),
  atMs: timeMs,
})

const item = z.object({
  id: z.string(),
  kind: z.enum(['check', 'difference', 'sample']),
  severity: severity.meta({ description: 'high: takes a note whatever is decided' }),
  title: z.string(),
  text: z.string(),
  fingerprint: z.string().meta({ description: 'Items with the same one may be decided together' }),
  places,
  actor: z.string(),
  decision: decision.nullable(),
})

const pin = z.object({
  log: z.enum(['access', 'audit']),
  from: count,
  to: count.meta({ description: 'The first record that is not meant' }),
  root: digest.meta({ description: 'Root (RFC 6962) of the tree of the first `to` records' }),
  checkpoint: z.string(),
  checkpointSize: count,
  checkpointRoot: digest,
  vkey: z.string(),
  fault: z.string().meta({ description: 'Why the checkpoint cannot be believed; empty when it can' }),
})

const check = z.object({
  id: z.string().meta({ example: 'success_after_failures' }),
  version: count,
  title: z.string(),
  about: z.string(),
  severity,
  source: z.enum(['access', 'audit', 'both', 'desk']),
  query: z.string().meta({ description: 'Shows its records in the query language; empty where that cannot say it' }),
  hits: count,
  found: count.meta({ description: 'Different things; `rows` are the most frequent' }),
  rows: z
    .array(z.object({ key: z.string(), text: z.string(), count, places, actor: z.string().optional() }))
    .readonly(),
})

const span = z.object({ from: count, to: count, spanMs: count, requests: count })

const results = z.object({
  format: z.literal('gatehouse-review/1'),
  run: z.string(),
  plan,
  planDigest: digest,
  period,
  collectedAtMs: timeMs,
  pins: z.object({ access: pin, audit: pin }),
  trust: z.object({
    facts: z
      .array(z.object({ id: z.string(), title: z.string(), state: z.enum(['ok', 'limited']), text: z.string() }))
      .readonly(),
    limitations: z.array(z.string()).readonly(),
  }),
  checks: z.array(check).readonly(),
  differences: z.object({
    against: z.string().meta({ description: 'Label of the period before; empty when the log has nothing of it' }),
    before: span,
    now: span,
    entries: z
      .array(
        z.object({
          dimension: z.enum(['consumer', 'credential', 'route', 'network', 'userAgent', 'reason', 'volume', 'errors']),
          change: z.enum(['new', 'vanished', 'more', 'less']),
          key: z.string(),
          text: z.string(),
          before: count,
          now: count,
          score: count,
          places,
        }),
      )
      .readonly(),
    beyond: count,
  }),
  sample: z.object({
    seed: digest,
    strata: z
      .array(
        z.object({
          name: z.enum(['privileged', 'refused', 'errors', 'ordinary']),
          size: count,
          drawn: count,
          seenPerMille: count,
        }),
      )
      .readonly(),
    records: z
      .array(
        z.object({
          stratum: z.enum(['privileged', 'refused', 'errors', 'ordinary']),
          index: count,
          seq: count,
          requestId: z.string(),
          atMs: timeMs,
          method: z.string(),
          path: z.string(),
          route: z.string(),
          status: count,
          outcome: z.string(),
          reason: z.string(),
          consumer: z.string(),
          credentialId: z.string(),
          clientIp: z.string(),
          userAgent: z.string(),
          durationUs: count,
        }),
      )
      .readonly(),
  }),
  items: z.array(item.omit({ decision: true })).readonly(),
  digests: z.object({ checks: digest, differences: digest, sample: digest }),
  proofs: z
    .record(z.string(), z.string())
    .meta({ description: 'c2sp.org/tlog-proof of each sampled record, by its place' }),
})

export const runViewSchema: z.ZodType<RunView> = z
  .object({
    ...summary,
    items: z.object({ ...counts, list: z.array(item).readonly() }),
    results: results.nullable().meta({ description: 'Null while it is collected' }),
  })
  .openapi('ReviewWithResults')

export const replaySchema: z.ZodType<Replay> = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('running') }),
    z.object({ state: z.literal('failed'), why: z.string() }),
    z.object({
      state: z.literal('done'),
      matches: z.boolean(),
      differences: z.array(z.string()).readonly(),
      digests: z.object({ reviewed: results.shape.digests, now: results.shape.digests }),
      atMs: timeMs,
    }),
  ])
  .openapi('ReviewReplay')

// What enters, parsed strictly.

export const runWishSchema: z.ZodType<RunWish> = z
  .strictObject({
    plan: z.string().max(64).default('daily').meta({ example: 'daily' }),
    period: z.string().max(80).optional().meta({
      description:
        'previous (default), today, a day that has ended, a length such as 24h, or two moments with a slash between them',
      example: '2026-11-24',
    }),
  })
  .openapi('NewReview')

export const decisionSchema: z.ZodType<DecisionWish> = z
  .strictObject({
    disposition: z.enum(dispositions),
    note: z.string().max(2_000).optional().meta({ description: 'Needed for all but a benign item of low severity' }),
    untilMs: timeMs.optional().meta({ description: 'Needed for accept-risk, and only for it' }),
    alike: z.boolean().optional().meta({ description: 'Also decide the open items that look exactly alike' }),
  })
  .openapi('ReviewDecision')

export const signSchema: z.ZodType<SignWish> = z
  .strictObject({ name: z.string().min(1).max(120), note: z.string().max(2_000).optional() })
  .openapi('ReviewSignature')
