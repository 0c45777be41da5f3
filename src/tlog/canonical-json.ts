import { TlogError } from './errors.ts'
import { decodeUtf8, quote } from './text.ts'

/**
 * The values that a record may hold: no null, no fractions, no numbers beyond 2^53 - 1, so that every language reads and
 * writes them alike.
 */
export type CanonicalValue = string | number | boolean | readonly CanonicalValue[] | CanonicalObject

/** Members in any order; they are written sorted. */
export interface CanonicalObject {
  readonly [name: string]: CanonicalValue
}

/** Deepest nesting that is written or read. */
export const jsonDepthMax = 32

/**
 * The one JSON text of a value (RFC 8785, of the restricted model): no white space, members sorted by UTF-16 code units,
 * shortest escapes. Throws `out_of_range` for a value outside of the model.
 */
export function canonicalJson(value: CanonicalValue): string {
  return encodeValue(value, 0)
}

/**
 * The value of exactly such a text. Refuses every other: duplicate or unsorted names, other escapes, `1.0`, `-0`, a byte order
 * mark, white space. What is read is written again and compared, so nothing can be read that could be written in two ways.
 */
export function parseCanonicalJson(bytes: Uint8Array): CanonicalValue {
  const text = decodeUtf8(bytes)
  const value = parseJson(text)
  if (rewrite(value) !== text) throw new TlogError('malformed', `Not canonical JSON: ${quote(text)}`)
  return value as CanonicalValue // it was written as one just now
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new TlogError('malformed', `Not JSON: ${quote(text)}`, { cause })
  }
}

function rewrite(value: unknown): string {
  try {
    return encodeValue(value, 0)
  } catch (cause) {
    throw new TlogError('malformed', 'The JSON holds a value that records cannot hold', { cause })
  }
}

function encodeValue(value: unknown, depth: number): string {
  if (typeof value === 'string') return encodeString(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value !== 'object' || value === null || depth === jsonDepthMax) {
    throw new TlogError(
      'out_of_range',
      `Not a value of a record: ${depth === jsonDepthMax ? 'nested too deep' : String(value)}`,
    )
  }
  if (Array.isArray(value)) return `[${value.map((item) => encodeValue(item, depth + 1)).join(',')}]`
  const members = value as Readonly<Record<string, unknown>> // any object that is no array is read by its own members
  const names = Object.keys(members).sort() // compares UTF-16 code units, as RFC 8785 asks
  return `{${names.map((name) => `${encodeString(name)}:${encodeValue(members[name], depth + 1)}`).join(',')}}`
}

function encodeString(text: string): string {
  if (!text.isWellFormed()) throw new TlogError('out_of_range', 'The text holds a lone surrogate')
  return JSON.stringify(text)
}
