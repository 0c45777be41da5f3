import type { CounterKey } from './counter-store.ts'

/** A policy's share of a key, hashed once; without a seed, so that it can be compiled anywhere. */
export type PolicyHash = CounterKey

/**
 * Hashes policy and partition to 128 bits. Equal in all threads that have the same seed; without the seed nobody can choose
 * partitions whose keys collide or lie close together. `domain` keeps kinds of partitions apart that could look alike.
 */
export interface KeyHash {
  ofText(policy: PolicyHash, domain: number, text: string): CounterKey
  /** For partitions of 64 bits. */
  ofWords(policy: PolicyHash, domain: number, words: { high: number; low: number }): CounterKey
}

/**
 * Built on the permutation of HalfSipHash: four additions, rotations and xors over four 32-bit words, one round for each word
 * taken in and four at the end, after which the whole state is the hash.
 */
export function createKeyHash(seed: number): KeyHash {
  const state = new Int32Array(4)
  const secret = [0x736f6d65, 0x646f7261, 0x6c796765, 0x74656462].map((word, i) => word ^ stirred(seed + i))
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = secret
  const begin = (policy: PolicyHash, domain: number): void => {
    state[0] = policy.a ^ k0
    state[1] = policy.b ^ k1
    state[2] = policy.c ^ k2
    state[3] = policy.d ^ k3
    absorb(state, domain)
  }
  return {
    ofText: (policy, domain, text) => {
      begin(policy, domain)
      absorbText(state, text)
      return finished(state)
    },
    ofWords: (policy, domain, { high, low }) => {
      begin(policy, domain)
      absorb(state, high)
      absorb(state, low)
      return finished(state)
    },
  }
}

/** Counts survive a reload as long as name and window stay: nothing else of a policy is in its keys. */
export function policyHash(name: string, windowMs: number): PolicyHash {
  const state = new Int32Array(4)
  absorb(state, windowMs % 2 ** 32)
  absorb(state, Math.floor(windowMs / 2 ** 32))
  absorbText(state, name)
  return finished(state)
}

/** The length first, so that no text is the beginning of another. */
function absorbText(state: Int32Array, text: string): void {
  absorb(state, text.length)
  for (let i = 0; i < text.length; i += 2) {
    const second = i + 1 < text.length ? text.charCodeAt(i + 1) : 0
    absorb(state, text.charCodeAt(i) | (second << 16))
  }
}

function absorb(state: Int32Array, word: number): void {
  state[3] = (state[3] ?? 0) ^ word
  round(state)
  state[0] = (state[0] ?? 0) ^ word
}

function finished(state: Int32Array): CounterKey {
  state[2] = (state[2] ?? 0) ^ 0xff
  for (let i = 0; i < 4; i++) round(state)
  return { a: state[0] ?? 0, b: state[1] ?? 0, c: state[2] ?? 0, d: state[3] ?? 0 }
}

function round(state: Int32Array): void {
  let a = state[0] ?? 0
  let b = state[1] ?? 0
  let c = state[2] ?? 0
  let d = state[3] ?? 0
  a = (a + b) | 0
  b = ((b << 5) | (b >>> 27)) ^ a
  a = (a << 16) | (a >>> 16)
  c = (c + d) | 0
  d = ((d << 8) | (d >>> 24)) ^ c
  a = (a + d) | 0
  d = ((d << 7) | (d >>> 25)) ^ a
  c = (c + b) | 0
  b = ((b << 13) | (b >>> 19)) ^ c
  c = (c << 16) | (c >>> 16)
  state[0] = a
  state[1] = b
  state[2] = c
  state[3] = d
}

/** Spreads a short seed over 32 bits, bijectively. */
function stirred(seed: number): number {
  let word = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}
