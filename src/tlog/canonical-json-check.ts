import { jsonDepthMax, parseCanonicalJson } from './canonical-json.ts'
import { TlogError } from './errors.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

/** Not where a value ends: the scan cannot tell, and the parser decides. */
const unsure = -1

const quoteMark = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const words: readonly Uint8Array[] = ['true', 'false'].map(encodeUtf8)

/**
 * Throws `malformed` unless the bytes are one canonical JSON object. Says the same as `parseCanonicalJson`, but five times as
 * fast, for verifiers that read millions of records: what is plainly canonical is recognised by one pass over the bytes, and
 * everything else (escapes, names beyond ASCII, numbers of 16 digits) is left to the parser.
 */
export function assertCanonicalObject(bytes: Uint8Array): void {
  if (bytes[0] === openBrace && valueEnd(bytes, 0, 0) === bytes.length) {
    decodeUtf8(bytes)
    return
  }
  const value = parseCanonicalJson(bytes)
  if (typeof value !== 'object' || Array.isArray(value)) throw new TlogError('malformed', 'The JSON is no object')
}

/** Just after the value that begins here. */
function valueEnd(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at]
  if (first === quoteMark) return stringEnd(bytes, at)
  if (first === openBrace) return depth < jsonDepthMax ? objectEnd(bytes, at, depth) : unsure
  if (first === openBracket) return depth < jsonDepthMax ? arrayEnd(bytes, at, depth) : unsure
  const word = words.find((letters) => letters[0] === first)
  return word === undefined ? numberEnd(bytes, at) : wordEnd(bytes, at, word)
}

function objectEnd(bytes: Uint8Array, start: number, depth: number): number {
  if (bytes[start + 1] === closeBrace) return start + 2
  let at = start
  let before: Uint8Array | null = null
  do {
    const nameEnd = bytes[at + 1] === quoteMark ? stringEnd(bytes, at + 1) : unsure
    if (nameEnd === unsure || bytes[nameEnd] !== colon) return unsure
    const name = bytes.subarray(at + 2, nameEnd - 1)
    if (!isAfter(name, before)) return unsure
    before = name
    at = valueEnd(bytes, nameEnd + 1, depth + 1)
  } while (at !== unsure && bytes[at] === comma)
  return at !== unsure && bytes[at] === closeBrace ? at + 1 : unsure
}

function arrayEnd(bytes: Uint8Array, start: number, depth: number): number {
  if (bytes[start + 1] === closeBracket) return start + 2
  let at = start
  do at = valueEnd(bytes, at + 1, depth + 1)
  while (at !== unsure && bytes[at] === comma)
  return at !== unsure && bytes[at] === closeBracket ? at + 1 : unsure
}

/** Strings without escapes; that the rest is valid UTF-8 is checked for the whole text at once. */
function stringEnd(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === quoteMark) return at + 1
    if (byte < 0x20 || byte === backslash) return unsure
  }
  return unsure
}

/** At most 15 digits, which are safe whatever they are. */
function numberEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start] === minus ? start + 1 : start
  let at = first
  while (isDigit(bytes[at])) at += 1
  const digits = at - first
  if (digits === 0 || digits > 15) return unsure
  return bytes[first] === zero && (digits > 1 || first > start) ? unsure : at
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine
}

function wordEnd(bytes: Uint8Array, start: number, letters: Uint8Array): number {
  return letters.every((letter, index) => bytes[start + index] === letter) ? start + letters.length : unsure
}

/** Whether the name is ASCII, where the order of bytes is that of UTF-16 code units, and sorts after the one before. */
function isAfter(name: Uint8Array, before: Uint8Array | null): boolean {
  let order = before === null ? 1 : 0
  for (let index = 0; index < name.length; index++) {
    const byte = name[index] ?? 0
    if (byte >= 0x80) return false
    if (order === 0) order = byte - (before?.[index] ?? -1)
  }
  return order > 0
}
