import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, GatehouseError } from '../../../core/mod.ts'
import { sha256 } from '../../../crypto/mod.ts'
import {
  appendLeaf,
  type CompactRange,
  formatCheckpoint,
  formatNote,
  growTiles,
  hashBytes,
  noteMessage,
  noteSignature,
  rangeRoot,
  type TileEdge,
  tileWidth,
  type VerifierKey,
} from '../../../tlog/mod.ts'
import type { CheckpointLog } from '../checkpoint-log.ts'
import { syncDir, walDirOf, writeSmallFile } from '../files.ts'
import { nextLink, noLink } from '../leaf-chain.ts'
import type { LeafHead, LeafStart } from '../leaf-head.ts'
import type { LedgerLog } from '../logs.ts'
import { bundledSize } from '../tree-check.ts'
import { bundleEdge, loadEdge, rangeOfBundles } from '../tree-edge.ts'
import { fullTilePath, logDirOf, TreeWriter } from '../tree-files.ts'
import { WalEntries } from '../wal-entries.ts'
import { walNameOf } from '../wal-format.ts'
import { listWal } from '../wal-reader.ts'
import { rootOfTile, tileOfBundle } from './hash-entries.ts'
import { Tail } from './tail.ts'

export interface LogKeeperOptions {
  readonly dir: string
  readonly log: LedgerLog
  readonly key: VerifierKey
  readonly sign: (message: Uint8Array) => Uint8Array
  /** The newest that the ledger thread published. */
  readonly head: () => LeafHead
  readonly checkpoints: CheckpointLog
  readonly clock: Clock
  /** Least time between two checkpoints. */
  readonly everyMs: number
}

/** The newest signed state, as it is told to others. */
export interface CheckpointTold {
  readonly size: number
  /** Base64. */
  readonly root: string
  readonly atMs: number
}

/** Bundles written in one turn at most, so that a long way to catch up leaves room for other work. */
const bundlesMax = 64
/** An unchanged checkpoint is put in its place anew after this, so that its age shows that somebody still looks after it. */
const renewMs = 600_000
/** Files of the write-ahead log that are kept even when everything in them is sealed. */
const walKeptMin = 2

/**
 * Builds the published form of one log from what is on disk, and signs it: bundle, tiles, checkpoint. What the ledger thread
 * hashed in memory and what is read back here must lead to the same tree; if not, nothing is signed any more.
 *
 * Architecture invariant: a checkpoint is signed only over bytes that were read from disk, after every file of its tiles is
 * durable; it is durable in `checkpoints.log` before it is shown; a write-ahead file goes only when a recorded checkpoint
 * covers all of it from bundles. Throws `ledger_corrupt` when something is not as it was written: that is for good. Any other
 * error leaves everything as it was, to be tried again, unless `mayTryAgain` says otherwise.
 */
export class LogKeeper implements Disposable {
  readonly #options: LogKeeperOptions
  readonly #logDir: string
  readonly #wal: WalEntries
  readonly #writer: TreeWriter
  /** The tree over all full bundles, of which each is a leaf. */
  #edge: TileEdge
  /** Entries behind them that were read. */
  readonly #tail = new Tail()
  /** What is being worked towards; null between two. */
  #target: LeafHead | null = null
  /** The chain over the leaves that were read back, from where the ledger thread began; null until that was reached. */
  #chain: { readonly from: number; readonly link: Buffer } | null = null
  #signedMs = Number.NEGATIVE_INFINITY
  #shownMs = Number.NEGATIVE_INFINITY
  #told: CheckpointTold | null
  #isSyncing = false

