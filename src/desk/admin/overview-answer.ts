import { z } from '@hono/zod-openapi'
import type { AppOptions } from './app-options.ts'
import type { BusyConsumer, Overview } from './overview.ts'
import type { OverviewChange } from './overview-changes.ts'
import type { LimitFill } from './overview-limits.ts'
import { shownIncident, type ShownIncident, shownIncidentSchema } from './schemas-incidents.ts'

/** The access log as a transparency log. */
export interface LedgerGlance {
  /** Name of the log; null before it is known. */
  readonly log: string | null
  /** Records on disk. */
  readonly size: number
  /** Records that the newest signed checkpoint covers; null before the first. */
  readonly checkpointSize: number | null
  readonly checkpointAgeMs: number | null
  /** Whether it covers all of them. */
  readonly sealed: boolean
}

/** What waits for a person. */
export interface IncidentsGlance {
  readonly open: number
  /** How long the oldest of the open ones has been waiting; null when there is none. */
  readonly oldestUnacknowledgedMs: number | null
  readonly newest: ShownIncident | null
}

export interface OverviewAnswer extends Overview {
  readonly ledger: LedgerGlance
  /** Null where nothing is detected. */
  readonly incidents: IncidentsGlance | null
}

/** Asks for the name of the log until it is known. */
export function createLedgerGlance({
  gate,
  ledger,
  events,
}: Pick<AppOptions, 'gate' | 'ledger' | 'events'>): () => LedgerGlance {
  let log: string | null = null
  let asking = false
  const ask = async (): Promise<void> => {
    asking = true
    try {
      const origin = await ledger.ledgerFile('access', 'origin')
      if (origin !== null) log = Buffer.from(origin).toString('utf8').trim()
    } catch {
      // No gate answers for now; the next glance asks again.
    } finally {
      asking = false
    }
  }
  return () => {
    if (log === null && !asking) void ask()
    const status = gate.status()?.ledger.logs.access ?? null
    const size = Math.max(status?.size ?? 0, events.next)
    const checkpointSize = status?.checkpoint?.size ?? null
    // The status is up to a second old: records since then are not without a signature for that alone.
    const sealed = checkpointSize !== null && checkpointSize >= (status?.size ?? size)
    return { log, size, checkpointSize, checkpointAgeMs: status?.checkpoint?.ageMs ?? null, sealed }
  }
}

export function incidentsGlance({ incidents }: Pick<AppOptions, 'incidents'>, nowMs: number): IncidentsGlance | null {
  if (incidents === undefined) return null
  const { open, oldestOpenMs, newest } = incidents.summary()
  return {
    open,
    oldestUnacknowledgedMs: oldestOpenMs === null ? null : Math.max(0, nowMs - oldestOpenMs),
    newest: newest === null ? null : shownIncident(newest),
  }
}

// Held against the types above by the compiler; answers themselves are not parsed.

const timeMs = z.int().meta({ description: 'Milliseconds since the Unix epoch', example: 1_795_212_179_243 })
const count = z.int().nonnegative()
const counts = z.array(count)
const us = z.int().nullable().meta({ description: 'Microseconds; null where nothing was measured' })
const tallies = <T extends z.ZodType>(
  of: T,
): z.ZodRawShape &
  Record<'served2xx3xx' | 'served4xx' | 'served5xx' | 'failed', T> & {
    refused: z.ZodObject<Record<'unauthenticated' | 'denied' | 'limited' | 'malformed' | 'other', T>>
  } => ({
  served2xx3xx: of,
  served4xx: of,
  served5xx: of,
  refused: z.object({ unauthenticated: of, denied: of, limited: of, malformed: of, other: of }),
  failed: of,
})

const seriesSchema: z.ZodType<Overview['series']> = z.object({
  atMs: z.array(timeMs),
  ...tallies(counts),
  p50Us: z.array(us),
  p95Us: z.array(us),
  gatewayP95Us: z.array(us),
})

const totalsSchema: z.ZodType<Overview['totals']> = z.object({
  requests: count.meta({ description: 'Those whose client went away too' }),
  ...tallies(count),
  p50Us: us,
  p95Us: us,
  gatewayP95Us: us.meta({ description: 'Without the wait for the upstream’s first byte' }),
  usual: z
    .object({ requestsPerSecond: z.number(), refusedPerSecond: z.number() })
    .nullable()
    .meta({ description: 'Of the hour before; null while there are less than ten minutes of it' }),
})

const consumerSchema: z.ZodType<BusyConsumer> = z.object({
  name: z.string(),
  perSecond: z.number(),
  refusedShare: z.number(),
  limitFill: z.number().nullable().meta({ description: 'Of its fullest limit, 1 for full' }),
})

const changeSchema: z.ZodType<OverviewChange> = z.object({
  kind: z.enum(['network', 'route', 'consumer', 'userAgent', 'reason']),
  value: z.string().meta({ example: '203.0.113.0/28' }),
  text: z.string().meta({ example: '94 % of refused, 3 % before' }),
  share: z.number().nullable().meta({ description: 'Of all that was refused; null for what is only new' }),
  tone: z.enum(['bad', 'warn', 'anomaly']),
  query: z
    .string()
    .meta({ description: 'The records behind it, for /v1/query', example: 'outcome:refused ip:203.0.113.0/28' }),
})

const limitSchema: z.ZodType<LimitFill> = z.object({
  name: z.string(),
  per: z.string(),
  key: z.string(),
  used: count,
  limit: count,
  windowMs: count,
  fill: z.number(),
})

const ledgerSchema: z.ZodType<LedgerGlance> = z.object({
  log: z.string().nullable(),
  size: count,
  checkpointSize: count.nullable(),
  checkpointAgeMs: count.nullable(),
  sealed: z.boolean().meta({ description: 'Whether the newest signed checkpoint covers every record' }),
})

const incidentsSchema: z.ZodType<IncidentsGlance> = z.object({
  open: count,
  oldestUnacknowledgedMs: count.nullable().meta({ description: 'How long the oldest open one has been waiting' }),
  newest: shownIncidentSchema.nullable(),
})

/** What `GET /v1/overview` answers. */
export const overviewSchema: z.ZodType<OverviewAnswer> = z
  .object({
    nowMs: timeMs,
    everyMs: count,
    series: seriesSchema,
    totals: totalsSchema,
    consumers: z.array(consumerSchema),
    changes: z.array(changeSchema),
    limits: z.array(limitSchema),
    ledger: ledgerSchema,
    incidents: incidentsSchema.nullable(),
  })
  .openapi('Overview')
