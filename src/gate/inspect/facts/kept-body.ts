import { lookedBytesMax } from './decode-body.ts'

/** How much of bodies that are passing a thread keeps, over all of them. */
const keptBytesMax = 16 * 1024 * 1024

/** Memory that all bodies of a thread share. */
export interface Kept {
  bytes: number
}

/** The beginning of a body that passes in pieces, copied: at most `lookedBytesMax`. */
export class KeptBody {
  readonly #kept: Kept
  #bytes: Uint8Array = none
  #length = 0
  /** There was more than is here. */
  isCut = false

  constructor(kept: Kept) {
    this.#kept = kept
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  push(chunk: Uint8Array): void {
    const room = lookedBytesMax - this.#length
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.isCut ||= taken.length < chunk.length
    if (taken.length === 0 || !this.#grow(this.#length + taken.length)) return
    this.#bytes.set(taken, this.#length)
    this.#length += taken.length
  }

  #grow(bytes: number): boolean {
    if (bytes <= this.#bytes.length) return true
    const size = Math.min(lookedBytesMax, Math.max(bytes, this.#bytes.length * 2))
    if (this.#kept.bytes + size - this.#bytes.length > keptBytesMax) {
      this.isCut = true
      return false
    }
    this.#kept.bytes += size - this.#bytes.length
    const larger = new Uint8Array(size)
    larger.set(this.bytes)
    this.#bytes = larger
    return true
  }

  /** Gives its memory back. */
  release(): void {
    this.#kept.bytes -= this.#bytes.length
    this.#bytes = none
    this.#length = 0
  }
}

const none = new Uint8Array(0)
