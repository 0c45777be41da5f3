import { Buffer } from 'node:buffer'
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { apiKeyChars } from './api-key.ts'
import { hmacBlockBytes, openHmacKey } from './hmac.ts'

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
  const { inner: pad, outer } = openHmacKey(pepper)
  const inner = Buffer.concat([pad, Buffer.alloc(apiKeyChars)])
  return (key) => {
    // Equal lengths mean one byte per character; the kept block holds a text of exactly this length.
    if (key.length !== apiKeyChars || Buffer.byteLength(key) !== apiKeyChars) {
      return createHmac('sha256', pepper).update(key).digest('hex')
    }
    inner.write(key, hmacBlockBytes, 'latin1')
    outer.write(hash('sha256', inner, 'binary'), hmacBlockBytes, 'latin1') // as text: a third of the cost of a buffer
    return hash('sha256', outer, 'hex')
  }
}

/**
 * Whether two hex texts are the same, in a time that depends on their lengths alone. Case counts: our hashes are lower
 * case, and a digest in another case is not one that we wrote.
 */
export function equalHex(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}
