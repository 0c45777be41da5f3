/**
 * Classes of data in a text. Where a class has a checksum it is verified; counts alone leave this file.
 */
export const dataClasses = [
  'card',
  'iban',
  'email',
  'phone',
  'jwt',
  'private_key',
  'aws_key',
  'api_key',
  'us_ssn',
  'secret_field',
] as const

export type DataClass = (typeof dataClasses)[number]

/** How many of each class, in the order of `dataClasses`. */
export type ClassCounts = Int32Array

export function createClassCounts(): ClassCounts {
  return new Int32Array(dataClasses.length)
}

/** `card=2`, in the order of the classes; empty for nothing. */
export function countedClasses(counts: ClassCounts): readonly string[] {
  const found: string[] = []
  for (let i = 0; i < counts.length; i++) if ((counts[i] ?? 0) > 0) found.push(`${dataClasses[i]}=${counts[i]}`)
  return found
}

export function count(counts: ClassCounts, dataClass: DataClass): void {
  const at = places[dataClass]
  counts[at] = (counts[at] ?? 0) + 1
}

const places = Object.fromEntries(dataClasses.map((name, at) => [name, at])) as Readonly<Record<DataClass, number>>

/** Bits that say which kinds of characters a text has. */
export const charBits = { digit: 1, upper: 2, at: 4, dash: 8, plus: 16, escape: 32, underscore: 64, dot: 128 } as const

/** The kind of each byte; `stop` ends a text of JSON or must be looked at. */
export const charTable: Uint8Array = tableOf()

function tableOf(): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0x30; i <= 0x39; i++) table[i] = charBits.digit
  for (let i = 0x41; i <= 0x5a; i++) table[i] = charBits.upper
  table[0x40] = charBits.at
  table[0x2d] = charBits.dash
  table[0x2b] = charBits.plus
  table[0x5f] = charBits.underscore
  table[0x2e] = charBits.dot
  return table
}

/** What the scan of a text found out beside its end. */
export interface TextLook {
  readonly mask: number
  readonly digits: number
}

/** Whether a text can have a class at all: most have not, and cost no more than this. */
export function mayHaveClass({ mask, digits }: TextLook, length: number): boolean {
  if (digits >= 9 || (mask & charBits.at) !== 0) return true
  if ((mask & charBits.plus) !== 0 && digits >= 7) return true
  if (length < 16) return false
  if ((mask & charBits.upper) !== 0) return digits >= 1 || (mask & charBits.dot) !== 0 || (mask & charBits.dash) !== 0
  return (mask & charBits.underscore) !== 0 && length >= 20
}

/** `2026-11-25T08:43:06Z`: by far the most texts with many digits. */
export function isTime(bytes: Uint8Array, start: number, length: number): boolean {
  return (
    length >= 19 && length <= 30 && bytes[start + 4] === dash && bytes[start + 7] === dash && bytes[start + 10] === 0x54
  )
}

/** Counts what stands in these bytes; linear, and of one text no more than the bytes given. */
export function classify(bytes: Uint8Array, range: { start: number; end: number }, counts: ClassCounts): void {
  const { start, end } = range
  for (let at = start; at < end; at++) {
    const char = bytes[at] ?? 0
    const kind = kindOf(char)
    if (kind === digit) at = digitRun(bytes, at, end, counts) - 1
    else if (kind === letter) at = word(bytes, at, end, counts) - 1
    else if (char === atSign && at > start) at = email(bytes, { start, at, end }, counts)
    else if (char === plus) at = phone(bytes, at, end, counts) - 1
    else if (char === dash && bytes[at + 1] === dash) at = pem(bytes, at, end, counts) - 1
  }
}

const digit = 1
const letter = 2
const atSign = 0x40
const plus = 0x2b
const dash = 0x2d
const dot = 0x2e
const space = 0x20
const underscore = 0x5f

function kindOf(char: number): number {
  if (char >= 0x30 && char <= 0x39) return digit
  return (char >= 0x41 && char <= 0x5a) || (char >= 0x61 && char <= 0x7a) || char === underscore ? letter : 0
}

