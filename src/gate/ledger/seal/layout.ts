/**
 * The sealed part of a record: `16 name of the key | 16 iv | 32 commitment | u16be n | n ciphertext | 32 tag`. The ciphertext is
 * of `16 salt | JSON | 0x80 | zeros` up to a multiple of 32 behind the salt.
 */
import { recordBytesMax, recordHeadBytes } from '../envelope.ts'

/** From the beginning of the sealed part. */
export const sealedLayout = { name: 0, iv: 16, commitment: 32, length: 64, ciphertext: 66 } as const

export const tagBytes = 32
export const saltBytes = 16
export const paddingBytes = 32

/** What a sealed record is longer than its two texts, at most. */
const overheadBytesMax = recordHeadBytes + sealedLayout.ciphertext + saltBytes + paddingBytes + tagBytes

/** Most bytes that both texts of a record may have together. */
export const textBytesMax: number = recordBytesMax - overheadBytesMax

/** Bytes of the longest record whose texts have so many together. */
export function recordBytesOf(textBytes: number): number {
  return overheadBytesMax + textBytes
}

/** Length of a text behind its padding: always at least one byte more, a multiple of 32. */
export function paddedBytes(textBytes: number): number {
  return (textBytes & ~(paddingBytes - 1)) + paddingBytes
}
