import { accessEventOf, decodeAuditEvent, type LedgerLog, type LedgerRecord } from '../../core/mod.ts'
import { accessToOcsf } from './ocsf-access.ts'
import { auditToOcsf } from './ocsf-audit.ts'
import type { OcsfEvent, Product } from './ocsf-parts.ts'
import type { ExportItem } from './sink.ts'

/** What a sink may be limited to. */
export type ExportOnly = 'served' | 'refused' | 'failed' | 'aborted' | 'audit'

/** Makes items of records. */
export interface ItemMaker {
  /** Null for a record that the sink is not to have. Throws for bytes that are no record. */
  itemOf(log: LedgerLog, record: LedgerRecord): ExportItem | null
  /** Whether the sink may have anything of this log. */
  wants(log: LedgerLog): boolean
}

/**
 * Of a request its terminal record goes out, and each amendment under the same uid. That an answer has begun (`opened`) does
 * not: its terminal record always follows.
 * @param only Empty for everything.
 */
export function openItemMaker(product: Product, only: readonly ExportOnly[]): ItemMaker {
  const wanted = new Set<ExportOnly>(only)
  const wants = (what: ExportOnly): boolean => wanted.size === 0 || wanted.has(what)
  return {
    wants: (log) => (log === 'audit' ? wants('audit') : only.length === 0 || only.some((what) => what !== 'audit')),
    itemOf: (log, record) => {
      const { seq, recordedAtUs } = record
      if (log === 'audit') {
        if (!wants('audit')) return null
        const event = decodeAuditEvent(record.bytes)
        return itemFrom(log, seq, auditToOcsf({ seq, recordedAtUs, event }, product))
      }
      const event = accessEventOf(record)
      if (event.kind === 'opened' || !wants(event.outcome)) return null
      return itemFrom(log, seq, accessToOcsf({ seq, recordedAtUs, event }, product))
    },
  }
}

/** The item of an event of ours, which has what every OCSF event has. */
export function itemFrom(log: LedgerLog, seq: number, event: OcsfEvent): ExportItem {
  const { uid } = event['metadata'] as { readonly uid: string } // as ocsf-parts.ts makes it
  return {
    log,
    seq,
    uid,
    timeMs: Number(event['time']),
    severityId: Number(event['severity_id']),
    json: asciiJson(event),
  }
}

/** JSON in which everything beyond ASCII is escaped: the same to every receiver, whatever it takes for an encoding. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** An event that says of itself that it is a test; no record of the ledger. */
export function testItem(sink: string, atMs: number, product: Product): ExportItem {
  const event = auditToOcsf(
    { seq: 0, recordedAtUs: atMs * 1000, event: { kind: 'drill.started', atMs, actor: 'desk', details: { sink } } },
    product,
  )
  const uid = `test/${atMs}`
  const labelled = {
    ...event,
    message: `Test event of Gatehouse for the sink ${sink}: nothing happened`,
    metadata: { ...(event['metadata'] as OcsfEvent), uid, event_code: 'test', labels: ['test'] },
  }
  return itemFrom('audit', 0, labelled)
}