/** A run of digits with single blanks or dashes between: a card, or a US social security number. Returns where it ends. */
function digitRun(bytes: Uint8Array, start: number, end: number, counts: ClassCounts): number {
  let digits = 0
  let last = start
  for (let at = start; at < end && digits <= 19; at++) {
    const char = bytes[at] ?? 0
    if (kindOf(char) === digit) {
      digits++
      last = at + 1
    } else if ((char !== space && char !== dash) || kindOf(bytes[at + 1] ?? 0) !== digit) break
  }
  if (last === end || kindOf(bytes[last] ?? 0) === 0) {
    if (digits >= 13 && isCard(bytes, start, digits)) count(counts, 'card')
    else if (digits === 9 && last - start === 11 && isSsn(bytes, start)) count(counts, 'us_ssn')
    return last
  }
  // What follows directly is the same word.
  while (last < end && kindOf(bytes[last] ?? 0) !== 0) last++
  return last
}

/** The check digit of ISO/IEC 7812 (Luhn), under a number that a network gives out. */
function isCard(bytes: Uint8Array, start: number, digits: number): boolean {
  let sum = 0
  let prefix = 0
  for (let at = start, taken = 0; taken < digits; at++) {
    const value = (bytes[at] ?? 0) - 0x30
    if (value < 0 || value > 9) continue
    const isDoubled = (digits - taken) % 2 === 0
    sum += isDoubled ? value * 2 - (value > 4 ? 9 : 0) : value
    if (taken < 4) prefix = prefix * 10 + value
    taken++
  }
  return sum % 10 === 0 && isIssued(prefix, digits)
}

/** First four digits and lengths of the card networks. */
const issued: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [4000, 4999, [13, 16, 19]],
  [5100, 5599, [16]],
  [2221, 2720, [16]],
  [3400, 3499, [15]],
  [3700, 3799, [15]],
  [6011, 6011, [16, 19]],
  [6440, 6599, [16, 19]],
  [3528, 3589, [16, 19]],
  [3600, 3699, [14]],
  [3800, 3899, [14]],
  [3000, 3059, [14]],
  [6200, 6299, [16, 17, 18, 19]],
]

function isIssued(prefix: number, digits: number): boolean {
  return issued.some(([from, to, lengths]) => prefix >= from && prefix <= to && lengths.includes(digits))
}

/** `ddd-dd-dddd`, and none of the numbers that are never given. */
function isSsn(bytes: Uint8Array, start: number): boolean {
  if (bytes[start + 3] !== dash || bytes[start + 6] !== dash) return false
  const part = (from: number, length: number): number => {
    let value = 0
    for (let i = from; i < from + length; i++) value = value * 10 + (bytes[start + i] ?? 0) - 0x30
    return value
  }
  const area = part(0, 3)
  return area !== 0 && area !== 666 && area < 900 && part(4, 2) !== 0 && part(7, 4) !== 0
}

/** E.164 with single blanks, dashes, dots or parentheses between. Returns where it ends. */
function phone(bytes: Uint8Array, start: number, end: number, counts: ClassCounts): number {
  let digits = 0
  let at = start + 1
  if (bytes[at] === 0x30) return at // no country begins with 0
  for (; at < end && digits < 16; at++) {
    const char = bytes[at] ?? 0
    if (kindOf(char) === digit) digits++
    else if (char !== space && char !== dash && char !== dot && char !== 0x28 && char !== 0x29) break
  }
  if (digits >= 8 && digits <= 15 && kindOf(bytes[at] ?? 0) === 0) count(counts, 'phone')
  return at
}

/** What stands before and behind an `@`. Returns the last byte of it. */
function email(
  bytes: Uint8Array,
  { start, at, end }: { start: number; at: number; end: number },
  counts: ClassCounts,
): number {
  let first = at
  while (first > start && at - first < 64 && isLocal(bytes[first - 1] ?? 0)) first--
  let last = at + 1
  let dots = 0
  let afterDot = 0
  for (; last < end && last - at < 254; last++) {
    const char = bytes[last] ?? 0
    if (char === dot) {
      dots++
      afterDot = 0
    } else if (kindOf(char) !== 0 || char === dash) afterDot++
    else break
  }
  if (bytes[last - 1] === dot) dots-- // the end of a sentence
  if (first < at && dots > 0 && last - at > 4 && (afterDot >= 2 || bytes[last - 1] === dot)) count(counts, 'email')
  return last - 1
}

function isLocal(char: number): boolean {
  return kindOf(char) !== 0 || char === dot || char === dash || char === plus || char === 0x25
}

const pemMark = new TextEncoder().encode('PRIVATE KEY-----')

