import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

/** Ids for requests and spans, from the system's generator: nobody who has seen some can tell others. */
export interface RequestIds {
  /** 32 lower-case hex digits, 128 random bits; fit to be a W3C trace id. */
  requestId(): string
  /** 16 lower-case hex digits, 64 random bits, never all zero (W3C trace context forbids that). */
  spanId(): string
}

/**
 * Draws random bytes in blocks, for a call to the generator costs more than the id. Each byte is used once. Belongs to one
 * thread. `fill` fills a block with fresh random bytes.
 */
export function createRequestIds(fill: (block: Buffer) => void = randomFillSync): RequestIds {
  const block = Buffer.alloc(blockBytes)
  let used = blockBytes
  const take = (bytes: number): string => {
    if (used + bytes > blockBytes) {
      fill(block)
      used = 0
    }
    used += bytes
    return block.toString('hex', used - bytes, used)
  }
  const takeSome = (bytes: number): string => {
    let id = take(bytes)
    while (isZero.test(id)) id = take(bytes)
    return id
  }
  return { requestId: () => takeSome(16), spanId: () => takeSome(8) }
}

const blockBytes = 4096
const isZero = /^0+$/
