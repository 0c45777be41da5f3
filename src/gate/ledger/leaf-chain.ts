import { hash } from 'node:crypto'
import { hashBytes, tileWidth } from '../../tlog/mod.ts'

/** The chain before its first block. */
export const noLink: Buffer = Buffer.alloc(hashBytes)

/** Leaves that stand in the block in progress at this size, of a chain that began at `from`. */
export function leavesInBlock(from: number, size: number): number {
  return size - Math.max(from, size - (size % tileWidth))
}

/** The chain with one more block: SHA-256(link ‖ leaves), where a block is what lies in one bundle. */
export function nextLink(link: Buffer, leaves: Buffer): Buffer {
  return hash('sha256', Buffer.concat([link, leaves]), 'buffer')
}

/**
 * What the ledger thread remembers of the records that it wrote: the hash of each as a leaf of the tree, chained by blocks that
 * end where a bundle does. It stands for every one of them as the tree's root would, at one hash a record instead of two; whoever
 * builds the tree from the disk checks its leaves against it.
 */
export class LeafChain {
  /** The link, and behind it the leaves of the block in progress. */
  readonly #block = Buffer.alloc((1 + tileWidth) * hashBytes)
  #end = hashBytes
  #size: number

  /** Begins after the first `from` records, for which the chain does not stand. */
  constructor(from: number) {
    this.#size = from
  }

  get size(): number {
    return this.#size
  }

  /** The link and the leaves of the block in progress, a view that is valid until the next `add`. */
  get block(): Buffer {
    return this.#block.subarray(0, this.#end)
  }

  /**
   * Adds the entry at `start`. The byte before it must be the caller's too: it is the prefix of the leaf for the time of the
   * hash, which saves a copy.
   */
  add(bytes: Buffer, start: number, length: number): void {
    const kept = bytes[start - 1] ?? 0
    bytes[start - 1] = 0
    this.#block.write(hash('sha256', bytes.subarray(start - 1, start + length), 'binary'), this.#end, 'latin1')
    bytes[start - 1] = kept
    this.#end += hashBytes
    this.#size++
    if (this.#size % tileWidth !== 0) return
    this.#block.write(hash('sha256', this.block, 'binary'), 0, 'latin1')
    this.#end = hashBytes
  }
}
