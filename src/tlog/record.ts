import { concatBytes, encodeUint, equalBytes, readUint16, readUint64, writeUint } from './bytes.ts'
import { parseCanonicalJson, type CanonicalObject } from './canonical-json.ts'
import { entryBytesMax } from './entry-bundle.ts'
import { TlogError } from './errors.ts'
import { encodeUtf8 } from './text.ts'

/** Longest record that is written; what is longer is cut before it comes here. Readers take all that a bundle can hold. */
export const recordBytesMax = 32_768

/** Where the fixed fields of a record stand (GHR1). */
export const recordLayout: {
  readonly flags: 2
  readonly sequence: 4
  readonly committed: 12
  readonly publicLength: 20
  readonly publicPart: 22
} = { flags: 2, sequence: 4, committed: 12, publicLength: 20, publicPart: 22 }

/** Place and time, given by the one thread that writes the log. */
export interface Stamp {
  /** Equals the leaf index. */
  readonly sequence: number
  /** Microseconds of a clock that never goes back within a log. */
  readonly committedUs: number
}

/** The encrypted part, as it is stored. Nothing here can be checked without keys but its lengths. */
export interface SealedPart {
  /** 16 bytes that say which key, to him who may know. */
  readonly keyTag: Uint8Array
  /** 16 bytes. */
  readonly iv: Uint8Array
  /** 32 bytes: SHA-256(0x02 || salt || padded plaintext). */
  readonly commitment: Uint8Array
  /** Salt of 16 bytes and the plaintext, padded to a multiple of 32. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly mac: Uint8Array
}

/** A record, taken apart. */
export interface LogRecord extends Stamp {
  /** About the log itself rather than about traffic. */
  readonly isControl: boolean
  /** UTF-8 of one canonical JSON object. */
  readonly publicPart: Uint8Array
  readonly sealed: SealedPart | null
}

/** What is known before the record has its place; all that the sealing thread writes. */
export type UnstampedRecord = Omit<LogRecord, keyof Stamp>

const magic = Uint8Array.of(0x47, 0x01)
const sealedFlag = 1
const controlFlag = 2
const saltBytes = 16
const paddingBytes = 32
const sealedHeadBytes = 16 + 16 + 32 + 2
const macBytes = 32

/** The bytes of a record: what is hashed as a leaf, and stored as an entry. Throws `out_of_range` beyond `recordBytesMax`. */
export function encodeRecord(record: LogRecord): Uint8Array {
  const bytes = concatBytes([
    headOf(record),
    encodeUint(record.sequence, 8),
    encodeUint(record.committedUs, 8),
    publicOf(record),
    ...(record.sealed === null ? [] : [sealedHeadOf(record.sealed), record.sealed.mac]),
  ])
  if (bytes.length > recordBytesMax)
    throw new TlogError('out_of_range', `A record of ${bytes.length} bytes exceeds ${recordBytesMax}`)
  return bytes
}

/** Writes the stamp into a record that was encoded without one. Nothing else in the record depends on it. */
export function stampRecord(bytes: Uint8Array, { sequence, committedUs }: Stamp): void {
  writeUint(bytes, recordLayout.sequence, { value: sequence, width: 8 })
  writeUint(bytes, recordLayout.committed, { value: committedUs, width: 8 })
}

/** What the MAC of a sealed record covers: the origin, and every byte of the record before the MAC but the stamp. */
export function macInput(
  origin: string,
  record: Omit<UnstampedRecord, 'sealed'> & { readonly sealed: Omit<SealedPart, 'mac'> },
): Uint8Array {
  const originBytes = encodeUtf8(origin)
  return concatBytes([
    encodeUint(originBytes.length, 2),
    originBytes,
    headOf(record),
    publicOf(record),
    sealedHeadOf(record.sealed),
  ])
}

function headOf({ isControl, sealed }: { readonly isControl: boolean; readonly sealed: unknown }): Uint8Array {
  return Uint8Array.of(...magic, (sealed === null ? 0 : sealedFlag) + (isControl ? controlFlag : 0), 0)
}

function publicOf({ publicPart }: Pick<LogRecord, 'publicPart'>): Uint8Array {
  return concatBytes([encodeUint(publicPart.length, 2), publicPart])
}

function sealedHeadOf({ keyTag, iv, commitment, ciphertext }: Omit<SealedPart, 'mac'>): Uint8Array {
  return concatBytes([keyTag, iv, commitment, encodeUint(ciphertext.length, 2), ciphertext])
}

/**
 * Takes a record apart; fields are views of the bytes. Refuses unknown versions and flags, lengths that do not end exactly with
 * the bytes, and a sealed part that no padding can have given. The JSON is checked by `parsePublicPart`.
 */
export function parseRecord(bytes: Uint8Array): LogRecord {
  if (bytes.length < recordLayout.publicPart || bytes.length > entryBytesMax) refuse(`has ${bytes.length} bytes`)
  if (!equalBytes(bytes.subarray(0, 2), magic)) refuse('does not begin with "G" and version 1')
  const flags = bytes[recordLayout.flags] ?? 0
  if (flags > sealedFlag + controlFlag || bytes[3] !== 0) refuse('has unknown flags')
  const publicEnd = recordLayout.publicPart + readUint16(bytes, recordLayout.publicLength)
  const isSealed = flags % 2 === sealedFlag
  if (isSealed ? publicEnd + sealedHeadBytes + macBytes > bytes.length : publicEnd !== bytes.length) {
    refuse('does not end where its public part says')
  }
  return {
    sequence: readUint64(bytes, recordLayout.sequence),
    committedUs: readUint64(bytes, recordLayout.committed),
    isControl: flags >= controlFlag,
    publicPart: bytes.subarray(recordLayout.publicPart, publicEnd),
    sealed: isSealed ? parseSealed(bytes.subarray(publicEnd)) : null,
  }
}

function parseSealed(bytes: Uint8Array): SealedPart {
  const length = readUint16(bytes, sealedHeadBytes - 2)
  if (sealedHeadBytes + length + macBytes !== bytes.length) refuse('does not end where its sealed part says')
  if (length <= saltBytes || (length - saltBytes) % paddingBytes !== 0) refuse(`has a ciphertext of ${length} bytes`)
  return {
    keyTag: bytes.subarray(0, 16),
    iv: bytes.subarray(16, 32),
    commitment: bytes.subarray(32, 64),
    ciphertext: bytes.subarray(sealedHeadBytes, sealedHeadBytes + length),
    mac: bytes.subarray(sealedHeadBytes + length),
  }
}

/** The public members of a record; refuses anything but one canonical JSON object. */
export function parsePublicPart({ publicPart }: Pick<LogRecord, 'publicPart'>): CanonicalObject {
  const value = parseCanonicalJson(publicPart)
  if (typeof value !== 'object' || Array.isArray(value)) refuse('has a public part that is no object')
  return value as CanonicalObject // neither a plain value nor an array
}

/** The plaintext with 0x80 and zeros up to the next multiple of 32 (ISO/IEC 7816-4), so that its length tells little. */
export function padPlaintext(plaintext: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor(plaintext.length / paddingBytes) + 1) * paddingBytes)
  padded.set(plaintext)
  padded[plaintext.length] = 0x80
  return padded
}

/** The inverse of `padPlaintext`; refuses every other padding. */
export function unpadPlaintext(padded: Uint8Array): Uint8Array {
  const end = padded.findLastIndex((byte) => byte !== 0)
  const plaintext = padded.subarray(0, Math.max(0, end))
  if (padded[end] !== 0x80 || padPlaintext(plaintext).length !== padded.length)
    throw new TlogError('malformed', 'The plaintext is not padded')
  return plaintext
}

function refuse(why: string): never {
  throw new TlogError('malformed', `The record ${why}`)
}
