/**
 * Format GHK1, the rows of the key store. One file for each start of the gate, appended to by the ledger thread, always before
 * the records that need the rows:
 * ```text
 * file header 64: "GHK1\r\n\x1a\n" | u32be 1 | u32be start | 32 proof of the root key | 12 zero | u32be crc32
 * row: "GHKR" | u16be n | n bytes: u64be row id | u32be month (202611) | 40 wrapped data key | subject in UTF-8 | u32be crc32
 * ```
 * A row id is `u24 start | u8 ring | u32 count`, so that no two threads and no two starts can give the same one.
 */
import { crc32 } from 'node:zlib'

export const rowFileHeaderBytes = 64
const proofBytes = 32

const fileMagic = Buffer.from('GHK1\r\n\x1a\n', 'latin1')
const rowMagic = Buffer.from('GHKR', 'latin1')
const rowHeadBytes = 6
const sumBytes = 4
const fixedBytes = 8 + 4 + 40

/** Longest name of a subject, in bytes of UTF-8. */
export const subjectBytesMax = 128

/** Longest row, as it stands in a file and in a ring. */
export const rowBytesMax: number = rowHeadBytes + fixedBytes + subjectBytesMax + sumBytes

/** Starts are counted in 24 bits: one a minute for 31 years. */
export const startsMax: number = 2 ** 24 - 1

/** Names one data key, for good. */
export interface RowId {
  /** `start * 256 + ring`. */
  readonly maker: number
  readonly count: number
}

/** The id as 16 hex digits. */
export function rowIdText({ maker, count }: RowId): string {
  return maker.toString(16).padStart(8, '0') + count.toString(16).padStart(8, '0')
}

/** One data key at rest. */
export interface KeyRow extends RowId {
  /** Such as 202611, UTC. */
  readonly month: number
  /** AES-256-KW of the key. */
  readonly wrapped: Uint8Array
  /** Whose records it seals. */
  readonly subject: string
}

export function rowFileName(start: number): string {
  return `rows-${String(start).padStart(8, '0')}.log`
}

/** The start that a file belongs to; null for any other file. */
export function startOfFile(name: string): number | null {
  const digits = /^rows-(\d{8})\.log$/.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}

export function encodeRowFileHeader(header: { readonly start: number; readonly proof: Uint8Array }): Buffer {
  const bytes = Buffer.alloc(rowFileHeaderBytes)
  fileMagic.copy(bytes)
  bytes.writeUInt32BE(1, 8)
  bytes.writeUInt32BE(header.start, 12)
  bytes.set(header.proof, 16)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** Null for anything that `encodeRowFileHeader` did not write. */
export function decodeRowFileHeader(bytes: Buffer): { readonly start: number; readonly proof: Buffer } | null {
  if (bytes.length < rowFileHeaderBytes || !bytes.subarray(0, 8).equals(fileMagic)) return null
  if (bytes.readUInt32BE(8) !== 1 || bytes.readUInt32BE(60) !== crc32(bytes.subarray(0, 60))) return null
  return { start: bytes.readUInt32BE(12), proof: Buffer.from(bytes.subarray(16, 16 + proofBytes)) }
}

/** Throws a RangeError for a subject longer than `subjectBytesMax`. */
export function encodeRow(row: KeyRow): Buffer {
  const subject = Buffer.from(row.subject)
  if (subject.length > subjectBytesMax) throw new RangeError(`a subject of ${subject.length} bytes`)
  const bytes = Buffer.alloc(rowHeadBytes + fixedBytes + subject.length + sumBytes)
  rowMagic.copy(bytes)
  bytes.writeUInt16BE(fixedBytes + subject.length, 4)
  bytes.writeUInt32BE(row.maker, 6)
  bytes.writeUInt32BE(row.count, 10)
  bytes.writeUInt32BE(row.month, 14)
  bytes.set(row.wrapped, 18)
  subject.copy(bytes, 58)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - sumBytes)), bytes.length - sumBytes)
  return bytes
}

/** A row, and where the next one begins. */
export interface FoundRow {
  readonly row: KeyRow
  readonly end: number
}

/** The row at an offset, or null where no whole one stands. */
export function decodeRow(bytes: Buffer, offset: number): FoundRow | null {
  if (offset + rowHeadBytes > bytes.length || !bytes.subarray(offset, offset + 4).equals(rowMagic)) return null
  const end = offset + rowHeadBytes + bytes.readUInt16BE(offset + 4) + sumBytes
  if (end > bytes.length || end - offset > rowBytesMax || end - offset < rowHeadBytes + fixedBytes + sumBytes)
    return null
  if (bytes.readUInt32BE(end - sumBytes) !== crc32(bytes.subarray(offset, end - sumBytes))) return null
  const row = {
    maker: bytes.readUInt32BE(offset + 6),
    count: bytes.readUInt32BE(offset + 10),
    month: bytes.readUInt32BE(offset + 14),
    wrapped: Buffer.from(bytes.subarray(offset + 18, offset + 58)),
    subject: bytes.toString('utf8', offset + 58, end - sumBytes),
  }
  return { row, end }
}

/** Where the next whole row after an offset begins; null when there is none: then what stands there was cut off. */
export function laterRow(bytes: Buffer, offset: number): number | null {
  for (let at = bytes.indexOf(rowMagic, offset + 1); at !== -1; at = bytes.indexOf(rowMagic, at + 1))
    if (decodeRow(bytes, at) !== null) return at
  return null
}
