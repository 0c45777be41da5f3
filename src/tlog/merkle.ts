import { concatBytes } from './bytes.ts'
import { TlogError } from './errors.ts'

/**
 * SHA-256 of the bytes: 32 bytes that the caller may keep. Synchronous, because a log is hashed record by record; a browser
 * passes a script's implementation, Node passes `crypto.hash`. The bytes are lent for the call, and change after it.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Bytes of one hash. */
export const hashBytes = 32

/** A perfect subtree: the leaves from `index * 2^level` on, `2^level` of them. */
export interface NodeId {
  readonly level: number
  readonly index: number
}

/** What is hashed is put together here, not in fresh memory: a third of the time of verifying a log went there. */
const leafScratch = new Uint8Array(1 + 4096)
const nodeScratch = Uint8Array.of(1, ...new Uint8Array(2 * hashBytes))

/** RFC 6962 section 2.1: SHA-256(0x00 || entry). The prefix keeps a leaf from ever being taken for an inner node. */
export function leafHash(hash: Sha256, entry: Uint8Array): Uint8Array {
  if (entry.length >= leafScratch.length) return hash(concatBytes([Uint8Array.of(0), entry]))
  leafScratch.set(entry, 1)
  return hash(leafScratch.subarray(0, entry.length + 1))
}

/** RFC 6962 section 2.1: SHA-256(0x01 || left || right). */
export function nodeHash(hash: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  // A shorter one would leave what was hashed before in its place.
  assertHash(left, 'A left node')
  assertHash(right, 'A right node')
  nodeScratch.set(left, 1)
  nodeScratch.set(right, 1 + hashBytes)
  return hash(nodeScratch)
}

/** The root over leaf hashes; for none it is the hash of nothing. */
export function rootOf(hash: Sha256, leaves: readonly Uint8Array[]): Uint8Array {
  let row = leaves
  while (row.length > 1) row = rowAbove(hash, row)
  return row[0] ?? hash(new Uint8Array(0))
}

/** An odd last one rises as it is, which gives the split at the largest power of two that RFC 6962 asks for. */
function rowAbove(hash: Sha256, row: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = []
  for (let index = 0; index < row.length; index += 2) {
    const left = row[index]
    const right = row[index + 1]
    if (left !== undefined) above.push(right === undefined ? left : nodeHash(hash, left, right))
  }
  return above
}

/** The fewest perfect subtrees that cover the leaves from `begin` to before `end`, from left to right. */
export function coveringNodes(begin: number, end: number): readonly NodeId[] {
  assertSpan(begin, end)
  const nodes: NodeId[] = []
  let at = begin
  while (at < end) {
    let level = 0
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1
    nodes.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** Sizes and indices are exact up to 2^53 - 1; nothing in this room uses 32-bit operators on them. */
export function assertSpan(begin: number, end: number): void {
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end < begin) {
    throw new TlogError('out_of_range', `Not a range of leaves: from ${begin} to ${end}`)
  }
}

/** Folds the roots of adjacent perfect subtrees, which lie on the right edge of a tree, into the root over all of them. */
export function foldRight(hash: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.length === 0
    ? hash(new Uint8Array(0))
    : hashes.reduceRight((right, left) => nodeHash(hash, left, right))
}

/** Fails on a hash of another length, before it is hashed into something that looks right. */
export function assertHash(bytes: Uint8Array, what: string): void {
  if (bytes.length !== hashBytes)
    throw new TlogError('malformed', `${what} has ${bytes.length} bytes instead of ${hashBytes}`)
}
