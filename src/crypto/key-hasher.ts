import { Buffer } from 'node:buffer'
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { apiKeyChars } from './api-key.ts'

/** HMAC-SHA-256(pepper, key), 64 hex digits: the form in which an API key is kept. */
export type KeyHasher = (key: string) => string

/**
 * Hashes API keys under the pepper, so that a stolen store confirms no candidate key to whoever lacks the pepper.
 * A slow hash would only be a lever for exhaustion: the secret has 256 bits.
 *
 * HMAC is written out as its two hashes over kept blocks, which costs half of `createHmac` and gives the same bytes. The
 * blocks are overwritten by each call: a hasher belongs to one thread.
 */
export function createKeyHasher(pepper: Uint8Array): KeyHasher {
  const inner = Buffer.alloc(blockBytes + apiKeyChars)
  const outer = Buffer.alloc(blockBytes + digestBytes)
  padKey(pepper, inner, 0x36)
  padKey(pepper, outer, 0x5c)
  return (key) => {
    // Equal lengths mean one byte per character; the kept block holds a text of exactly this length.
    if (key.length !== apiKeyChars || Buffer.byteLength(key) !== apiKeyChars) {
      return createHmac('sha256', pepper).update(key).digest('hex')
    }
    inner.write(key, blockBytes, 'latin1')
    outer.write(hash('sha256', inner, 'binary'), blockBytes, 'latin1') // as text: a third of the cost of a buffer
    return hash('sha256', outer, 'hex')
  }
}

const blockBytes = 64
const digestBytes = 32

/** RFC 2104: the key, hashed first when longer than a block, padded with zeros and combined with the pad byte. */
function padKey(pepper: Uint8Array, block: Buffer, pad: number): void {
  const key = pepper.length > blockBytes ? hash('sha256', pepper, 'buffer') : pepper
  block.set(key)
  for (let i = 0; i < blockBytes; i++) block[i] = (block[i] ?? 0) ^ pad
}

/**
 * Whether two hex texts are the same, in a time that depends on their lengths alone. Case counts: our hashes are lower
 * case, and a digest in another case is not one that we wrote.
 */
export function equalHex(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}
