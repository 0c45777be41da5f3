import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { syncDir, writeWhole } from './files.ts'
import { encodeWalHeader, walHeaderBytes, walNameOf, walRecordsMax } from './wal-format.ts'

/** Where the next batch of a log goes: what recovery found, or the beginning. */
export interface WalPosition {
  /** First record of the newest file, null when there is no file yet. */
  readonly fileSeq: number | null
  readonly offset: number
  readonly nextSeq: number
  /** Digest of the last batch. */
  readonly prev: Uint8Array
  /** Time of the last record. */
  readonly lastUs: number
  /** Roots of the perfect subtrees over all records. */
  readonly peaks: readonly Uint8Array[]
}

export interface WalWriterOptions {
  readonly walDir: string
  readonly position: WalPosition
  readonly boot: Uint8Array
  readonly wallMs: () => number
  /** Called around every write: proof of life. */
  readonly beat: () => void
}

/** A file grows by this many zeros at a time, so that a batch overwrites blocks that are there: no file system journal in its way. */
const growBytes = 1024 * 1024
const zeros = Buffer.alloc(growBytes)

/**
 * Appends batches to the newest file of one log, with O_DSYNC: durable when `write` returns. Any error is final, since
 * nobody can say afterwards what is on disk: the ledger is poisoned, and recovery decides.
 */
export class WalWriter implements Disposable {
  readonly #options: WalWriterOptions
  #fd: number | null = null
  #fileSeq: number
  #offset: number
  #fileBytes = 0
  #inode = 0
  #nextSeq: number

  constructor(options: WalWriterOptions) {
    const { position, walDir } = options
    this.#options = options
    this.#fileSeq = position.fileSeq ?? position.nextSeq
    this.#offset = position.offset
    this.#nextSeq = position.nextSeq
    if (position.fileSeq === null) return
    this.#fd = openSync(join(walDir, walNameOf(position.fileSeq)), constants.O_RDWR | constants.O_DSYNC)
    const { size, ino } = fstatSync(this.#fd)
    this.#fileBytes = size
    this.#inode = ino
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  /** The file that is written now, and which one it is, whatever stands at its path; null before the first. */
  get file(): { readonly firstSeq: number; readonly inode: number } | null {
    return this.#fd === null ? null : { firstSeq: this.#fileSeq, inode: this.#inode }
  }

  /** Records that the newest file still takes; 0 when it is full or there is none. */
  get recordsLeft(): number {
    return this.#fd === null ? 0 : this.#fileSeq + walRecordsMax - this.#nextSeq
  }

  /** Begins a new file. */
  rotate(): void {
    const { walDir, boot, wallMs } = this.#options
    this[Symbol.dispose]()
    const path = join(walDir, walNameOf(this.#nextSeq))
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC, 0o600)
    this.#fileSeq = this.#nextSeq
    this.#inode = fstatSync(this.#fd).ino
    const header = encodeWalHeader({ firstSeq: this.#nextSeq, createdMs: wallMs(), boot })
    this.#beating(this.#fd, Buffer.concat([header, zeros]), 0)
    syncDir(walDir)
    this.#fileBytes = walHeaderBytes + growBytes
    this.#offset = walHeaderBytes
  }

  /** Writes a sealed batch; durable when this returns. */
  write(batch: Buffer, records: number): void {
    const fd = this.#fd
    if (fd === null) throw new Error('a batch before the first file') // the loop rotates when recordsLeft is 0
    while (this.#offset + batch.length > this.#fileBytes) {
      this.#beating(fd, zeros, this.#fileBytes)
      this.#fileBytes += growBytes
    }
    this.#beating(fd, batch, this.#offset)
    this.#offset += batch.length
    this.#nextSeq += records
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #beating(fd: number, bytes: Uint8Array, position: number): void {
    this.#options.beat()
    writeWhole(fd, bytes, position)
    this.#options.beat()
  }
}
