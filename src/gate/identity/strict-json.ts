import { GatehouseError } from '../../core/mod.ts'

/** A JSON value whose maps are `Map`s: no name in them can mean anything to the runtime. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonMap
export type JsonMap = ReadonlyMap<string, JsonValue>

/**
 * Reads JSON (RFC 8259) so that no second reader can understand it otherwise: UTF-8 without errors, no name twice, none of
 * `__proto__`, `constructor` and `prototype`, at most `depthMax` levels, no number that JavaScript cannot hold. Throws
 * `invalid_argument`, which says what is wrong and repeats nothing of the text.
 */
export function readStrictJson(bytes: Uint8Array, depthMax: number): JsonValue {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch (cause) {
    throw invalid('it is not UTF-8', cause)
  }
  const reader = new Reader(text, depthMax)
  return reader.document()
}

// A byte order mark is no white space of JSON.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

// Sticky: each takes what stands at the place, and nothing else.
const space = /[\t\n\r ]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// oxlint-disable-next-line no-control-regex -- they must be escaped
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const word = /true|false|null/y

class Reader {
  readonly #text: string
  readonly #depthMax: number
  #at = 0

  constructor(text: string, depthMax: number) {
    this.#text = text
    this.#depthMax = depthMax
  }

  document(): JsonValue {
    const value = this.#value(1)
    this.#take(space)
    if (this.#at < this.#text.length) throw invalid('something stands behind it')
    return value
  }

  #value(depth: number): JsonValue {
    this.#take(space)
    const char = this.#text[this.#at]
    if (char === '{' || char === '[') {
      if (depth > this.#depthMax) throw invalid(`it is deeper than ${this.#depthMax} levels`)
      return char === '{' ? this.#map(depth) : this.#list(depth)
    }
    if (char === '"') return this.#string()
    const read = this.#take(word) ?? this.#take(number)
    if (read === null) throw invalid('it is not JSON')
    const value = JSON.parse(read) as number | boolean | null // by the expressions above
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('a number is too large')
    return value
  }

  #map(depth: number): JsonMap {
    const map = new Map<string, JsonValue>()
    this.#at++
    if (this.#closes('}')) return map
    for (;;) {
      this.#take(space)
      const name = this.#string()
      if (map.has(name)) throw invalid('a name stands in it twice')
      if (forbidden.has(name)) throw invalid('a name in it is not allowed')
      if (!this.#closes(':')) throw invalid('it is not JSON')
      map.set(name, this.#value(depth + 1))
      if (this.#closes('}')) return map
      if (!this.#closes(',')) throw invalid('it is not JSON')
    }
  }

  #list(depth: number): readonly JsonValue[] {
    const list: JsonValue[] = []
    this.#at++
    if (this.#closes(']')) return list
    for (;;) {
      list.push(this.#value(depth + 1))
      if (this.#closes(']')) return list
      if (!this.#closes(',')) throw invalid('it is not JSON')
    }
  }

  #string(): string {
    const read = this.#take(string)
    if (read === null) throw invalid('it is not JSON')
    const value = JSON.parse(read) as string // by the expression above
    if (!value.isWellFormed()) throw invalid('half a character stands in it')
    return value
  }

  /** Behind white space. */
  #closes(char: string): boolean {
    this.#take(space)
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #take(what: RegExp): string | null {
    what.lastIndex = this.#at
    const found = what.exec(this.#text)?.[0] ?? null
    if (found !== null) this.#at += found.length
    return found
  }
}

function invalid(why: string, cause?: unknown): GatehouseError {
  return new GatehouseError('invalid_argument', `This cannot be read as JSON: ${why}`, { cause })
}
