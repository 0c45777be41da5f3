import { decodeAccessEvent } from './access-event-decode.ts'
import type { AccessEvent } from './access-event.ts'
import type { LedgerRecord } from './follower.ts'

const decoded = Symbol('decoded')

/** It stands on the record itself: weak references to so many short-lived records are dear to collect. */
interface Decoded extends LedgerRecord {
  [decoded]?: AccessEvent
}

/** The event of a record of the access log; decoded once, however many followers look at the same record. */
export function accessEventOf(record: LedgerRecord): AccessEvent {
  const read: Decoded = record
  return (read[decoded] ??= decodeAccessEvent(record.bytes))
}
