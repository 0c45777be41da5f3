import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

/** Fresh random bytes, each of them given out once. */
export interface RandomPool {
  /** Writes random bytes into a target. */
  copy(target: Buffer, offset: number, bytes: number): void
}

/**
 * Draws random bytes in blocks, for a call to the generator costs more than what a record needs. Belongs to one thread.
 * `fill` fills a block with fresh random bytes.
 */
export function createRandomPool(fill: (block: Buffer) => void = randomFillSync): RandomPool {
  const block = Buffer.alloc(poolBytes)
  let used = poolBytes
  return {
    copy: (target, offset, bytes) => {
      if (used + bytes > poolBytes) {
        fill(block)
        used = 0
      }
      if (block.copy(target, offset, used, used + bytes) !== bytes) throw new Error(`no room for ${bytes} random bytes`)
      used += bytes
    },
  }
}

const poolBytes = 12 * 1024
