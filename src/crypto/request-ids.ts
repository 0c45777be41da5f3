import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

/** Ids for requests and spans, from the system's generator: nobody who has seen some can tell others. */
export interface RequestIds {
  /**
   * 32 lower-case hex digits: 48 bits of wall time in ms, then 80 random bits (the order of RFC 9562 version 7, without its
   * marks). Ids of one time stand together in an index, and an id tells when to look for its records. Fit to be a W3C
   * trace id.
   */
  requestId(): string
  /** 16 lower-case hex digits, 64 random bits, never all zero (W3C trace context forbids that). */
  spanId(): string
}

export interface RequestIdOptions {
  /** Wall time, ms since the Unix epoch. */
  readonly nowMs: () => number
  /**
   * Fills a block with fresh random bytes.
   * @default randomFillSync of node:crypto
   */
  readonly fill?: (block: Buffer) => void
}

/** Draws random bytes in blocks, for a call to the generator costs more than the id. Each byte is used once. Belongs to one thread. */
export function createRequestIds({ nowMs, fill = randomFillSync }: RequestIdOptions): RequestIds {
  const block = Buffer.alloc(blockBytes)
  let used = blockBytes
  let prefixMs = -1
  let prefix = ''
  const take = (bytes: number): string => {
    if (used + bytes > blockBytes) {
      fill(block)
      used = 0
    }
    used += bytes
    return block.toString('hex', used - bytes, used)
  }
  const timePrefix = (): string => {
    const now = nowMs()
    if (now !== prefixMs) {
      prefixMs = now
      prefix = Math.max(0, Math.floor(now)).toString(16).padStart(timeDigits, '0').slice(-timeDigits)
    }
    return prefix
  }
  const spanId = (): string => {
    let id = take(8)
    while (isZero.test(id)) id = take(8)
    return id
  }
  return { requestId: () => timePrefix() + take(10), spanId }
}

const blockBytes = 4096
const timeDigits = 12
const isZero = /^0+$/
