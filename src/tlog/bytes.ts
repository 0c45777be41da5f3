import { TlogError } from './errors.ts'

/** One after the other, in fresh memory. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Equal in length and content. Not in constant time: everything compared here is public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Reads a big-endian number of 2 bytes. The caller has checked that they are there. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return byteAt(bytes, offset) * 0x100 + byteAt(bytes, offset + 1)
}

/** Reads a big-endian number of 4 bytes. The caller has checked that they are there. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return readUint16(bytes, offset) * 0x1_0000 + readUint16(bytes, offset + 2)
}

/** Reads a big-endian number of 8 bytes; refuses what a JavaScript number cannot hold exactly. */
export function readUint64(bytes: Uint8Array, offset: number): number {
  const value = readUint32(bytes, offset) * 0x1_0000_0000 + readUint32(bytes, offset + 4)
  if (!Number.isSafeInteger(value)) throw new TlogError('malformed', 'A number of 8 bytes exceeds 2^53 - 1')
  return value
}

/** Big-endian, in as many bytes as `width` says. */
export function encodeUint(value: number, width: 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width)
  writeUint(bytes, 0, { value, width })
  return bytes
}

/** Writes a big-endian number in place; refuses one that does not fit. */
export function writeUint(
  bytes: Uint8Array,
  offset: number,
  { value, width }: { value: number; width: 2 | 4 | 8 },
): void {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** width) {
    throw new TlogError('out_of_range', `Cannot write ${value} in ${width} bytes`)
  }
  let rest = value
  for (let index = offset + width - 1; index >= offset; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Fails where the offset is outside, which is a mistake of the caller and never of the bytes. */
function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset]
  if (byte === undefined) throw new TlogError('out_of_range', `Offset ${offset} is outside of ${bytes.length} bytes`)
  return byte
}
