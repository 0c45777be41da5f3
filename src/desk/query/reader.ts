import { GatehouseError } from '../../core/mod.ts'

/** A place in the text of a query. */
export interface Reader {
  readonly text: string
  at: number
}

/** One value, quoted or not. */
export interface Token {
  /** Where it begins. */
  readonly at: number
  /** Without quotes and escapes. */
  readonly text: string
  /** The same with `\` before each `*` and `\` that stands for itself. */
  readonly pattern: string
  /** An unescaped `*` is in it. */
  readonly wild: boolean
  readonly quoted: boolean
}

/** Says what is wrong where. `at` counts from 0, people from 1. */
export function problemAt(at: number, what: string): GatehouseError {
  return new GatehouseError('invalid_argument', `Cannot read the query at column ${at + 1}: ${what}`)
}

export function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text.charAt(reader.at))) reader.at++
}

/** True, and behind it, when this character is next. */
export function take(reader: Reader, char: string): boolean {
  if (reader.text.charAt(reader.at) !== char) return false
  reader.at++
  return true
}

/** True, and behind it, when this word is next as a whole, without regard to case. */
export function takeWord(reader: Reader, word: string): boolean {
  const end = reader.at + word.length
  if (reader.text.slice(reader.at, end).toLowerCase() !== word) return false
  if (!/^(?:[\s()|]|$)/.test(reader.text.slice(end, end + 1))) return false
  reader.at = end
  return true
}

/** What the expression, which is sticky, finds here, and behind it; null when it does not. */
export function takeMatch(reader: Reader, expression: RegExp): RegExpExecArray | null {
  expression.lastIndex = reader.at
  const match = expression.exec(reader.text)
  if (match !== null) reader.at = expression.lastIndex
  return match
}

/** A quoted value, or all until a character that `stop` matches. May be empty. */
export function readToken(reader: Reader, stop: RegExp): Token {
  const { at } = reader
  const quoted = take(reader, '"')
  const { text: all } = reader
  let [text, pattern, wild] = ['', '', false]
  for (;;) {
    const char = all.charAt(reader.at)
    if (char === '' && quoted) throw problemAt(at, 'this quotation mark has no end')
    if (char === '') break
    if (quoted ? char === '"' : stop.test(char)) break
    reader.at++
    if (char === '*') {
      wild = true
      text += char
      pattern += char
      continue
    }
    const plain = char === '\\' ? all.charAt(reader.at++) : char
    if (plain === '') throw problemAt(reader.at - 2, 'nothing stands behind this backslash')
    text += plain
    pattern += plain === '*' || plain === '\\' ? `\\${plain}` : plain
  }
  if (quoted) reader.at++
  return { at, text, pattern, wild, quoted }
}
