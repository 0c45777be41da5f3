/**
 * The bytes of one record, format GHR1: `'G' | u8 version | u8 flags | u8 0 | u64be sequence | u64be µs | u16be P | P bytes
 * of JSON`. The thread that learnt the facts writes everything but the stamp (sequence and time), which only the ledger
 * thread knows; it stands outside of whatever may be sealed or authenticated later. What is not the ledger's business to
 * understand stays opaque to it: it moves records as byte strings of which it knows these first 20 bytes.
 */

/** Bytes before the JSON. */
export const recordHeadBytes = 22

/** Longest record, head included. Transparency-log bundles could carry 65,535; longer texts are cut before they get here. */
export const recordBytesMax = 32_768

/** Longest JSON text of a record, in bytes of UTF-8. */
export const jsonBytesMax: number = recordBytesMax - recordHeadBytes

const magic = 0x47
const version = 1
const stampAt = 4
const publicLengthAt = 20

/** Writes a record without its stamp; returns its length. The caller has made sure that it fits. */
export function writeRecord(target: Buffer, offset: number, json: string): number {
  const bytes = target.write(json, offset + recordHeadBytes, 'utf8')
  target[offset] = magic
  target[offset + 1] = version
  target[offset + 2] = 0
  target[offset + 3] = 0
  target[offset + publicLengthAt] = bytes >>> 8
  target[offset + publicLengthAt + 1] = bytes & 0xff
  return recordHeadBytes + bytes
}

/** Puts the record in its place: sequence number and time. */
export function stampRecord(
  target: Buffer,
  offset: number,
  stamp: { readonly seq: number; readonly us: number },
): void {
  writeU64(target, offset + stampAt, stamp.seq)
  writeU64(target, offset + stampAt + 8, stamp.us)
}

/** A record as its reader sees it; `json` is a view, valid as long as `bytes` is. */
export interface RecordView {
  readonly seq: number
  readonly us: number
  readonly json: Buffer
}

/** Reads what `writeRecord` and `stampRecord` wrote; null for anything else. */
export function readRecord(bytes: Buffer): RecordView | null {
  if (bytes.length < recordHeadBytes || bytes[0] !== magic || bytes[1] !== version) return null
  const jsonEnd = recordHeadBytes + bytes.readUInt16BE(publicLengthAt)
  if (jsonEnd !== bytes.length) return null
  return {
    seq: readU64(bytes, stampAt),
    us: readU64(bytes, stampAt + 8),
    json: bytes.subarray(recordHeadBytes, jsonEnd),
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

/** What the beginning of an event's JSON tells without parsing it: `encodeAccessEvent` writes these two members first. */
export function kindAndIdOf(json: Buffer): { readonly kind: 'opened' | 'request'; readonly id: string } | null {
  for (const kind of ['request', 'opened'] as const) {
    const prefix = prefixes[kind]
    if (json.length > prefix.length + idChars && json.subarray(0, prefix.length).equals(prefix)) {
      return { kind, id: json.toString('latin1', prefix.length, prefix.length + idChars) }
    }
  }
  return null
}

const idChars = 32
const prefixes = {
  opened: Buffer.from('{"kind":"opened","id":"'),
  request: Buffer.from('{"kind":"request","id":"'),
}