/** `-----BEGIN … PRIVATE KEY-----`. Returns where the dashes end. */
function pem(bytes: Uint8Array, start: number, end: number, counts: ClassCounts): number {
  let at = start
  while (at < end && bytes[at] === dash) at++
  if (at - start !== 5 || !beginsWith(bytes, at, 'BEGIN ')) return at
  for (let i = at + 6; i < Math.min(end, at + 32); i++) {
    if (bytes[i] !== 0x50 || !pemMark.every((char, offset) => bytes[i + offset] === char)) continue
    count(counts, 'private_key')
    return i
  }
  return at
}

/** A word: a token by its form, or an IBAN. Returns where it ends. */
function word(bytes: Uint8Array, start: number, end: number, counts: ClassCounts): number {
  let at = start
  while (at < end && kindOf(bytes[at] ?? 0) !== 0) at++
  const length = at - start
  const first = bytes[start] ?? 0
  if (first === 0x65 && length >= 10 && beginsWith(bytes, start, 'eyJ')) return jwt(bytes, { start, at, end }, counts)
  if (length >= 16 && isToken(bytes, start, length)) {
    count(counts, awsPrefixes.some((prefix) => beginsWith(bytes, start, prefix)) ? 'aws_key' : 'api_key')
  } else if (length >= 4 && isUpper(first) && isUpper(bytes[start + 1] ?? 0))
    return iban(bytes, { start, at, end }, counts)
  return at
}

const awsPrefixes = ['AKIA', 'ASIA'] as const
/** Prefixes under which their makers give out keys, so that they are found. */
const keyPrefixes = [
  'ghp_',
  'gho_',
  'ghs_',
  'github_pat_',
  'gthk_',
  'sk_live_',
  'rk_live_',
  'glpat',
  'AIza',
  'npm_',
] as const

function isToken(bytes: Uint8Array, start: number, length: number): boolean {
  const first = bytes[start] ?? 0
  if (first === 0x41) {
    if (length === 20 && awsPrefixes.some((prefix) => beginsWith(bytes, start, prefix)))
      return upperOrDigits(bytes, start, 20)
    return length >= 30 && beginsWith(bytes, start, 'AIza')
  }
  if (first !== 0x67 && first !== 0x73 && first !== 0x72 && first !== 0x6e) return false
  return length >= 20 && keyPrefixes.some((prefix) => beginsWith(bytes, start, prefix))
}

function jwt(
  bytes: Uint8Array,
  { start, at, end }: { start: number; at: number; end: number },
  counts: ClassCounts,
): number {
  let parts = 1
  let last = at
  let partChars = at - start
  for (; last < end; last++) {
    const char = bytes[last] ?? 0
    if (char === dot) {
      if (partChars < 2) break
      parts++
      partChars = 0
    } else if (kindOf(char) !== 0 || char === dash) partChars++
    else break
  }
  if (parts === 3 && last - start >= 30) count(counts, 'jwt')
  return last
}

/** ISO 13616: country, check digits, account; modulo 97 is 1. In groups of four, or without blanks. Returns where it ends. */
function iban(
  bytes: Uint8Array,
  { start, at, end }: { start: number; at: number; end: number },
  counts: ClassCounts,
): number {
  if (kindOf(bytes[start + 2] ?? 0) !== digit || kindOf(bytes[start + 3] ?? 0) !== digit) return at
  let rest = 0
  let chars = 0
  let last = start + 4
  for (; last < end && chars < 30; last++) {
    const char = bytes[last] ?? 0
    if (char === space && chars % 4 === 0 && kindOf(bytes[last + 1] ?? 0) !== 0) continue
    const value = valueOf(char)
    if (value === null) break
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
    chars++
  }
  if (bytes[last - 1] === space) last--
  const isWhole = last >= end || kindOf(bytes[last] ?? 0) === 0
  if (!isWhole || chars < 11 || restBehind(rest, bytes, start) !== 1) return at
  count(counts, 'iban')
  return last
}

/** Country and check digits come last. */
function restBehind(before: number, bytes: Uint8Array, start: number): number {
  let rest = before
  for (let i = start; i < start + 4; i++) {
    const value = valueOf(bytes[i] ?? 0) ?? 0
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest
}

/** A digit as itself, a capital as 10 to 35. */
function valueOf(char: number): number | null {
  if (kindOf(char) === digit) return char - 0x30
  return isUpper(char) ? char - 0x41 + 10 : null
}

function isUpper(char: number): boolean {
  return char >= 0x41 && char <= 0x5a
}

function upperOrDigits(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) {
    const char = bytes[i] ?? 0
    if (!isUpper(char) && kindOf(char) !== digit) return false
  }
  return true
}

function beginsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}
