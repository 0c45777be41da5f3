/** AES-256 in the three ways in which records and their keys need it. */
import { Buffer } from 'node:buffer'
import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Decipheriv,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

const keyBytes = 32
const blockBytes = 16
const noSalt = Buffer.alloc(keyBytes)
const wrapIv = Buffer.alloc(8, 0xa6) // RFC 3394 2.2.3.1

/** Bytes of a random prefix under which one object encrypts; 4 more of the counter block count its blocks. */
export const ctrPrefixBytes = 12

/** One object encrypts fewer blocks than this, so that the counter never runs into the prefix and no block comes twice. */
export const ctrBlocksMax: number = 2 ** 31

/** A key of 32 bytes for one purpose, by HKDF-SHA-256 (RFC 5869) without salt. */
export function deriveKey(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, noSalt, purpose, keyBytes))
}

/**
 * AES-256-CTR as one long stream that many messages share, each beginning with a whole block: making a cipher costs four
 * times as much as using it. No two messages of a stream use the same block, and a prefix belongs to one stream alone.
 */
export class CtrStream {
  readonly #cipher: Cipheriv
  #block = 0

  /** `prefix` is random and fresh: used again with the same key, it would give away both texts. */
  constructor(key: KeyObject, prefix: Uint8Array) {
    const iv = Buffer.alloc(blockBytes)
    iv.set(prefix.subarray(0, ctrPrefixBytes))
    this.#cipher = createCipheriv('aes-256-ctr', key, iv)
  }

  /** Number of the block that the next message begins with. */
  get block(): number {
    return this.#block
  }

  /** Encrypts whole blocks. The caller opens another stream before `ctrBlocksMax`. */
  encrypt(blocks: Uint8Array): Buffer {
    const next = this.#block + blocks.length / blockBytes
    if (!Number.isInteger(next) || next > ctrBlocksMax) throw new Error(`a stream cannot take ${blocks.length} bytes`)
    this.#block = next
    return this.#cipher.update(blocks)
  }
}

/**
 * Decrypts messages of one key's streams, each by its own start: `iv` is the prefix and the number of the first block. Messages
 * that follow one another cost a quarter: the cipher that stands where the next one begins is kept.
 */
export class CtrReader {
  readonly #key: KeyObject
  #cipher: Decipheriv | null = null
  /** Where `#cipher` stands: the iv of the message that would follow. */
  readonly #next = Buffer.alloc(blockBytes)

  constructor(key: KeyObject) {
    this.#key = key
  }

  /** `bytes` are whole blocks. */
  decrypt(iv: Uint8Array, bytes: Uint8Array): Buffer {
    if (this.#cipher === null || this.#next.compare(iv) !== 0) {
      this.#cipher = createDecipheriv('aes-256-ctr', this.#key, iv)
      this.#next.set(iv)
    }
    const text = this.#cipher.update(bytes)
    this.#next.writeUInt32BE(
      (this.#next.readUInt32BE(ctrPrefixBytes) + bytes.length / blockBytes) >>> 0,
      ctrPrefixBytes,
    )
    return text
  }
}

/** AES-256 of single blocks, each on its own: for blocks that are all different. */
export interface BlockCipher {
  encrypt(blocks: Uint8Array): Buffer
  decrypt(blocks: Uint8Array): Buffer
}

/** Opens both directions of a key once; they serve for good. */
export function openBlockCipher(key: Uint8Array): BlockCipher {
  const secret = createSecretKey(key)
  const there = createCipheriv('aes-256-ecb', secret, null).setAutoPadding(false)
  const back = createDecipheriv('aes-256-ecb', secret, null).setAutoPadding(false)
  return { encrypt: (blocks) => there.update(blocks), decrypt: (blocks) => back.update(blocks) }
}

/** A key under another one: AES-256-KW (RFC 3394), 8 bytes longer. */
export function wrapKey(wrapping: Uint8Array, key: Uint8Array): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', wrapping, wrapIv)
  return Buffer.concat([cipher.update(key), cipher.final()])
}

/** The key again; null when it was not wrapped under this one, or was changed since. */
export function unwrapKey(wrapping: Uint8Array, wrapped: Uint8Array): Buffer | null {
  const cipher = createDecipheriv('id-aes256-wrap', wrapping, wrapIv)
  try {
    return Buffer.concat([cipher.update(wrapped), cipher.final()])
  } catch {
    return null // the one way in which this can fail; the error has no code of its own
  }
}
