import { tileWidth } from '../../../tlog/mod.ts'
import { entryBytesAt, hashEntries } from './hash-entries.ts'

const memoryBytesMin = 1024 * 1024

/**
 * Entries that are in no bundle yet, one behind the other as a bundle has them, so that cutting one off copies nothing. Its
 * memory is kept: it grows to what is read at once, and what remains of that is moved to its beginning.
 */
export class Tail {
  #memory = Buffer.allocUnsafeSlow(memoryBytesMin)
  #start = 0
  #end = 0
  #entries = 0
  /** Hashes of the first entries, as strings of 32 bytes, and where those end. */
  #leaves: string[] = []
  #hashedTo = 0

  get entries(): number {
    return this.#entries
  }

  /** Adds the entries of a payload, from one on. */
  append(payload: Buffer, { skip, entries }: { readonly skip: number; readonly entries: number }): void {
    let from = 0
    for (let at = 0; at < skip; at++) from += 2 + entryBytesAt(payload, from)
    this.#makeRoom(payload.length - from)
    this.#end += payload.copy(this.#memory, this.#end, from)
    this.#entries += entries - skip
  }

  /** The first 256 entries as a bundle, valid until the next `append`; null when there are fewer. */
  bundle(): Buffer | null {
    if (this.#entries < tileWidth) return null
    let end = this.#start
    for (let at = 0; at < tileWidth; at++) end += 2 + entryBytesAt(this.#memory, end)
    return end <= this.#end ? this.#memory.subarray(this.#start, end) : null
  }

  /** Forgets the first bundle. */
  dropBundle(bundle: Buffer): void {
    this.#start += bundle.length
    this.#entries -= tileWidth
    this.#leaves = []
    this.#hashedTo = this.#start
  }

  /** The hashes of the first `count` entries; each is hashed once. Null where there are no such entries. */
  leaves(count: number): readonly string[] | null {
    const used = this.#memory.subarray(0, this.#end)
    const missing = { from: this.#hashedTo, count: count - this.#leaves.length }
    const end = hashEntries(used, missing, (leaf) => this.#leaves.push(leaf))
    if (end !== null) this.#hashedTo = end
    return end === null ? null : this.#leaves
  }

  /** What was hashed so far. */
  get hashed(): readonly string[] {
    return this.#leaves
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#memory.length) return
    const used = this.#end - this.#start
    const memory = used + bytes > this.#memory.length ? Buffer.allocUnsafeSlow(2 * (used + bytes)) : this.#memory
    this.#memory.copy(memory, 0, this.#start, this.#end)
    this.#memory = memory
    this.#hashedTo -= this.#start
    this.#start = 0
    this.#end = used
  }
}
