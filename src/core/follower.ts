/** The logs of a ledger: every request, and every act on Gatehouse itself. */
export type LedgerLog = 'access' | 'audit'

/** In the order of their ids. */
export const ledgerLogs: readonly LedgerLog[] = ['access', 'audit']

/** One record as it stands in the ledger. */
export interface LedgerRecord {
  /** Position in the ledger, from 0, without gaps. */
  readonly seq: number
  /** Wall time in µs since the epoch when the ledger took it; never less than that of the record before. */
  readonly recordedAtUs: number
  /** UTF-8 JSON of an `AccessEvent`, or, in the audit log, of an `AuditEvent`. */
  readonly bytes: Uint8Array
}

/**
 * Reads the ledger in order, at least once, from a cursor of its own.
 * `follow` resolves when the batch is safely the follower's own; only then does its cursor move.
 * A batch is never empty, and its records are consecutive.
 */
export interface Follower {
  readonly name: string
  /** The first sequence number that it has not yet got. */
  cursor(): Promise<number>
  follow(batch: readonly LedgerRecord[]): Promise<void>
}
