import { assertCanonicalObject } from './canonical-json-check.ts'
import { messageOf } from './errors.ts'
import type { FaultList } from './log-faults.ts'
import { parseRecord, type LogRecord } from './record.ts'

/** Where an entry stands. */
export interface EntryPlace {
  readonly index: number
  readonly file: string
  readonly offset: number
}

/** Takes the proven entries of a log in order, and reports those that are no records, or not in their place. */
export interface RecordCheck {
  check(entry: Uint8Array, place: EntryPlace): void
}

/** For logs of other applications, whose entries are just bytes. */
export const opaqueEntries: RecordCheck = { check: () => undefined }

/** Checks form, place (`sequence`) and clock (`committedUs`) of every record; gaps in the log do not hide a clock that goes back. */
export function openRecordCheck(faults: FaultList): RecordCheck {
  let latestUs = 0
  return {
    check(entry, { index, file, offset }) {
      const place = { from: index, to: index + 1, file, offset }
      const record = parse(entry)
      if (typeof record === 'string') {
        faults.add({ kind: 'record', ...place, detail: record })
        return
      }
      if (record.sequence !== index) {
        faults.add({
          kind: 'sequence',
          ...place,
          detail: `The record names itself number ${record.sequence} and is number ${index}`,
        })
      }
      if (record.committedUs < latestUs) {
        faults.add({
          kind: 'time',
          ...place,
          detail: `The record is ${latestUs - record.committedUs} µs older than one before it`,
        })
      }
      latestUs = Math.max(latestUs, record.committedUs)
    },
  }
}

function parse(entry: Uint8Array): LogRecord | string {
  try {
    const record = parseRecord(entry)
    assertCanonicalObject(record.publicPart)
    return record
  } catch (error) {
    return messageOf(error)
  }
}
