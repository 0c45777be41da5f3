import type { AccessEvent, AuditEvent, Credential, LedgerLog } from '../../core/mod.ts'
import type { Profile } from './profile.ts'
import type { CheckResult, CheckRow, Severity } from './results.ts'
import type { Tally } from './tally.ts'

/** A question that every run puts to the records of its period, also when nothing is likely to be found. */
export interface Check {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly about: string
  readonly severity: Severity
  readonly source: CheckResult['source']
  /** @default '' */
  readonly query?: string
  begin(context: CheckContext): CheckRun
}

/** What a check may know besides the records. */
export interface CheckContext {
  /** Of the period before; null where the ledger has nothing of it. */
  readonly before: Profile | null
  /** As they stand when the run is made. */
  readonly credentials: readonly Credential[]
  readonly consumerNames: ReadonlyMap<string, string>
  readonly nowMs: number
}

/** A check at work. It is shown the audit log first, then the access log, both in order; only terminal records of requests. */
export interface CheckRun {
  access?(event: AccessEvent, seq: number, recordedAtMs: number): void
  audit?(event: AuditEvent, seq: number): void
  end(): Found
}

export type Found = Pick<CheckResult, 'hits' | 'found' | 'rows'>

/** Rows of one check in a report. */
export const rowsMax = 20

/** A check that counts by a key: the key names the thing, `say` tells it. */
export function counting(
  tally: Tally,
  log: LedgerLog,
  say: (key: string, count: number) => string = (key) => key,
): () => Found {
  return () => {
    const ranked = tally.ranked()
    return {
      hits: tally.total,
      found: ranked.length,
      rows: ranked.slice(0, rowsMax).map(({ key, count, places }) => ({
        key,
        text: say(key, count),
        count,
        places: places.map((seq) => ({ log, seq })),
      })),
    }
  }
}

/** Rows that a check has put together itself, ranked by it. */
export function listing(rows: readonly CheckRow[]): Found {
  return { hits: rows.reduce((sum, { count }) => sum + count, 0), found: rows.length, rows: rows.slice(0, rowsMax) }
}

/** What it found, under its name. */
export function resultOf(
  { id, version, title, about, severity, source, query = '' }: Check,
  found: Found,
): CheckResult {
  return { id, version, title, about, severity, source, query, ...found }
}

/** Who called, as far as the record knows. */
export function callerOf({ consumer, credentialId }: AccessEvent): string {
  return consumer ?? (credentialId === null ? 'nobody' : `key ${credentialId}`)
}

/** Which route, with its API; the bare path says too much of single things and is not used. */
export function routeOf({ api, route }: AccessEvent): string {
  return route === null ? 'no route' : `${api ?? ''} ${route}`.trim()
}

/** Parts of a key, side by side. */
export function joined(...parts: readonly string[]): string {
  return parts.join(' · ')
}
