import { join } from 'node:path'
import { sha256 } from '../../crypto/mod.ts'
import {
  appendLeaf,
  type CompactRange,
  emptyRange,
  hashBytes,
  leafHash,
  rangeRoot,
  type TileEdge,
  tileWidth,
} from '../../tlog/mod.ts'
import { loadEdge, rangeOfEdge } from './tree-edge.ts'
import { fullTilePath, readLogFile } from './tree-files.ts'
import type { Entry } from './wal-format.ts'

/** Something wrong in a file of a log. */
export interface LogFault {
  readonly path: string
  readonly offset: number
  readonly why: string
}

/** The largest size below this one whose records all lie in full bundles. */
export function bundledSize(size: number): number {
  return size - (size % tileWidth)
}

/**
 * Holds the entries of the write-ahead files, as recovery reads them in order, against what was signed: those that lie in full
 * bundles against the tiles, and all of them against the signed root. Grows the tree over those that were not signed yet.
 */
export class TreeCheck {
  readonly #logDir: string
  readonly #signed: { readonly size: number; readonly root: Uint8Array }
  readonly #onFault: (fault: LogFault) => void
  readonly #edge: TileEdge | null
  /** The tree over all entries so far; null before the first that is not in a full bundle, and where the tiles do not tell. */
  #range: CompactRange | null
  #tile: { readonly index: number; readonly bytes: Buffer | null } | null = null
  /** Files of which a fault was told. */
  readonly #told = new Set<string>()

  constructor(
    logDir: string,
    signed: { readonly size: number; readonly root: Uint8Array } | null,
    onFault: (fault: LogFault) => void,
  ) {
    this.#logDir = logDir
    this.#signed = signed ?? { size: 0, root: sha256(new Uint8Array(0)) }
    this.#onFault = onFault
    this.#edge = loadEdge(logDir, bundledSize(this.#signed.size), (path, why) => this.#fault(path, why))
    this.#range = this.#edge === null ? null : rangeOfEdge(this.#edge)
    this.#checkRoot()
  }

  /** Entries come in order. Those before the first may lie in bundles alone, those after the last are not there. */
  pass(entry: Entry, at: { readonly path: string; readonly offset: number }): void {
    const leaf = leafHash(sha256, entry.bytes)
    if (entry.seq < bundledSize(this.#signed.size)) {
      const { bytes } = this.#tileOf(entry.seq)
      const from = (entry.seq % tileWidth) * leaf.length
      if (bytes !== null && bytes.compare(leaf, 0, leaf.length, from, from + leaf.length) !== 0)
        this.#onFault({ ...at, why: `record ${entry.seq} is not the one that the tree was built over` })
      return
    }
    if (this.#range === null) return
    if (entry.seq !== this.#range.end) {
      this.#onFault({ ...at, why: `record ${this.#range.end} is missing, the first one here is ${entry.seq}` })
      this.#range = null
      return
    }
    this.#range = appendLeaf(sha256, this.#range, leaf)
    this.#checkRoot()
  }

  /** To be called after the last entry; the tree over all entries, empty where there were faults. */
  end(nextSeq: number, lastPath: string): CompactRange {
    const { size } = this.#signed
    if (nextSeq < size)
      this.#onFault({
        path: lastPath,
        offset: 0,
        why: `it ends before record ${nextSeq}, but a checkpoint of ${size} records was signed`,
      })
    return this.#range ?? emptyRange()
  }

  #tileOf(seq: number): { readonly bytes: Buffer | null } {
    const index = Math.floor(seq / tileWidth)
    if (this.#tile?.index !== index) {
      const path = fullTilePath(0, index)
      const bytes = readLogFile(this.#logDir, path)
      const isWhole = bytes?.length === tileWidth * hashBytes
      if (!isWhole) this.#fault(path, 'the tile is missing or cut')
      this.#tile = { index, bytes: isWhole ? bytes : null }
    }
    return this.#tile
  }

  #checkRoot(): void {
    const { size, root } = this.#signed
    if (this.#range?.end !== size || Buffer.compare(rangeRoot(sha256, this.#range), root) === 0) return
    this.#fault('checkpoints.log', `the first ${size} records do not have the root that was signed`)
  }

  #fault(path: string, why: string): void {
    if (this.#told.has(path)) return
    this.#told.add(path)
    this.#onFault({ path: join(this.#logDir, path), offset: 0, why })
  }
}
