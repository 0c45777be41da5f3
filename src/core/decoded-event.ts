import { decodeAccessEvent } from './access-event-decode.ts'
import type { AccessEvent } from './access-event.ts'
import type { LedgerRecord } from './follower.ts'

const decoded = new WeakMap<LedgerRecord, AccessEvent>()

/** The event of a record of the access log; decoded once, however many followers look at the same record. */
export function accessEventOf(record: LedgerRecord): AccessEvent {
  const known = decoded.get(record)
  if (known !== undefined) return known
  const event = decodeAccessEvent(record.bytes)
  decoded.set(record, event)
  return event
}
