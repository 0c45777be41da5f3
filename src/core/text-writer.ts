import { withoutSecrets } from './secrets.ts'

/** Longest text of a field in a record, in UTF-16 units; what is cut is marked with `…` and its full length. */
export const fieldCharsMax = 2048

/**
 * Writes canonical JSON (RFC 8785) straight into bytes, which costs a third less than building a string, and leaves nothing
 * to collect. Texts become well-formed Unicode and are cut when they are longer than `charsMax`. What does not fit is counted
 * and not written: see `fits`.
 */
export class TextWriter {
  readonly #bytes: Uint8Array
  /** Where the next byte goes. */
  at = 0
  charsMax: number = fieldCharsMax

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** False when the bytes were too few; then what stands in them is of no use. */
  get fits(): boolean {
    return this.at <= this.#bytes.length
  }

  /** Characters of ours: ASCII, nothing to escape. */
  literal(ascii: string): void {
    const bytes = this.#bytes
    let at = this.at
    for (let i = 0; i < ascii.length; i++) bytes[at++] = ascii.charCodeAt(i)
    this.at = at
  }

  /** A JSON string. */
  text(text: string): void {
    if (text.length > this.charsMax) return this.#mended(text)
    const start = this.at
    this.#bytes[this.at++] = quoteMark
    if (this.#plain(text)) this.#bytes[this.at++] = quoteMark
    else {
      this.at = start
      this.#mended(text)
    }
  }

  /** A JSON string of what somebody else sent: keys and tokens of ours are masked in it, so that no secret enters a record. */
  foreign(text: string): void {
    this.text(withoutSecrets(text))
  }

  /** Two texts with a space between, as one JSON string. */
  pair(first: string, second: string): void {
    const start = this.at
    this.#bytes[this.at++] = quoteMark
    if (this.#plain(first)) {
      this.#bytes[this.at++] = space
      if (this.#plain(second)) {
        this.#bytes[this.at++] = quoteMark
        return
      }
    }
    this.at = start
    this.#mended(`${first} ${second}`)
  }

  /** A whole number; what is none becomes the nearest one. */
  number(value: number): void {
    if (value <= digitsMax && value >= 0 && Number.isInteger(value)) this.#digits(value)
    else this.literal(String(Number.isSafeInteger(value) ? value : nearest(value)))
  }

  /** A member behind others, left out when it is empty; `name` is `,"name":`. */
  member(name: string, text: string): void {
    if (text === '') return
    this.literal(name)
    this.text(text)
  }

  foreignMember(name: string, text: string): void {
    if (text === '') return
    this.literal(name)
    this.foreign(text)
  }

  /** Left out when it is null. */
  nullable(name: string, text: string | null): void {
    if (text === null) return
    this.literal(name)
    this.text(text)
  }

  numberMember(name: string, value: number): void {
    this.literal(name)
    this.number(value)
  }

  /** Left out when it is empty. */
  listMember(name: string, texts: readonly string[]): void {
    if (texts.length === 0) return
    this.literal(name)
    this.list(texts)
  }

  list(texts: readonly string[]): void {
    this.literal('[')
    for (let i = 0; i < texts.length; i++) {
      if (i > 0) this.literal(',')
      this.text(texts[i] ?? '')
    }
    this.literal(']')
  }

  /** Writes what stands for itself in JSON and is one byte long; false at the first character that does not. */
  #plain(text: string): boolean {
    const bytes = this.#bytes
    let at = this.at
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i)
      if (char < 0x20 || char > 0x7e || char === quoteMark || char === backslash) return false
      bytes[at++] = char
    }
    this.at = at
    return true
  }

  #digits(value: number): void {
    const bytes = this.#bytes
    let at = this.at + digitsOf(value)
    this.at = at
    let rest = value >>> 0
    do {
      const tenth = (rest / 10) >>> 0
      bytes[--at] = zero + rest - tenth * 10
      rest = tenth
    } while (rest > 0)
  }

  #mended(text: string): void {
    const json = JSON.stringify(cutText(text, this.charsMax).toWellFormed())
    const room = this.#bytes.subarray(Math.min(this.at, this.#bytes.length))
    const { read, written } = encoder.encodeInto(json, room)
    this.at += read === json.length ? written : this.#bytes.length + 1
  }
}

const encoder = new TextEncoder()
const space = 0x20
const quoteMark = 0x22
const zero = 0x30
const backslash = 0x5c
const digitsMax = 0xffff_ffff

function digitsOf(value: number): number {
  if (value < 100_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10_000 ? 4 : 5
  return value < 10_000_000 ? (value < 1_000_000 ? 6 : 7) : value < 1e8 ? 8 : value < 1e9 ? 9 : 10
}

const longMark = /…\(\d{1,9}\)$/

/** A text that was cut before keeps the length that it had at first. */
function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const mark = longMark.exec(text)?.[0] ?? ''
  const chars = text.length - mark.length
  const wasCut = mark !== '' && chars <= fieldCharsMax
  if (wasCut && chars <= charsMax) return text
  return `${text.slice(0, charsMax)}${wasCut ? mark : `…(${text.length})`}`
}

function nearest(value: number): number {
  if (Number.isNaN(value)) return 0
  return Math.round(Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER))
}
