import { TlogError } from './errors.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const valueOfCharCode: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  alphabet.indexOf(String.fromCharCode(code)),
)

/** Standard base64 (RFC 4648 section 4) with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(offset, offset + 3)
    const group = a * 0x1_0000 + b * 0x100 + c
    const chars = [18, 12, 6, 0].map((shift) => alphabet[(group >> shift) & 63])
    const missing = Math.max(0, offset + 3 - bytes.length)
    text += chars.slice(0, 4 - missing).join('') + '='.repeat(missing)
  }
  return text
}

/** The one encoding of the bytes and no other: no white space, no missing padding, no stray low bits. */
export function decodeBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array(Math.max(0, Math.floor(text.length / 4) * 3 - padding))
  let group = 0
  for (let index = 0; index < text.length - padding; index++) {
    group = ((group << 6) | (valueOfCharCode[text.charCodeAt(index)] ?? -1)) & 0xff_ffff
    if (index % 4 > 0) bytes[Math.floor(index / 4) * 3 + (index % 4) - 1] = group >> (6 - 2 * (index % 4))
  }
  // Re-encoding is the whole check: every other text that decodes to these bytes is refused by it.
  if (encodeBase64(bytes) !== text) throw new TlogError('malformed', `Not strict base64: ${quote(text)}`)
  return bytes
}

/** Lower case, two digits a byte. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Lower case only, an even number of digits. */
export function decodeHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new TlogError('malformed', `Not strict hex: ${quote(text)}`)
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  )
}

/** Digits only, no sign, no leading zero, at most 2^53 - 1. */
export function parseDecimal(text: string): number {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new TlogError('malformed', `Not a strict decimal number: ${quote(text)}`)
  return value
}

/** The inverse of `parseDecimal`; refuses what it would refuse. */
export function formatDecimal(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TlogError('out_of_range', `Not a whole number from 0 to 2^53 - 1: ${value}`)
  // A negative zero prints as 0.
  return String(value)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Valid UTF-8 only; a byte order mark is kept as the character that it is. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new TlogError('malformed', 'Not valid UTF-8', { cause })
  }
}

/** Refuses lone surrogates, which the platform's encoder would silently replace. */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TlogError('out_of_range', 'The text holds a lone surrogate')
  return encoder.encode(text)
}

/** For messages: what was refused, shortened, without control characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
