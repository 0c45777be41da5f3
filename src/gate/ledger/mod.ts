/**
 * The spine: every record on its way from the thread that learnt it to the disk, and back out to its readers.
 *
 * Architecture invariants: a record is acknowledged only after the write that holds it returned; one thread writes, and it
 * does nothing else; any failed write ends the gate, and recovery decides what is true; records are opaque here.
 * @module
 */
export type { DiskRoom } from './disk-watch.ts'
export type { KeeperPace } from './keeper/keeper-messages.ts'
export type { Ledger, LedgerOptions, LedgerReport } from './ledger.ts'
export { openLedger } from './open-ledger.ts'
export { openLedgerFiles, type LedgerFiles } from './ledger-files.ts'
export { openLedgerReader, type LedgerReader, type ReadBounds } from './ledger-reader.ts'
export type { LedgerLog } from './logs.ts'
export type { Durable, InflightFacts, RecordLog, Reservation } from './record-log.ts'
export { openRecordLog, type RecordLogOptions } from './record-log-thread.ts'
export type { RecoveryNotice } from './recovery.ts'
export type { RouteNames } from './dead-thread.ts'
export type { LedgerSlot } from './slot.ts'
