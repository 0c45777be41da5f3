/**
 * Format GHW1, the write-ahead log of one ledger. A file is a header and batches; a batch is what one write made durable:
 * ```text
 * file header 64: "GHW1\r\n\x1a\n" | u32be 1 | u32be 0 | u64be first seq | u64be created ms | 16 boot | 12 zero | u32be crc32
 * batch header 48: "GBAT" | u32be n | u64be first seq | u64be bytes | u32be crc32(payload) | 16 prev | u32be crc32(header)
 * payload: n × (u16be length, record)
 * ```
 * `prev` is the digest of the header before, which holds the checksum of its payload, across files too; zeros for the first of
 * all. It tells that no batch is missing or stands elsewhere; what keeps records from being changed is the tree over them, not
 * a second hash of every byte. After the last batch the file is zero.
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { readU64, recordHeadBytes, writeU64 } from './envelope.ts'

export const walHeaderBytes = 64
export const batchHeaderBytes = 48
export const digestBytes = 16

/** A file ends with this many records, or before. 256 bundles of 256. */
export const walRecordsMax = 65_536

/** Longest batch, header included; the largest write. */
export const batchBytesMax: number = 4 * 1024 * 1024

export const noDigest: Buffer = Buffer.alloc(digestBytes)

const fileMagic = Buffer.from('GHW1\r\n\x1a\n', 'latin1')
export const batchMagic: Buffer = Buffer.from('GBAT', 'latin1')

export interface WalHeader {
  readonly firstSeq: number
  readonly createdMs: number
  /** 16 random bytes of the start of the gate that created the file. */
  readonly boot: Uint8Array
}

/** Name of the file that begins with this record; names sort like numbers. */
export function walNameOf(firstSeq: number): string {
  return `${String(firstSeq).padStart(20, '0')}.wal`
}

export function encodeWalHeader(header: WalHeader): Buffer {
  const bytes = Buffer.alloc(walHeaderBytes)
  fileMagic.copy(bytes)
  bytes.writeUInt32BE(1, 8)
  writeU64(bytes, 16, header.firstSeq)
  writeU64(bytes, 24, header.createdMs)
  bytes.set(header.boot, 32)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** Null for anything that `encodeWalHeader` did not write. */
export function decodeWalHeader(bytes: Buffer): WalHeader | null {
  if (bytes.length < walHeaderBytes || !bytes.subarray(0, 8).equals(fileMagic) || bytes.readUInt32BE(8) !== 1)
    return null
  if (bytes.readUInt32BE(60) !== crc32(bytes.subarray(0, 60))) return null
  return { firstSeq: readU64(bytes, 16), createdMs: readU64(bytes, 24), boot: Buffer.from(bytes.subarray(32, 48)) }
}

export interface BatchHeader {
  readonly records: number
  readonly firstSeq: number
  readonly payloadBytes: number
  readonly payloadCrc: number
  readonly prev: Buffer
}

/** Writes the header in front of the payload that `batch` already holds behind it. */
export function writeBatchHeader(
  batch: Buffer,
  header: { readonly records: number; readonly firstSeq: number; readonly prev: Buffer },
): void {
  batchMagic.copy(batch)
  batch.writeUInt32BE(header.records, 4)
  writeU64(batch, 8, header.firstSeq)
  writeU64(batch, 16, batch.length - batchHeaderBytes)
  batch.writeUInt32BE(crc32(batch.subarray(batchHeaderBytes)), 24)
  header.prev.copy(batch, 28)
  batch.writeUInt32BE(crc32(batch.subarray(0, 44)), 44)
}

/** Null where no sound batch header stands. */
export function decodeBatchHeader(bytes: Buffer): BatchHeader | null {
  if (bytes.length < batchHeaderBytes || !bytes.subarray(0, 4).equals(batchMagic)) return null
  if (bytes.readUInt32BE(44) !== crc32(bytes.subarray(0, 44))) return null
  return {
    records: bytes.readUInt32BE(4),
    firstSeq: readU64(bytes, 8),
    payloadBytes: readU64(bytes, 16),
    payloadCrc: bytes.readUInt32BE(24),
    prev: Buffer.from(bytes.subarray(28, 44)),
  }
}

/** What the next batch says of this one. */
export function digestOf(batch: Buffer): Buffer {
  return hash('sha256', batch.subarray(0, batchHeaderBytes), 'buffer').subarray(0, digestBytes)
}

/** One record as it is stored, stamp and all: what the tree hashes as a leaf, and bundles hold as an entry. */
export interface Entry {
  readonly seq: number
  /** A view, valid as long as the bytes that it was taken from. */
  readonly bytes: Buffer
}

/** The entries of a payload in order, or null where it is not made of exactly those that its header tells of. */
export function entriesOf(payload: Buffer, header: Pick<BatchHeader, 'firstSeq' | 'records'>): Entry[] | null {
  const entries: Entry[] = []
  let at = 0
  while (at + 2 <= payload.length && entries.length < header.records) {
    const end = at + 2 + payload.readUInt16BE(at)
    if (end > payload.length) return null
    const bytes = payload.subarray(at + 2, end)
    if (seqOf(bytes) !== header.firstSeq + entries.length) return null
    entries.push({ seq: header.firstSeq + entries.length, bytes })
    at = end
  }
  return at === payload.length && entries.length === header.records ? entries : null
}

/** Which record these bytes say they are, null for bytes that are none. */
function seqOf(bytes: Buffer): number | null {
  if (bytes.length < recordHeadBytes || bytes[0] !== 0x47 || bytes[1] !== 1) return null
  return readU64(bytes, 4)
}

/** When the ledger took an entry, µs. */
export function recordedUsOf({ bytes }: Entry): number {
  return readU64(bytes, 12)
}
