import type { LedgerLog, LedgerRecord } from '../../core/mod.ts'

/** The gate's ledger as a review reads it. All throw `unreachable` when no gate answers in time. */
export interface ReviewLedger {
  /** A file of the published log: `checkpoint`, `vkey`, `tile/…`; null when there is none. */
  ledgerFile(log: LedgerLog, path: string): Promise<Uint8Array | null>
  /** A c2sp.org/tlog-proof; null while no checkpoint covers the record. */
  proof(log: LedgerLog, seq: number): Promise<string | null>
  /** Consecutive records from `from` on; none where there are none. */
  records(log: LedgerLog, from: number, recordsMax: number): Promise<readonly LedgerRecord[]>
}
