import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { GatehouseError, hasCode } from '../../core/mod.ts'
import {
  batchBytesMax,
  batchHeaderBytes,
  type BatchHeader,
  batchMagic,
  decodeBatchHeader,
  decodeWalHeader,
  walHeaderBytes,
  type WalHeader,
} from './wal-format.ts'

/** One file of a log, by its name. */
export interface WalName {
  readonly path: string
  readonly firstSeq: number
}

/** The files of a log in order; none when the folder is not there yet. */
export function listWal(walDir: string): WalName[] {
  let names: string[]
  try {
    names = readdirSync(walDir)
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return []
    throw new GatehouseError('ledger_unreadable', `Cannot read the ledger folder ${walDir}`, { cause })
  }
  const files = names.filter((name) => /^\d{20}\.wal$/.test(name)).sort()
  return files.map((name) => ({ path: join(walDir, name), firstSeq: Number(name.slice(0, 20)) }))
}

/** What stands at an offset of a file. */
export type Found =
  | { readonly kind: 'batch'; readonly header: BatchHeader; readonly whole: Buffer; readonly payload: Buffer }
  /** Zeros where a batch header would begin, or the end of the file. */
  | { readonly kind: 'blank' }
  | { readonly kind: 'bad'; readonly why: string; readonly header: BatchHeader | null }

/** Read at once by whoever reads a whole file. */
export const scanBytes: number = 1024 * 1024

/** Memory for windows, one after the other: fresh memory of this size costs more than what is read into it. */
export class WindowMemory {
  #bytes: Buffer = Buffer.alloc(0)

  atLeast(bytes: number): Buffer {
    if (this.#bytes.length < bytes) this.#bytes = Buffer.allocUnsafeSlow(bytes)
    return this.#bytes
  }
}

/** Reads one file through a window that moves forward, and grows while it does. */
export class WalFile implements Disposable {
  readonly path: string
  readonly #fd: number
  #windowBytes: number
  readonly #memory: WindowMemory | null
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  /** With a `memory` what is read stands there, until anything else is read into it; without one it stays. */
  constructor(path: string, windowBytes: number = scanBytes, memory: WindowMemory | null = null) {
    this.path = path
    this.#windowBytes = windowBytes
    this.#memory = memory
    try {
      this.#fd = openSync(path, constants.O_RDONLY)
    } catch (cause) {
      throw new GatehouseError('ledger_unreadable', `Cannot open the ledger file ${path}`, { cause })
    }
  }

  get bytes(): number {
    return fstatSync(this.#fd).size
  }

  /** Null when the file does not begin with a sound header. */
  header(): WalHeader | null {
    return decodeWalHeader(this.view(0, walHeaderBytes))
  }

  /** Bytes from an offset, fewer at the end of the file; a view that is valid until the next call. */
  view(offset: number, length: number): Buffer {
    const start = offset - this.#windowAt
    if (start >= 0 && start + length <= this.#window.length) return this.#window.subarray(start, start + length)
    const bytes = Math.max(length, this.#windowBytes)
    this.#windowBytes = Math.max(this.#windowBytes, Math.min(2 * this.#windowBytes, scanBytes))
    const window = this.#memory?.atLeast(bytes) ?? Buffer.allocUnsafe(bytes)
    let filled = 0
    for (;;) {
      const read = readSync(this.#fd, window, filled, bytes - filled, offset + filled)
      filled += read
      if (read === 0 || filled === bytes) break
    }
    this.#window = window.subarray(0, filled)
    this.#windowAt = offset
    return this.#window.subarray(0, Math.min(length, filled))
  }

  /** The header of the batch at an offset, its payload unread. */
  headerAt(offset: number): BatchHeader | null {
    return decodeBatchHeader(this.view(offset, batchHeaderBytes))
  }

  /** The whole batch at an offset, checked against its checksums. */
  batchAt(offset: number): Found {
    const head = this.view(offset, batchHeaderBytes)
    if (isZero(head)) return { kind: 'blank' }
    const header = decodeBatchHeader(head)
    if (header === null) return { kind: 'bad', why: 'no sound batch header', header }
    if (header.payloadBytes > batchBytesMax - batchHeaderBytes)
      return { kind: 'bad', why: 'a batch longer than any', header }
    const whole = this.view(offset, batchHeaderBytes + header.payloadBytes)
    const payload = whole.subarray(batchHeaderBytes)
    if (payload.length < header.payloadBytes)
      return { kind: 'bad', why: 'a batch cut off by the end of the file', header }
    if (crc32(payload) !== header.payloadCrc)
      return { kind: 'bad', why: 'a batch that does not match its checksum', header }
    return { kind: 'batch', header, whole, payload }
  }

  /** Forgets what was read, so that the next look sees what another process has written since. */
  refresh(): void {
    this.#window = Buffer.alloc(0)
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/**
 * What follows the last sound batch: nothing (`clean`), a write that was cut off and so never acknowledged (`torn`, up to
 * `end`), or damage to something that was (`corrupt`): a later batch, or bytes where no single write can have put them.
 */
export type Tail =
  | { readonly kind: 'clean' }
  | { readonly kind: 'torn'; readonly end: number }
  | { readonly kind: 'corrupt'; readonly why: string }

/** Judges everything from an offset on, at which no sound batch begins. */
export function judgeTail(file: WalFile, offset: number): Tail {
  const found = file.batchAt(offset)
  const header = found.kind === 'bad' ? found.header : null
  const end = endOfBytes(file, offset)
  if (end === offset) return { kind: 'clean' }
  const later = laterBatchAt(file, offset + 1)
  if (later !== null) return { kind: 'corrupt', why: `a batch follows at ${later}` }
  const endMax = offset + (header === null ? batchBytesMax : batchHeaderBytes + header.payloadBytes)
  return end > endMax ? { kind: 'corrupt', why: 'more bytes follow than one write had' } : { kind: 'torn', end }
}

/** End of the last byte that is not zero, or `offset`. */
function endOfBytes(file: WalFile, offset: number): number {
  let end = offset
  for (let at = offset; ; at += blockBytes) {
    const view = file.view(at, blockBytes)
    if (view.length === 0) return end
    if (isZero(view)) continue
    end = at + view.length
    for (let i = view.length - 1; view[i] === 0; i--) end--
  }
}

/** A sound header is proof enough: records are text without zero bytes and ciphertext, so no caller can put one there. */
function laterBatchAt(file: WalFile, offset: number): number | null {
  for (let at = offset; ; at += scanBytes) {
    const view = file.view(at, scanBytes + batchHeaderBytes)
    for (let i = view.indexOf(batchMagic); i !== -1 && i < scanBytes; i = view.indexOf(batchMagic, i + 1)) {
      if (decodeBatchHeader(view.subarray(i, i + batchHeaderBytes)) !== null) return at + i
    }
    if (view.length <= scanBytes) return null
  }
}

const blockBytes = 64 * 1024
const zeroBlock = Buffer.alloc(blockBytes)

function isZero(bytes: Buffer): boolean {
  return bytes.length <= zeroBlock.length && bytes.equals(zeroBlock.subarray(0, bytes.length))
}

/** The error that names the place of a damage. */
export function corruptAt(path: string, offset: number, why: string): GatehouseError {
  return new GatehouseError('ledger_corrupt', `Cannot trust the ledger file ${path} at offset ${offset}: ${why}`)
}
