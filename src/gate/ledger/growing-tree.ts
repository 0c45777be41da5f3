import { hash } from 'node:crypto'
import { hashBytes } from '../../tlog/mod.ts'

const nodeScratch = Buffer.alloc(1 + 2 * hashBytes, 1)

/**
 * The right edge of the tree over one log, as the ledger thread grows it record by record. Hashes are strings of 32 bytes,
 * the cheapest form there is; the same tree as `tlog`'s compact range, which a test holds it against.
 */
export class GrowingTree {
  #size: number
  readonly #peaks: string[]

  /** Goes on from the roots of the perfect subtrees over the first `size` records. */
  constructor(size: number, peaks: readonly Uint8Array[]) {
    this.#size = size
    this.#peaks = peaks.map((peak) => Buffer.from(peak).toString('latin1'))
  }

  get size(): number {
    return this.#size
  }

  /** From left to right, largest first. */
  get peaks(): readonly string[] {
    return this.#peaks
  }

  /**
   * Adds the entry at `start`. The byte before it must be the caller's too: it is the prefix of the leaf for the time of the
   * hash, which saves a copy.
   */
  add(bytes: Buffer, start: number, length: number): void {
    const kept = bytes[start - 1] ?? 0
    bytes[start - 1] = 0
    this.#append(hash('sha256', bytes.subarray(start - 1, start + length), 'binary'))
    bytes[start - 1] = kept
  }

  #append(leaf: string): void {
    let node = leaf
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      nodeScratch.write(this.#peaks.pop() ?? '', 1, 'latin1')
      nodeScratch.write(node, 1 + hashBytes, 'latin1')
      node = hash('sha256', nodeScratch, 'binary')
    }
    this.#peaks.push(node)
    this.#size++
  }
}
