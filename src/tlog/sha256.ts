/**
 * SHA-256 (FIPS 180-4) in plain arithmetic, for where the platform has none that answers at once: a browser's own is
 * asynchronous, and a log is hashed record by record. Node passes `node:crypto`'s, which is several times as fast.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = Uint32Array.from(initial)
  const whole = bytes.length - (bytes.length % blockBytes)
  for (let at = 0; at < whole; at += blockBytes) compress(state, bytes, at)
  const tail = tailOf(bytes.subarray(whole), bytes.length)
  for (let at = 0; at < tail.length; at += blockBytes) compress(state, tail, at)
  const digest = new Uint8Array(32)
  const view = new DataView(digest.buffer)
  for (let word = 0; word < state.length; word++) view.setUint32(word * 4, state[word] ?? 0)
  return digest
}

const blockBytes = 64

/** The rest of the message, 0x80, zeros, and the length of the message in bits. */
function tailOf(rest: Uint8Array, length: number): Uint8Array {
  const tail = new Uint8Array(rest.length + 9 > blockBytes ? 2 * blockBytes : blockBytes)
  tail.set(rest)
  tail[rest.length] = 0x80
  const view = new DataView(tail.buffer)
  view.setUint32(tail.length - 8, Math.floor(length / 2 ** 29))
  view.setUint32(tail.length - 4, (length << 3) >>> 0)
  return tail
}

const primes: readonly number[] = firstPrimes(64)
/** Fractional parts of the square roots of the first eight primes. */
const initial: readonly number[] = primes.slice(0, 8).map((prime) => fractionOf(BigInt(prime) << 64n, 2n))
/** Fractional parts of the cube roots of the first 64 primes. */
const constants: Uint32Array = Uint32Array.from(primes, (prime) => fractionOf(BigInt(prime) << 96n, 3n))

function firstPrimes(count: number): readonly number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}

/** The low 32 bits of the integer root: of a number that was shifted by 32 bits times the degree, its root's fraction. */
function fractionOf(shifted: bigint, degree: bigint): number {
  let [low, high] = [0n, 1n << 40n]
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle ** degree <= shifted) low = middle
    else high = middle
  }
  return Number(low & 0xffff_ffffn)
}

/** Lent for one call; no call begins inside of another. */
const schedule = new Uint32Array(64)

function compress(state: Uint32Array, bytes: Uint8Array, at: number): void {
  fillSchedule(bytes, at)
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let round = 0; round < 64; round++) {
    const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + sum1 + choice + (constants[round] ?? 0) + (schedule[round] ?? 0)) | 0
    const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + sum0 + majority) | 0
  }
  const added = [a, b, c, d, e, f, g, h]
  for (let word = 0; word < 8; word++) state[word] = (state[word] ?? 0) + (added[word] ?? 0)
}

function fillSchedule(bytes: Uint8Array, at: number): void {
  for (let word = 0; word < 16; word++) {
    const from = at + word * 4
    schedule[word] =
      ((bytes[from] ?? 0) << 24) |
      ((bytes[from + 1] ?? 0) << 16) |
      ((bytes[from + 2] ?? 0) << 8) |
      (bytes[from + 3] ?? 0)
  }
  for (let word = 16; word < 64; word++) {
    const far = schedule[word - 15] ?? 0
    const near = schedule[word - 2] ?? 0
    const sigma0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3)
    const sigma1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10)
    schedule[word] = (schedule[word - 16] ?? 0) + sigma0 + (schedule[word - 7] ?? 0) + sigma1
  }
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
