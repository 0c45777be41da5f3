import { type CanonicalValue, canonicalJson, encodeHex, encodeUtf8, sha256 } from '../../tlog/mod.ts'

/**
 * A value as canonical JSON can hold it: absent members are left out, and half characters, which a caller may send, are
 * replaced. Throws a `TlogError` for what cannot be held: null, fractions.
 */
export function canonicalOf(value: unknown): CanonicalValue {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(canonicalOf)
  if (typeof value !== 'object' || value === null) return value as CanonicalValue // refused by whoever writes it, if it is none
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name.toWellFormed(), canonicalOf(member)]))
}

/** The one text of a value (RFC 8785). */
export function canonicalText(value: unknown): string {
  return canonicalJson(canonicalOf(value))
}

/** SHA-256 of that text, 64 hex digits. */
export function digestOf(value: unknown): string {
  return encodeHex(sha256(encodeUtf8(canonicalText(value))))
}

/** The beginning of a digest, enough to name one of a few thousand things. */
export function shortDigest(text: string): string {
  return encodeHex(sha256(encodeUtf8(text.toWellFormed())).subarray(0, 8))
}
