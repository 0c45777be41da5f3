import { BundleEntries } from './bundle-entries.ts'
import { walDirOf } from './files.ts'
import type { LedgerLog } from './logs.ts'
import { logDirOf } from './tree-files.ts'
import { type EntryBounds, WalEntries, type Want } from './wal-entries.ts'
import type { Entry } from './wal-format.ts'

/** All entries of one log, wherever they are: the newer ones in its write-ahead files, the older ones in bundles. */
export class LogEntries {
  readonly #wal: WalEntries
  readonly #bundles: BundleEntries
  readonly #committed: (() => number) | null

  /** `committed`: how many records are durable, for a reader beside the writer; null to find it out from the files. */
  constructor(dir: string, log: LedgerLog, committed: (() => number) | null) {
    this.#wal = new WalEntries(walDirOf(dir, log))
    this.#bundles = new BundleEntries(logDirOf(dir, log))
    this.#committed = committed
  }

  size(): number {
    return this.#committed?.() ?? this.#wal.end()
  }

  /** Consecutive entries from `seq` on; empty at the end. Throws `ledger_corrupt` with the place of any damage. */
  read(seq: number, bounds: EntryBounds): readonly Entry[] {
    const size = this.#committed?.() ?? Number.POSITIVE_INFINITY
    if (seq < 0 || seq >= size) return []
    const want: Want = { seq, size, bounds, found: [], bytes: 0 }
    this.#wal.read(want)
    if (want.found.length === 0) this.#bundles.read(want)
    return want.found
  }
}
