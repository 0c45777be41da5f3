import { readUint16, writeUint } from './bytes.ts'
import { TlogError } from './errors.ts'

/** Longest entry that a bundle can hold. */
export const entryBytesMax = 65_535

/** What could be read of a bundle: all of it when `damage` is null. */
export interface BundleReading {
  readonly entries: readonly Uint8Array[]
  /** Where in the bundle each entry's length begins. */
  readonly offsets: readonly number[]
  /** Why nothing could be read from this byte on. */
  readonly damage: { readonly offset: number; readonly detail: string } | null
}

/** Each entry behind its length in two bytes, big-endian (c2sp.org/tlog-tiles). Bundles that follow each other just join. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return writeBundle(new Uint8Array(bundleBytesOf(entries)), entries)
}

/** How long their bundle is. */
export function bundleBytesOf(entries: readonly Uint8Array[]): number {
  return entries.reduce((bytes, entry) => bytes + 2 + entry.length, 0)
}

/** `encodeBundle` into memory of the caller's, which is long enough; returns the part that was written. */
export function writeBundle(memory: Uint8Array, entries: readonly Uint8Array[]): Uint8Array {
  let offset = 0
  for (const entry of entries) {
    writeUint(memory, offset, { value: entry.length, width: 2 })
    memory.set(entry, offset + 2)
    offset += 2 + entry.length
  }
  return memory.subarray(0, offset)
}

/** Exactly `width` entries and nothing after them; entries are views of the bundle. */
export function parseBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  const { entries, damage } = readBundle(bytes, width)
  if (damage !== null) throw new TlogError('malformed', `${damage.detail}, at byte ${damage.offset}`)
  return entries
}

/** As `parseBundle`, but hands out what stands before the damage: a verifier names the place instead of giving up. */
export function readBundle(bytes: Uint8Array, width: number): BundleReading {
  const entries: Uint8Array[] = []
  const offsets: number[] = []
  let offset = 0
  while (entries.length < width) {
    const damage = damageAt(bytes, offset)
    if (damage !== null) return { entries, offsets, damage: { offset, detail: `Entry ${entries.length} ${damage}` } }
    const end = offset + 2 + readUint16(bytes, offset)
    entries.push(bytes.subarray(offset + 2, end))
    offsets.push(offset)
    offset = end
  }
  const rest = bytes.length - offset
  return { entries, offsets, damage: rest === 0 ? null : { offset, detail: `${rest} bytes follow the last entry` } }
}

function damageAt(bytes: Uint8Array, offset: number): string | null {
  if (offset + 2 > bytes.length) return offset === bytes.length ? 'is missing' : 'has half a length'
  return offset + 2 + readUint16(bytes, offset) > bytes.length ? 'ends after the bundle' : null
}
