import { type Finding, type Path, type Problem } from './problems.ts'

/** Where something stands, as offsets into the text. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What is known of one value of the file. */
export interface Place {
  /** Null for items of lists and for the root. */
  readonly key: Span | null
  readonly value: Span | null
  /** A scalar as it is written, where that may differ from what it means: `0x10`, `1e3`. */
  readonly written: string | null
}

/**
 * A configuration on its way: plain values, and for each where it came from. Overrides and references replace values in
 * `tree` and note it here, so that a message about a value leads to whoever can mend it, and shows no secret.
 */
export interface Reading {
  readonly name: string
  readonly lines: readonly string[]
  readonly places: ReadonlyMap<string, Place>
  /** Line and column, from 1, of an offset. */
  readonly position: (offset: number) => { readonly line: number; readonly column: number }
  tree: unknown
  /** Values that did not come from the file: `environment variable GATEHOUSE_LISTEN`. */
  readonly origins: Map<string, string>
  /** Values that are never shown, with what is shown instead: `the value of env:ORDERS_URL`. */
  readonly hidden: Map<string, string>
  /** Values that already have a problem, of which a second would only be noise. */
  readonly broken: Set<string>
}

/** A reading of no file: what is in `tree` came from elsewhere. */
export function emptyReading(name: string, tree: unknown): Reading {
  return {
    name,
    lines: [],
    places: new Map(),
    position: () => ({ line: 1, column: 1 }),
    tree,
    origins: new Map(),
    hidden: new Map(),
    broken: new Set(),
  }
}

/** The path as a key of maps. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

/** The path as people read it: `apis.orders.limits.0`. */
export function pathText(path: Path): string {
  return path.join('.')
}

/** The value at a path; undefined where there is none. */
export function valueAt(tree: unknown, path: Path): unknown {
  let node = tree
  for (const step of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return undefined
    // Just seen to be its own member.
    node = (node as Record<string | number, unknown>)[step]
  }
  return node
}

/** Puts a value where the path leads, making maps on the way; false where something that is no map stands in the way. */
export function putAt(tree: unknown, path: Path, value: unknown): boolean {
  let node = tree
  for (const step of path.slice(0, -1)) {
    if (typeof node !== 'object' || node === null) return false
    // The tree is made of plain maps and lists of unknown values; see yaml-reader.ts.
    const map = node as Record<string | number, unknown>
    if (!Object.hasOwn(map, step) || map[step] === null) map[step] = Object.create(null)
    node = map[step]
  }
  const last = path.at(-1)
  if (typeof node !== 'object' || node === null || last === undefined) return false
  // As above.
  ;(node as Record<string | number, unknown>)[last] = value
  return true
}

/** True where a problem of this value, or of what it stands in, was reported before. */
export function isBroken(reading: Reading, path: Path): boolean {
  if (reading.broken.size === 0) return false
  for (let length = 0; length <= path.length; length++) {
    if (reading.broken.has(pathKey(path.slice(0, length)))) return true
  }
  return false
}

const shownCharsMax = 60

/** How a message names a value: quoted, cut to a length, or by its source where the value itself may be a secret. */
export function shown(reading: Reading, path: Path): string {
  const hidden = reading.hidden.get(pathKey(path))
  if (hidden !== undefined) return hidden
  const value = valueAt(reading.tree, path)
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a map of keys'
  const written = reading.places.get(pathKey(path))?.written
  if (written !== undefined && written !== null) return written
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'nothing'
}

/** In double quotes, on one line, without control characters, without a password of a URL. */
export function quoted(text: string): string {
  const plain = printable(withoutPassword(text))
  return `"${plain.length > shownCharsMax ? `${plain.slice(0, shownCharsMax)}…` : plain}"`
}

/** Hides `user:password@` of a URL behind as many stars, so that columns stay. */
export function withoutPassword(text: string): string {
  return text.replaceAll(
    /(:\/\/)([^/\s@'"]+)@/g,
    (_, slashes: string, secret: string) => `${slashes}${'*'.repeat(secret.length)}@`,
  )
}

/** Nothing from a file may steer a terminal or turn the reading direction; one sign for each that is taken away. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '·')
}

/** The finding with its place: the value, the key, or the nearest thing around it that stands in the file. */
export function located(reading: Reading, finding: Finding): Problem {
  const { code, message, path, hint } = finding
  const origin = originOf(reading, path)
  const span = origin === null ? spanOf(reading, finding) : null
  return { code, message, path: pathText(path), ...extent(reading, span), origin, hint }
}

/** Line and columns of a span, which is cut at the end of its first line. */
export function extent(reading: Reading, span: Span | null): Pick<Problem, 'line' | 'column' | 'columnEnd'> {
  if (span === null) return { line: null, column: null, columnEnd: null }
  const { line, column } = reading.position(span.start)
  const text = reading.lines[line - 1]?.trimEnd() ?? ''
  const columnEnd = Math.max(column + 1, Math.min(column + span.end - span.start, text.length + 1))
  return { line, column, columnEnd }
}

function originOf(reading: Reading, path: Path): string | null {
  for (let length = path.length; length > 0; length--) {
    const origin = reading.origins.get(pathKey(path.slice(0, length)))
    if (origin !== undefined) return origin
  }
  return null
}

function spanOf(reading: Reading, { path, mark }: Finding): Span | null {
  const exact = reading.places.get(pathKey(path))
  const own = mark === 'key' ? (exact?.key ?? exact?.value) : (exact?.value ?? exact?.key)
  if (own !== undefined && own !== null) return own
  for (let length = path.length - 1; length >= 0; length--) {
    const around = reading.places.get(pathKey(path.slice(0, length)))
    const span = around?.key ?? around?.value
    if (span !== undefined && span !== null) return span
  }
  return null
}
