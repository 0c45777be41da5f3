import { joinAccessEvent, joinAuditEvent, type LedgerRecord } from '../../../core/mod.ts'
import { readRecord } from '../envelope.ts'
import type { LedgerLog } from '../logs.ts'
import type { RecordOpener } from './record-opener.ts'

/**
 * A stored record as followers get it: one JSON object of both its parts. Without an opener, or when its key is gone, what is
 * public. Null for bytes that are no record; throws `ledger_corrupt` for a record that was changed.
 */
export function readableRecord(log: LedgerLog, bytes: Buffer, opener: RecordOpener | null): LedgerRecord | null {
  const record = readRecord(bytes)
  if (record === null) return null
  const sealedPart = record.isSealed && opener !== null ? opener.open(log, bytes).sealedPart : null
  const join = log === 'access' ? joinAccessEvent : joinAuditEvent
  return { seq: record.seq, recordedAtUs: record.us, bytes: join(record.publicPart, sealedPart) }
}
