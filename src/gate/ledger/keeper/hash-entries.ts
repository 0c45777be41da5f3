import { hash } from 'node:crypto'
import { hashBytes, tileWidth } from '../../../tlog/mod.ts'

/**
 * Hashes entries that stand as a bundle has them, each behind its length, and answers where the last one ends; null where they
 * do not. Each leaf is told as a string of 32 bytes. The byte before an entry is the leaf's prefix for the time of the hash, so
 * nothing is copied: the bytes must be the caller's own, and are as they were afterwards.
 */
export function hashEntries(
  bytes: Buffer,
  { from, count }: { readonly from: number; readonly count: number },
  onLeaf: (leaf: string, at: number) => void,
): number | null {
  let offset = from
  for (let at = 0; at < count; at++) {
    const start = offset + 2
    const end = start + entryBytesAt(bytes, offset)
    if (end > bytes.length) return null
    const low = bytes[offset + 1] ?? 0
    bytes[offset + 1] = 0
    onLeaf(hash('sha256', bytes.subarray(offset + 1, end), 'binary'), at)
    bytes[offset + 1] = low
    offset = end
  }
  return offset
}

/** The length in front of an entry; more than any where not even that stands. */
export function entryBytesAt(bytes: Buffer, offset: number): number {
  const [high, low] = [bytes[offset], bytes[offset + 1]]
  return high === undefined || low === undefined ? Number.POSITIVE_INFINITY : (high << 8) | low
}

/** The tile over the entries of a full bundle, null when it does not hold exactly 256. */
export function tileOfBundle(bundle: Buffer): Buffer | null {
  const tile = Buffer.allocUnsafeSlow(tileWidth * hashBytes)
  const end = hashEntries(bundle, { from: 0, count: tileWidth }, (leaf, at) =>
    tile.write(leaf, at * hashBytes, 'latin1'),
  )
  return end === bundle.length ? tile : null
}

const nodeScratch = Buffer.alloc(1 + 2 * hashBytes, 1)
const row = Buffer.alloc((tileWidth / 2) * hashBytes)

/** The root over a full tile. */
export function rootOfTile(tile: Buffer): Buffer {
  let below = tile
  for (let nodes = tileWidth / 2; nodes >= 1; nodes /= 2) {
    for (let at = 0; at < nodes; at++) {
      below.copy(nodeScratch, 1, 2 * at * hashBytes, 2 * (at + 1) * hashBytes)
      row.write(hash('sha256', nodeScratch, 'binary'), at * hashBytes, 'latin1')
    }
    below = row
  }
  return Buffer.from(row.subarray(0, hashBytes))
}
