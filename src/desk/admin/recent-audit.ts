import { type AuditEvent, decodeAuditEvent, type LedgerRecord } from '../../core/mod.ts'

/** An audit event with its place in the audit log. */
export interface ShownAudit {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AuditEvent
}

/** The newest records of the audit log, in memory. Each start of the desk reads them again. */
export interface RecentAudit {
  /** To be called at each connection with the number of records in the log; answers the first that is not here. */
  begin(logSize: number): Promise<number>
  follow(batch: readonly LedgerRecord[]): Promise<void>
  /** Below `before`, newest first. */
  list(limit: number, before?: number): readonly ShownAudit[]
}

export interface RecentAuditOptions {
  /** @default 10,000 */
  readonly eventsMax?: number
}

export function openRecentAudit({ eventsMax = 10_000 }: RecentAuditOptions = {}): RecentAudit {
  let held: ShownAudit[] = []
  let next = 0
  return {
    begin: async (logSize) => {
      // A log that is shorter than what was read of it is another one.
      if (held.length === 0 || next > logSize) {
        held = []
        next = Math.max(0, logSize - eventsMax)
      }
      return next
    },
    follow: async (batch) => {
      for (const { seq, recordedAtUs, bytes } of batch) {
        if (seq < next) continue
        held.push({ seq, recordedAtUs, event: decodeAuditEvent(bytes) })
        next = seq + 1
      }
      if (held.length > 2 * eventsMax) held = held.slice(-eventsMax)
    },
    list: (limit, before = Number.POSITIVE_INFINITY) => {
      const end = held.findLastIndex(({ seq }) => seq < before) + 1
      return held.slice(Math.max(0, end - limit), end).toReversed()
    },
  }
}