  constructor(options: LogKeeperOptions) {
    const { dir, log, checkpoints } = options
    this.#options = options
    this.#logDir = logDirOf(dir, log)
    this.#wal = new WalEntries(walDirOf(dir, log))
    this.#writer = new TreeWriter(this.#logDir)
    const { last } = checkpoints
    // What lies beyond the last checkpoint is written again: nobody signed for it, and it may not have reached the disk.
    this.#edge = this.#loadEdge(last?.size ?? 0)
    this.#told = last === null ? null : { size: last.size, root: base64(last.root), atMs: this.#shownAtMs() }
    if (last !== null && !this.#shows(last.note)) this.#show(last.note)
    this.#shownMs = options.clock.monotonicMs()
  }

  get checkpoint(): CheckpointTold | null {
    return this.#told
  }

  /** False when the last error came while something was made durable: only a new start can tell what is on disk. */
  get mayTryAgain(): boolean {
    return !this.#isSyncing
  }

  /**
   * One turn: writes bundles and tiles, signs when it is time (or at once, for an `isLast` turn). True when there is more to
   * do at once.
   */
  async turn({ isLast }: { readonly isLast: boolean } = { isLast: false }): Promise<boolean> {
    this.#target ??= this.#options.head()
    this.#checkFile(this.#target)
    const { size, start } = this.#target
    const signedSize = this.#told?.size ?? 0
    if (size > signedSize) {
      if (!(await this.#begin(start)) || !(await this.#build(size))) return true
      const range = this.#rangeOf(size)
      this.#compare(this.#target)
      const isDue = this.#options.clock.monotonicMs() - this.#signedMs >= this.#options.everyMs
      if (isLast || isDue) this.#sign(size, rangeRoot(sha256, range))
    } else this.#renew()
    this.#target = null
    return isLast && this.#options.head().size > size
  }

  /** Whether the file that the ledger writes still is the one at its path. */
  #checkFile({ file }: LeafHead): void {
    if (file === null) return
    const path = join(walDirOf(this.#options.dir, this.#options.log), walNameOf(file.firstSeq))
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.ino === file.inode) return
    // Rotation may have come between, and the sealed file may be gone rightly.
    if (this.#options.head().file?.firstSeq !== file.firstSeq) return
    throw this.#corrupt(`${path} is no longer the file that the ledger writes`)
  }

  /** How many records lie in bundles. */
  get #bundled(): number {
    return this.#edge.size * tileWidth
  }

  /** Holds what was there when the ledger thread began against what recovery found; false when there is more to do first. */
  async #begin({ size, peaks }: LeafStart): Promise<boolean> {
    if (this.#chain !== null) return true
    if (!(await this.#build(size))) return false
    if (!isSame(this.#rangeOf(size), peaks)) throw this.#other(size)
    this.#chain = { from: size, link: noLink }
    return true
  }

  /** Holds the leaves that were read back against those that the ledger thread hashed when it wrote them. */
  #compare({ size, link, leaves }: LeafHead): void {
    const ours = this.#tail.hashed.slice(Math.max(0, (this.#chain?.from ?? 0) - this.#bundled), size - this.#bundled)
    if (this.#chain?.link.equals(link) !== true || ours.join('') !== leaves.toString('latin1')) throw this.#other(size)
  }

  #other(size: number): GatehouseError {
    return this.#corrupt(`the ${size} records on disk are not those that the ledger wrote`)
  }

  /** Brings everything up to this size; false when there is more to do. */
  async #build(size: number): Promise<boolean> {
    for (let bundles = 0; bundles < bundlesMax && this.#bundled + tileWidth <= size; bundles++) {
      this.#read(size, tileWidth)
      this.#writeBundle()
    }
    this.#isSyncing = true
    await this.#writer.sync()
    this.#isSyncing = false
    if (this.#bundled + tileWidth <= size) return false
    this.#read(size, size - this.#bundled)
    return true
  }

  /** Sees to it that the tail holds at least so many entries. */
  #read(size: number, count: number): void {
    if (this.#tail.entries >= count) return
    const seq = this.#bundled + this.#tail.entries
    this.#wal.readBatches({ seq, size }, ({ firstSeq, records, payload }) => {
      const skip = this.#bundled + this.#tail.entries - firstSeq
      this.#tail.append(payload, { skip, entries: records })
      return this.#tail.entries < count
    })
    if (this.#tail.entries < count)
      throw this.#corrupt(`record ${this.#bundled + this.#tail.entries} of ${size} is not there`)
  }

  /** Writes a bundle, reads it back, and writes the tiles over what was read. */
  #writeBundle(): void {
    const index = this.#edge.size
    const bundle = this.#tail.bundle()
    const tile = bundle === null ? null : tileOfBundle(this.#write(fullTilePath('entries', index), bundle))
    if (bundle === null || tile === null) throw this.#corrupt(`the records of bundle ${index} are not whole`)
    const isOther = (leaf: string, at: number): boolean =>
      leaf !== tile.toString('latin1', at * hashBytes, (at + 1) * hashBytes)
    if (this.#tail.hashed.some(isOther))
      throw this.#corrupt(`a record of bundle ${index} is not what it was when it was signed`)
    this.#write(fullTilePath(0, index), tile)
    const { edge, full } = growTiles(sha256, this.#edge, [rootOfTile(tile)])
    for (const { address, bytes } of full) this.#write(fullTilePath(Number(address.level) + 1, address.index), bytes)
    this.#edge = edge
    this.#tail.dropBundle(bundle)
    if (this.#chain === null) return
    const { from, link } = this.#chain
    const known = Math.max(0, from - index * tileWidth) * hashBytes
    this.#chain = { from, link: nextLink(link, tile.subarray(known)) }
  }

  #write(path: string, bytes: Buffer | Uint8Array): Buffer {
    const stored = this.#writer.write(path, bytes)
    if (Buffer.compare(stored, bytes) !== 0) throw this.#corrupt(`${path} does not hold what was written to it`)
    return stored
  }

  /** The tree over the first `size` records, of which the tail holds the end. */
  #rangeOf(size: number): CompactRange {
    const leaves = this.#tail.leaves(size - this.#bundled)
    if (leaves === null) throw this.#corrupt(`the records before ${size} are not whole`)
    let range = rangeOfBundles(this.#edge)
    for (const leaf of leaves) range = appendLeaf(sha256, range, Buffer.from(leaf, 'latin1'))
    return range
  }

  #sign(size: number, root: Uint8Array): void {
    const { key, sign, checkpoints, clock } = this.#options
    const text = formatCheckpoint({ origin: key.name, size, root, extensions: [] })
    const note = Buffer.from(formatNote(text, [noteSignature(key, sign(noteMessage(text)))]))
    this.#isSyncing = true
    checkpoints.append({ size, root, note })
    this.#isSyncing = false
    this.#show(note)
    this.#told = { size, root: base64(root), atMs: Math.round(clock.wallMs()) }
    this.#signedMs = clock.monotonicMs()
    this.#dropSealedWal(bundledSize(size))
  }

  #renew(): void {
    const { checkpoints, clock } = this.#options
    if (checkpoints.last !== null && clock.monotonicMs() - this.#shownMs >= renewMs) this.#show(checkpoints.last.note)
  }

  #show(note: Buffer): void {
    writeSmallFile(join(this.#logDir, 'checkpoint'), note)
    this.#shownMs = this.#options.clock.monotonicMs()
  }

  #shows(note: Buffer): boolean {
    const path = join(this.#logDir, 'checkpoint')
    return existsSync(path) && readFileSync(path).equals(note)
  }

  #shownAtMs(): number {
    const found = statSync(join(this.#logDir, 'checkpoint'), { throwIfNoEntry: false })
    return Math.round(found?.mtimeMs ?? this.#options.clock.wallMs())
  }

  /** Removes the files of which every record lies in a bundle below `sealedTo`. */
  #dropSealedWal(sealedTo: number): void {
    const walDir = walDirOf(this.#options.dir, this.#options.log)
    const files = listWal(walDir)
    const sealed = files.slice(0, -walKeptMin).filter((_, at) => (files[at + 1]?.firstSeq ?? Infinity) <= sealedTo)
    for (const { path } of sealed) rmSync(path)
    if (sealed.length > 0) syncDir(walDir)
  }

  #loadEdge(size: number): TileEdge {
    const edge = loadEdge(this.#logDir, bundledSize(size), () => {})
    if (edge === null) throw this.#corrupt(`tiles of the first ${size} records are missing`)
    return bundleEdge(edge)
  }

  /** What was not made durable is written anew by the next start. */
  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]()
  }

  #corrupt(why: string): GatehouseError {
    return new GatehouseError('ledger_corrupt', `Cannot trust the log in ${this.#logDir}: ${why}`)
  }
}

function isSame(range: CompactRange, peaks: readonly Uint8Array[]): boolean {
  return (
    range.nodes.length === peaks.length &&
    range.nodes.every(({ hash }, at) => Buffer.compare(hash, peaks[at] ?? new Uint8Array(0)) === 0)
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
