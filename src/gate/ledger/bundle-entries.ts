import { join } from 'node:path'
import { sha256 } from '../../crypto/mod.ts'
import { leafHash, readBundle, tileWidth } from '../../tlog/mod.ts'
import { fullTilePath, readLogFile } from './tree-files.ts'
import { take, type Want } from './wal-entries.ts'
import type { Entry } from './wal-format.ts'
import { corruptAt } from './wal-reader.ts'

/** Reads entries from the full bundles of one log, each bundle checked against the tile above it. */
export class BundleEntries {
  readonly #logDir: string
  /** The bundle that was read last: a reader mostly goes on where it was. */
  #last: { readonly index: number; readonly entries: readonly Entry[] } | null = null

  constructor(logDir: string) {
    this.#logDir = logDir
  }

  /** Finds what it can from `want.seq` on, bundle by bundle. Throws `ledger_corrupt` with the place of any damage. */
  read(want: Want): void {
    for (let index = Math.floor(want.seq / tileWidth); ; index++) {
      const entries = this.bundle(index)
      if (entries === null) return
      for (const entry of entries) {
        if (entry.seq >= want.size) return
        if (entry.seq >= want.seq && !take(entry, want)) return
      }
    }
  }

  /** The entries of one full bundle, null when there is none. */
  bundle(index: number): readonly Entry[] | null {
    if (this.#last?.index === index) return this.#last.entries
    const path = fullTilePath('entries', index)
    const bytes = readLogFile(this.#logDir, path)
    if (bytes === null) return null
    const file = join(this.#logDir, path)
    const { entries, offsets, damage } = readBundle(bytes, tileWidth)
    if (damage !== null) throw corruptAt(file, damage.offset, damage.detail)
    this.#check(index, entries, (at, why) => corruptAt(file, offsets[at] ?? 0, why))
    const read = entries.map((entry, at) => ({
      seq: index * tileWidth + at,
      bytes: Buffer.from(entry.buffer, entry.byteOffset, entry.length),
    }))
    this.#last = { index, entries: read }
    return read
  }

  #check(index: number, entries: readonly Uint8Array[], corrupt: (at: number, why: string) => Error): void {
    const tile = readLogFile(this.#logDir, fullTilePath(0, index))
    if (tile === null) throw corrupt(0, 'the tile of its hashes is missing')
    for (const [at, entry] of entries.entries()) {
      const leaf = leafHash(sha256, entry)
      if (tile.compare(leaf, 0, leaf.length, at * leaf.length, (at + 1) * leaf.length) !== 0)
        throw corrupt(at, `record ${index * tileWidth + at} is not the one that the tree was built over`)
    }
  }
}
