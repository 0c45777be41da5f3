import { addressRange } from './addresses.ts'
import type { Field, FieldKind } from './fields.ts'
import type { Bound, Test } from './filter.ts'
import { nearest } from '../../core/mod.ts'
import { problemAt, type Token } from './reader.ts'

/** The test that a value of this field means. */
export function testOf(field: Field, token: Token): Test {
  if (token.text === '')
    throw problemAt(
      token.at,
      `'${field.name}:' needs a value, such as ${field.example}; '-${field.name}:*' asks for none`,
    )
  if (token.wild && token.pattern === '*') return { kind: 'pattern', pattern: '*' }
  if (field.kind === 'text' || field.kind === 'address') return textTest(field, token)
  return numberTest(field, token)
}

function textTest(field: Field, token: Token): Test {
  if (token.wild) return { kind: 'pattern', pattern: token.pattern }
  if (!token.quoted && /^[<>]/.test(token.text))
    throw problemAt(token.at, `'${field.name}' is text and cannot be more or less; quote it if it begins so`)
  if (field.kind === 'address') {
    if (addressRange(token.text) === null)
      throw problemAt(token.at, `'${token.text}' is no address: write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32`)
    return { kind: 'network', cidr: token.text }
  }
  if (field.values !== null && !field.values.includes(token.text.toLowerCase())) {
    const meant = nearest(token.text, field.values)
    const hint = meant === null ? `there are ${field.values.slice(0, 8).join(', ')}` : `did you mean '${meant}'?`
    throw problemAt(token.at, `'${field.name}' is never '${token.text}'; ${hint}`)
  }
  return { kind: 'equals', value: token.text }
}

function numberTest(field: Field, token: Token): Test {
  const { kind } = field
  const { text, at } = token
  const compared = /^(>=|<=|>|<)(.*)$/s.exec(text)
  if (compared !== null) {
    const [, sign = '', rest = ''] = compared
    const bound: Bound = {
      value: measure(field, { text: rest, at: at + sign.length }).value,
      inclusive: sign.length === 2,
    }
    return sign.startsWith('>') ? { kind: 'range', from: bound, to: null } : { kind: 'range', from: null, to: bound }
  }
  const statusClass = kind === 'number' ? /^([1-5])xx$/i.exec(text) : null
  if (statusClass !== null) return between(Number(statusClass[1]) * 100, Number(statusClass[1]) * 100 + 99)
  const dots = text.indexOf('..')
  if (dots !== -1) return rangeTest(field, token, dots)
  const { value, width } = measure(field, token)
  // A day or a minute is all of it.
  if (kind !== 'time' || width === 1) return { kind: 'equals', value }
  return halfOpen(value, value + width)
}

function rangeTest(field: Field, { text, at }: Token, dots: number): Test {
  const [low, high] = [text.slice(0, dots), text.slice(dots + 2)]
  if (low === '' && high === '') throw problemAt(at, 'a range needs a beginning or an end: 400..499, 500.., ..199')
  const from = low === '' ? null : measure(field, { text: low, at }).value
  const last = high === '' ? null : measure(field, { text: high, at: at + dots + 2 })
  if (last === null) return { kind: 'range', from: { value: from ?? 0, inclusive: true }, to: null }
  const bounded = field.kind === 'time' ? last.value + last.width : last.value
  if (from !== null && from > last.value) throw problemAt(at, `the range '${text}' ends before it begins`)
  const to: Bound = { value: bounded, inclusive: field.kind !== 'time' }
  return { kind: 'range', from: from === null ? null : { value: from, inclusive: true }, to }
}

function between(from: number, to: number): Test {
  return { kind: 'range', from: { value: from, inclusive: true }, to: { value: to, inclusive: true } }
}

function halfOpen(from: number, to: number): Test {
  return { kind: 'range', from: { value: from, inclusive: true }, to: { value: to, inclusive: false } }
}

/** `width` is how long a time is that was written so; 1 for all else. */
interface Measure {
  readonly value: number
  readonly width: number
}

const unitUs: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 }
const unitBytes: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

function measure(
  { kind, name, example }: Field,
  { text, at }: { readonly text: string; readonly at: number },
): Measure {
  const read = readMeasure(kind, text)
  if (read === null) throw problemAt(at, `'${text}' is no ${nouns[kind]} for '${name}'; write for instance ${example}`)
  if (read.value > Number.MAX_SAFE_INTEGER) throw problemAt(at, `'${text}' is too large`)
  return read
}

const nouns: Readonly<Record<FieldKind, string>> = {
  text: 'text',
  address: 'address',
  number: 'number',
  duration: 'duration',
  size: 'size',
  time: 'time',
}

function readMeasure(kind: FieldKind, text: string): Measure | null {
  if (kind === 'time') return readTime(text)
  const match = /^(\d{1,16}(?:\.\d{1,6})?)([a-z]{0,2})$/.exec(text.toLowerCase())
  if (match === null) return null
  const [, digits = '', unit = ''] = match
  if (kind === 'number') return unit === '' ? { value: Number(digits), width: 1 } : null
  const factor = kind === 'duration' ? unitUs[unit === '' ? 'ms' : unit] : unitBytes[unit === '' ? 'b' : unit]
  return factor === undefined ? null : { value: Math.round(Number(digits) * factor), width: 1 }
}

/** Milliseconds since the epoch, or RFC 3339 in UTC, as short as one likes from the day on. */
function readTime(text: string): Measure | null {
  if (/^\d{10,13}$/.test(text)) return { value: Number(text), width: 1 }
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(\.\d{1,3})?Z?)?$/i.exec(text)
  if (match === null) return null
  const [, day = '', minute, second, fraction] = match
  if (fraction !== undefined && second === undefined) return null
  const value = Date.parse(`${day}T${minute ?? '00:00'}${second ?? ':00'}${fraction ?? ''}Z`)
  if (Number.isNaN(value)) return null
  const width = fraction !== undefined ? 1 : second !== undefined ? 1_000 : minute !== undefined ? 60_000 : 86_400_000
  return { value, width }
}
