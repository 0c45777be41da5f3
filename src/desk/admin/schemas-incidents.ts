import { z } from '@hono/zod-openapi'
import { type Finding, severities, type Severity } from '../../core/mod.ts'
import {
  type Incident,
  type IncidentFinding,
  type IncidentState,
  incidentStates,
  type IncidentSummary,
  type TargetStatus,
  type TimelineEntry,
} from '../alert/mod.ts'

// What the document says of answers is held against the rooms' types by the compiler; answers themselves are not parsed again.

const timeMs = z.int().meta({ description: 'Milliseconds since the Unix epoch', example: 1_795_212_179_243 })
const count = z.int().nonnegative()
const severity = z.enum(severities as [Severity, ...Severity[]]).meta({ example: 'high' })

/** States, as a query takes them. */
export const stateSchema: z.ZodType<IncidentState> = z
  .enum(incidentStates as [IncidentState, ...IncidentState[]])
  .meta({ description: 'snoozed wakes by itself; resolved is over' })

const actorSchema = z
  .object({
    kind: z.enum(['network', 'consumer', 'credential', 'api', 'review']),
    value: z.string().meta({ description: 'As it would be blocked or revoked', example: '203.0.113.0/28' }),
    group: z.string().meta({ description: 'Whom it belongs to: findings of one group are one incident' }),
  })
  .openapi('FindingActor')

const findingMembers = {
  id: z.string(),
  fingerprint: z.string(),
  rule: z.object({ id: z.string().meta({ example: 'failed-sign-ins' }), version: z.int() }),
  title: z.string(),
  severity,
  actor: actorSchema,
  api: z.string().nullable(),
  route: z.string().nullable().meta({ description: 'null: several' }),
  firstSeenMs: timeMs,
  lastSeenMs: timeMs,
  count,
  baseline: z.object({
    expected: z.number().meta({ description: 'The usual number in a window, or the bound that was reached' }),
    observed: count,
    windowMs: count,
    p: z.number().nullable().meta({ description: 'Probability of so many, if all were as usual; null: a fixed bound' }),
  }),
  evidence: z.array(z.object({ seq: count, requestId: z.string() })).meta({ description: 'At most 20 records' }),
  tags: z.array(z.string()).meta({ example: ['owasp:API2:2023', 'mitre:T1110'] }),
  action: z.string().meta({ description: 'What a person could do' }),
  note: z.string(),
} satisfies Record<keyof Finding, z.ZodType>

const findingSchema: z.ZodType<IncidentFinding> = z
  .object({
    ...findingMembers,
    repeats: count.meta({ description: 'How often it began anew' }),
    counts: z.record(z.string(), count),
  })
  .openapi('Finding')

const lineSchema: z.ZodType<TimelineEntry> = z
  .object({
    atMs: timeMs,
    kind: z.enum([
      'first_seen',
      'rule_fired',
      'severity_raised',
      'widened',
      'notified',
      'notification_failed',
      'acknowledged',
      'snoozed',
      'woke_up',
      'note',
      'network_blocked',
      'network_released',
      'resolved',
      'reopened',
    ]),
    by: z.string().meta({ description: 'desk for what happened by itself' }),
    text: z.string(),
  })
  .openapi('TimelineEntry')

/** An incident without its story. */
export type ShownIncident = Omit<Incident, 'findings' | 'timeline' | 'number'> & { readonly rules: readonly string[] }

const incidentMembers = {
  id: z.string().meta({ example: 'INC-1' }),
  state: stateSchema,
  severity,
  title: z.string().meta({ example: 'Credential stuffing or password guessing' }),
  actor: actorSchema,
  api: z.string().nullable(),
  route: z.string().nullable(),
  action: z.string(),
  openedAtMs: timeMs,
  firstSeenMs: timeMs,
  lastSeenMs: timeMs,
  count: count.meta({ description: 'Records that it is about' }),
  acknowledgedBy: z.string().nullable(),
  snoozedUntilMs: timeMs.nullable(),
  resolvedAtMs: timeMs.nullable(),
  resolvedBy: z.string().nullable(),
  told: z
    .object({ atMs: timeMs, severity, type: z.string() })
    .nullable()
    .meta({ description: 'What people were told last; null when they were not' }),
}

/** An incident in a list. */
export const shownIncidentSchema: z.ZodType<ShownIncident> = z
  .object({ ...incidentMembers, rules: z.array(z.string()) })
  .openapi('IncidentInList')

/** A whole incident. */
export const incidentSchema: z.ZodType<Incident> = z
  .object({
    ...incidentMembers,
    number: count,
    findings: z.array(findingSchema),
    timeline: z.array(lineSchema),
  })
  .openapi('Incident')

/** A page of them, and how many wait for somebody. */
export interface IncidentPage {
  readonly items: readonly ShownIncident[]
  /** `before` of the next page; null when there is none. */
  readonly next: number | null
  readonly summary: { readonly open: number; readonly acknowledged: number; readonly snoozed: number }
}

export const incidentPageSchema: z.ZodType<IncidentPage> = z
  .object({
    items: z.array(shownIncidentSchema),
    next: count.nullable().meta({ description: '`before` of the next page' }),
    summary: z.object({ open: count, acknowledged: count, snoozed: count }),
  })
  .openapi('Incidents')

/** What a list shows of an incident. */
export function shownIncident({
  findings,
  timeline: _timeline,
  number: _number,
  ...incident
}: Incident): ShownIncident {
  return { ...incident, rules: [...new Set(findings.map(({ rule }) => rule.id))] }
}

/** The counts that a list shows. */
export function shownSummary({ open, acknowledged, snoozed }: IncidentSummary): IncidentPage['summary'] {
  return { open, acknowledged, snoozed }
}

export const targetsSchema: z.ZodType<{ readonly items: readonly TargetStatus[] }> = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['webhook', 'email']),
        waiting: count,
        failing: z.string().nullable().meta({ description: 'Why the last try failed' }),
        sent: count,
        failed: count,
        lastSentMs: timeMs.nullable(),
      }),
    ),
  })
  .openapi('AlertTargets')
