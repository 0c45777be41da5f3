import { closeSync, constants, openSync } from 'node:fs'
import { writeWhole } from './files.ts'
import { rowBytesMax, rowFileHeaderBytes } from './seal/key-rows.ts'

/** Rows of one commit; more wait for the next. */
const pendingBytesMax = 256 * 1024

/**
 * Appends rows to the key store's newest file, with O_DSYNC: durable when `write` returns. Any error is final, as it is for
 * records.
 */
export class KeyRowWriter implements Disposable {
  readonly #fd: number
  readonly #pending = Buffer.alloc(pendingBytesMax)
  #pendingBytes = 0
  #offset = rowFileHeaderBytes

  /** The file has its header and nothing else. */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_DSYNC)
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Takes a row; false when there is no room before the next `write`. */
  add(source: Buffer, start: number, bytes: number): boolean {
    if (bytes <= 0 || bytes > rowBytesMax) throw new Error('a ring is damaged')
    if (this.#pendingBytes + bytes > pendingBytesMax) return false
    source.copy(this.#pending, this.#pendingBytes, start, start + bytes)
    this.#pendingBytes += bytes
    return true
  }

  write(): void {
    writeWhole(this.#fd, this.#pending.subarray(0, this.#pendingBytes), this.#offset)
    this.#offset += this.#pendingBytes
    this.#pendingBytes = 0
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}
