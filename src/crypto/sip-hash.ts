import { Buffer } from 'node:buffer'

/** Bytes of a key. */
export const sipKeyBytes = 16

/**
 * A keyed hash of short texts, 16 hex digits: whoever lacks the key can neither compute it nor try out what was hashed. Far
 * cheaper than HMAC for the few bytes of an id, which is what it is for. Takes the bytes between two places.
 */
export interface SipHash {
  of(bytes: Uint8Array, start: number, end: number): string
}

/** SipHash-2-4 with 64 bits of output (Aumasson and Bernstein, 2012). Its state belongs to one thread. */
export function createSipHash(key: Uint8Array): SipHash {
  const view = new DataView(key.buffer, key.byteOffset, sipKeyBytes)
  const state = new SipState(view)
  return { of: (bytes, start, end) => state.hash(bytes, start, end) }
}

/** Four words of 64 bits, each as two of 32: numbers, not BigInts, which would allocate in each step. */
class SipState {
  readonly #k: Int32Array
  readonly #out = Buffer.alloc(8)
  /** v0 … v3, low half before high half. */
  readonly #v = new Int32Array(8)

  constructor(key: DataView) {
    this.#k = new Int32Array(4)
    for (let i = 0; i < 4; i++) this.#k[i] = key.getInt32(i * 4, true)
  }

  hash(bytes: Uint8Array, start: number, end: number): string {
    const v = this.#v
    const k0l = this.#k[0] ?? 0
    const k0h = this.#k[1] ?? 0
    const k1l = this.#k[2] ?? 0
    const k1h = this.#k[3] ?? 0
    v[0] = k0l ^ 0x70736575
    v[1] = k0h ^ 0x736f6d65
    v[2] = k1l ^ 0x6e646f6d
    v[3] = k1h ^ 0x646f7261
    v[4] = k0l ^ 0x6e657261
    v[5] = k0h ^ 0x6c796765
    v[6] = k1l ^ 0x79746573
    v[7] = k1h ^ 0x74656462
    let at = start
    for (; at + 8 <= end; at += 8) this.#absorb(wordAt(bytes, at, 4), wordAt(bytes, at + 4, 4))
    const left = end - at
    this.#absorb(wordAt(bytes, at, Math.min(left, 4)), wordAt(bytes, at + 4, left - 4) | ((end - start) << 24))
    v[4] = (v[4] ?? 0) ^ 0xff
    rounds(v, 4)
    this.#out.writeUInt32BE(high(v), 0)
    this.#out.writeUInt32BE(low(v), 4)
    return this.#out.toString('hex')
  }

  #absorb(lowWord: number, highWord: number): void {
    const v = this.#v
    v[6] = (v[6] ?? 0) ^ lowWord
    v[7] = (v[7] ?? 0) ^ highWord
    rounds(v, 2)
    v[0] = (v[0] ?? 0) ^ lowWord
    v[1] = (v[1] ?? 0) ^ highWord
  }
}

function low(v: Int32Array): number {
  return ((v[0] ?? 0) ^ (v[2] ?? 0) ^ (v[4] ?? 0) ^ (v[6] ?? 0)) >>> 0
}

function high(v: Int32Array): number {
  return ((v[1] ?? 0) ^ (v[3] ?? 0) ^ (v[5] ?? 0) ^ (v[7] ?? 0)) >>> 0
}

/** Up to four bytes, the first one lowest. */
function wordAt(bytes: Uint8Array, at: number, count: number): number {
  let word = 0
  for (let i = 0; i < count && i < 4; i++) word |= (bytes[at + i] ?? 0) << (i * 8)
  return word
}

/** The rounds of SipHash over locals, which stay in registers. */
function rounds(v: Int32Array, count: number): void {
  let l0 = v[0] ?? 0
  let h0 = v[1] ?? 0
  let l1 = v[2] ?? 0
  let h1 = v[3] ?? 0
  let l2 = v[4] ?? 0
  let h2 = v[5] ?? 0
  let l3 = v[6] ?? 0
  let h3 = v[7] ?? 0
  for (let i = 0; i < count; i++) {
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    let sum = (l0 >>> 0) + (l1 >>> 0)
    let l = sum | 0
    let h = (h0 + h1 + (sum > 0xffff_ffff ? 1 : 0)) | 0
    let turned = (l1 << 13) | (h1 >>> 19)
    h1 = ((h1 << 13) | (l1 >>> 19)) ^ h
    l1 = turned ^ l
    l0 = h
    h0 = l
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    sum = (l2 >>> 0) + (l3 >>> 0)
    h2 = (h2 + h3 + (sum > 0xffff_ffff ? 1 : 0)) | 0
    l2 = sum | 0
    turned = (l3 << 16) | (h3 >>> 16)
    h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2
    l3 = turned ^ l2
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    sum = (l0 >>> 0) + (l3 >>> 0)
    h0 = (h0 + h3 + (sum > 0xffff_ffff ? 1 : 0)) | 0
    l0 = sum | 0
    turned = (l3 << 21) | (h3 >>> 11)
    h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0
    l3 = turned ^ l0
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    sum = (l2 >>> 0) + (l1 >>> 0)
    l = sum | 0
    h = (h2 + h1 + (sum > 0xffff_ffff ? 1 : 0)) | 0
    turned = (l1 << 17) | (h1 >>> 15)
    h1 = ((h1 << 17) | (l1 >>> 15)) ^ h
    l1 = turned ^ l
    l2 = h
    h2 = l
  }
  v[0] = l0
  v[1] = h0
  v[2] = l1
  v[3] = h1
  v[4] = l2
  v[5] = h2
  v[6] = l3
  v[7] = h3
}
