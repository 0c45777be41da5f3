import { leafHash, nodeHash, type Sha256 } from '../merkle.ts'

/** The tree hash as RFC 6962 section 2.1 defines it, word for word; slow, and plainly right. */
export function definedRoot(hash: Sha256, leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return hash(new Uint8Array(0))
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(hash, definedRoot(hash, leaves.slice(0, split)), definedRoot(hash, leaves.slice(split)))
}

/** So many different leaf hashes. */
export function someLeaves(hash: Sha256, count: number, salt = 0): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => leafHash(hash, Uint8Array.of(salt, at >> 8, at & 255)))
}

/** The bytes with one bit turned. */
export function withFlippedBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice()
  const at = Math.floor(bit / 8) % flipped.length
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8))
  return flipped
}
