/** Stands where the ledger's `mod.ts` stands when `audit-off.ts` was preloaded: every record has room, is on disk at once, and is gone. */
import { appendFileSync } from 'node:fs'
import type { RecordLog, Reservation } from '../../src/gate/ledger/mod.ts'

export * from '../../src/gate/ledger/mod.ts'

const yes = Promise.resolve(true)
const durable = Promise.resolve('durable' as const)

const reservation: Reservation = {
  opened: () => yes,
  finish: () => {},
  durable: () => durable,
  released: () => {},
  close: () => {},
}
const reserved = Promise.resolve(reservation)

const log: RecordLog = {
  reserve: () => reservation,
  reserveSoon: () => reserved,
  append: () => {},
  forgetKeys: () => 0,
  failed: false,
}

/** Takes whatever the real one takes. */
export function openRecordLog(): RecordLog {
  return log
}

appendFileSync(process.env['GATEHOUSE_BENCH_MARK'] ?? '', 'no-record-log\n')
