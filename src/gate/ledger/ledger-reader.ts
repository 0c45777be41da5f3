import type { LedgerRecord } from '../../core/mod.ts'
import { LogEntries } from './log-entries.ts'
import { type LedgerLog, ledgerLogs } from './logs.ts'
import { openerBeside } from './seal/ledger-keys.ts'
import { readableRecord } from './seal/read-record.ts'
import type { RecordOpener } from './seal/record-opener.ts'
import type { EntryBounds } from './wal-entries.ts'
import type { Entry } from './wal-format.ts'
import { corruptAt } from './wal-reader.ts'

/** How much one `read` returns at most; at least one record, if there is one, however long. */
export interface ReadBounds extends EntryBounds {
  /** @default 'access' */
  readonly log?: LedgerLog
}

/**
 * Reads committed records in order, each checked against its batch's checksum, or, in a bundle, against the tree. Safe beside
 * a running writer: it never returns a record that is not durable. Reading on from where the last read ended costs no search.
 */
export interface LedgerReader extends Disposable {
  /** Consecutive records from `seq` on; empty at the end. Throws `ledger_corrupt` with the place of any damage. */
  read(seq: number, bounds: ReadBounds): LedgerRecord[]
  /** Records of the access log. */
  readonly size: number
  sizeOf(log: LedgerLog): number
}

/**
 * A reader of the files alone, for tests and the command line; the ledger may be in use by another process. Without the keys
 * beside the ledger it gives what is public of each record.
 */
export function openLedgerReader(dir: string): LedgerReader {
  return new DirReader(dir, { sizeOf: null, opener: openerBeside(dir) })
}

/** A reader that returns nothing beyond what the writer says is durable. */
export function openBoundedReader(
  dir: string,
  { sizeOf, opener }: { readonly sizeOf: (log: LedgerLog) => number; readonly opener: RecordOpener },
): LedgerReader {
  return new DirReader(dir, { sizeOf, opener })
}

interface ReaderOptions {
  readonly sizeOf: ((log: LedgerLog) => number) | null
  readonly opener: RecordOpener | null
}

class DirReader implements LedgerReader {
  readonly #dir: string
  readonly #opener: RecordOpener | null
  readonly #logs: ReadonlyMap<LedgerLog, LogEntries>

  constructor(dir: string, { sizeOf, opener }: ReaderOptions) {
    this.#dir = dir
    this.#opener = opener
    this.#logs = new Map(
      ledgerLogs.map((log) => [log, new LogEntries(dir, log, sizeOf === null ? null : () => sizeOf(log))]),
    )
  }

  read(seq: number, bounds: ReadBounds): LedgerRecord[] {
    const log = bounds.log ?? 'access'
    return this.#of(log)
      .read(seq, bounds)
      .map((entry) => this.#record(entry, log))
  }

  get size(): number {
    return this.sizeOf('access')
  }

  sizeOf(log: LedgerLog): number {
    return this.#of(log).size()
  }

  /** Files are open only during a call: nothing is left to close, and nothing of the kind can leak. */
  [Symbol.dispose](): void {}

  #of(log: LedgerLog): LogEntries {
    const entries = this.#logs.get(log)
    if (entries === undefined) throw new Error(`there is no log ${log}`)
    return entries
  }

  #record({ seq, bytes }: Entry, log: LedgerLog): LedgerRecord {
    const record = readableRecord(log, bytes, this.#opener)
    if (record === null) throw corruptAt(`${this.#dir} (${log})`, 0, `record ${seq} is none`)
    return record
  }
}
