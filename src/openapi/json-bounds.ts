/** What a JSON text may hold, whatever it means. Null: not bounded. */
export interface JsonBounds {
  readonly depthMax: number
  /** Members of maps and items of lists, all together. */
  readonly membersMax: number | null
  /** Bytes of one text or name as it is written. */
  readonly stringBytesMax: number | null
  /** Names that stand twice in a map, which parsers read differently (RFC 8259 4). */
  readonly duplicateKeys: 'allow' | 'refuse'
  /** `__proto__`, and `constructor` with a `prototype` in it, which change objects of careless JavaScript. */
  readonly protoKeys: 'allow' | 'refuse'
}

/** The bound that a text breaks. */
export type JsonBreach = 'depth' | 'members' | 'stringBytes' | 'duplicateKey' | 'protoKey'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openMap = 0x7b
const closeMap = 0x7d
const openList = 0x5b
const closeList = 0x5d

/**
 * Which bound a JSON text breaks first; null for none. One pass over the bytes that builds nothing but the names of open maps,
 * and those only where they are asked for. What is no JSON is not told here: brackets are counted, not matched.
 */
export function jsonBreach(bytes: Uint8Array, bounds: JsonBounds): JsonBreach | null {
  const names = watchesNames(bounds) ? new NameWatch(bounds) : null
  const membersMax = bounds.membersMax ?? Infinity
  const textMax = bounds.stringBytesMax ?? Infinity
  const { length } = bytes
  let depth = 0
  let members = 0
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      const end = stringEnd(bytes, at + 1)
      if (end - at - 1 > textMax) return 'stringBytes'
      const breach = names?.text(bytes, at, end) ?? null
      if (breach !== null) return breach
      at = end
    } else if (byte === openMap || byte === openList) {
      if (++depth > bounds.depthMax) return 'depth'
      members++
      names?.open(byte === openMap)
    } else if (byte === closeMap || byte === closeList) {
      depth--
      names?.close()
    } else if (byte === comma && ++members > membersMax) return 'members'
  }
  return members > membersMax ? 'members' : null
}

function watchesNames({ duplicateKeys, protoKeys }: JsonBounds): boolean {
  return duplicateKeys === 'refuse' || protoKeys === 'refuse'
}

/** Where the text ends: at its quote, or at the end of a text that has none. Most are short: a native search costs more. */
function stringEnd(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  for (let at = from; at < length; at++) {
    const byte = bytes[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  return length
}

/** Knows the names of the maps that are open. */
class NameWatch {
  readonly #bounds: JsonBounds
  readonly #open: { readonly names: Set<string> | null; readonly isConstructor: boolean }[] = []
  #last = ''

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds
  }

  open(isMap: boolean): void {
    this.#open.push({ names: isMap ? new Set() : null, isConstructor: this.#last === 'constructor' })
    this.#last = ''
  }

  close(): void {
    this.#open.pop()
    this.#last = ''
  }

  text(bytes: Uint8Array, from: number, end: number): JsonBreach | null {
    const around = this.#open.at(-1)
    this.#last = ''
    if (around === undefined || around.names === null || !isName(bytes, end + 1)) return null
    const name = nameOf(bytes, from, end)
    if (this.#bounds.protoKeys === 'refuse' && (name === '__proto__' || (name === 'prototype' && around.isConstructor)))
      return 'protoKey'
    if (this.#bounds.duplicateKeys === 'refuse' && around.names.has(name)) return 'duplicateKey'
    around.names.add(name)
    this.#last = name
    return null
  }
}

function isName(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === colon) return true
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false
  }
  return false
}

/** Escapes are resolved: `\u0061` and `a` are one name. */
function nameOf(bytes: Uint8Array, from: number, end: number): string {
  const short = end - from <= shortBytesMax ? asciiOf(bytes, from + 1, end) : null
  if (short !== null) return short
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from + 1, Math.max(0, end - from - 1)).toString('utf8')
  if (!text.includes('\\')) return text
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}

const shortBytesMax = 32

/** A short plain name without a native call; null where it has escapes or is not ASCII. */
function asciiOf(bytes: Uint8Array, from: number, end: number): string | null {
  let text = ''
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === backslash || byte >= 0x80) return null
    text += String.fromCharCode(byte)
  }
  return text
}
