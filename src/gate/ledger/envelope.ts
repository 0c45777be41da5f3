/**
 * The bytes of one record, format GHR1: `'G' | u8 version | u8 flags | u8 0 | u64be sequence | u64be µs | u16be P | P bytes
 * of JSON`, and behind them, where the flags say so, a sealed part. The thread that learnt the facts writes everything but
 * the stamp (sequence and time), which only the ledger thread knows; it stands outside of what is authenticated. What is not
 * the ledger's business to understand stays opaque to it: it moves records as byte strings of which it knows these first 20
 * bytes. `tlog` reads the same format, with every rule of it, for those who trust nothing.
 */

/** Bytes before the public part. */
export const recordHeadBytes = 22

/** Longest record, head included. Transparency-log bundles could carry 65,535; longer texts are cut before they get here. */
export const recordBytesMax = 32_768

/** What the third byte of a record says. */
export const recordFlags = { sealed: 1, control: 2 } as const

/** `'G'`, the version and the flags: the first four bytes, which are authenticated; and where the public part's length stands. */
export const recordMagic = 0x47
export const recordVersion = 1
export const publicLengthAt = 20

/** Where the stamp begins that the ledger thread writes, and how long it is. */
export const stampAt = 4
export const stampBytes = 16

/** Puts the record in its place: sequence number and time. */
export function stampRecord(
  target: Buffer,
  offset: number,
  stamp: { readonly seq: number; readonly us: number },
): void {
  writeU64(target, offset + stampAt, stamp.seq)
  writeU64(target, offset + stampAt + 8, stamp.us)
}

/** A record as its reader sees it; views, valid as long as `bytes` is. */
export interface RecordView {
  readonly seq: number
  readonly us: number
  /** One JSON object. */
  readonly publicPart: Buffer
  readonly isSealed: boolean
}

/** Reads what a thread wrote and the ledger stamped; null for anything else. The sealed part is looked into only by who opens it. */
export function readRecord(bytes: Buffer): RecordView | null {
  if (bytes.length < recordHeadBytes || bytes[0] !== recordMagic || bytes[1] !== recordVersion) return null
  const publicEnd = recordHeadBytes + bytes.readUInt16BE(publicLengthAt)
  const isSealed = ((bytes[2] ?? 0) & recordFlags.sealed) !== 0
  if (isSealed ? publicEnd >= bytes.length : publicEnd !== bytes.length) return null
  return {
    seq: readU64(bytes, stampAt),
    us: readU64(bytes, stampAt + 8),
    publicPart: bytes.subarray(recordHeadBytes, publicEnd),
    isSealed,
  }
}

/** u64be of a number that JavaScript holds exactly (up to 2^53 - 1). */
export function writeU64(target: Buffer, offset: number, value: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  target.writeUInt32BE(value >>> 0, offset + 4)
}

/** The counterpart of `writeU64`. */
export function readU64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4)
}
