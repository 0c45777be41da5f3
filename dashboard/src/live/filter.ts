import type { AccessEvent, ShownEvent } from '../api/types.ts'
import { isInNetwork, isNetwork } from '../lib/address.ts'
import { type LiveField, liveFieldOf, nearestField } from './fields.ts'

/** What one value asks for. */
type Test =
  | { readonly kind: 'equals'; readonly text: string }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly isOpen: boolean }
  | { readonly kind: 'network'; readonly network: string }

/** One word of a filter: one of its tests must hold, or with `not` none of them. */
interface Term {
  readonly not: boolean
  /** Null: a text, looked for in all that people read. */
  readonly field: LiveField | null
  readonly tests: readonly Test[]
  /** The values as they were written, without quotes. */
  readonly values: readonly string[]
}

/** A filter of records: all terms must hold. The same words as `gatehouse query` takes, without its stages and brackets. */
export interface LiveFilter {
  readonly terms: readonly Term[]
  /** Why some of the words mean nothing; such words are left out. Empty when all are understood. */
  readonly problems: readonly string[]
}

/** Reads `outcome:refused -ip:10.0.0.0/8 status:401,403 "some text"`. */
export function parseFilter(text: string): LiveFilter {
  const problems: string[] = []
  const terms = wordsOf(text).flatMap((word) => {
    const read = termOf(word)
    if (typeof read !== 'string') return [read]
    problems.push(read)
    return []
  })
  return { terms, problems }
}

interface Word {
  readonly not: boolean
  readonly name: string | null
  readonly values: readonly string[]
}

const wordPattern = /(-)?(?:([A-Za-z_]+):)?((?:"(?:[^"\\]|\\.)*"|[^\s",]+)(?:,(?:"(?:[^"\\]|\\.)*"|[^\s",]+))*)/g
const valuePattern = /"((?:[^"\\]|\\.)*)"|([^\s",]+)/g

function wordsOf(text: string): Word[] {
  return [...text.slice(0, 500).matchAll(wordPattern)].map(([, minus, name, list = '']) => ({
    not: minus !== undefined,
    name: name ?? null,
    values: [...list.matchAll(valuePattern)].map(([, quoted, plain]) =>
      quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/g, '$1'),
    ),
  }))
}

function termOf({ not, name, values }: Word): Term | string {
  if (name === null) {
    const tests = values.map((text) => ({ kind: 'equals', text: text.toLowerCase() }) as const)
    return { not, field: null, tests, values }
  }
  const field = liveFieldOf(name)
  if (field === null) {
    const near = nearestField(name)
    return `There is no field '${name}'${near === null ? '' : `, did you mean '${near}'?`}`
  }
  const tests = values.map((value) => testOf(field, value))
  const wrong = tests.findIndex((test) => test === null)
  if (wrong !== -1) return `'${field.name}' takes ${takes[field.kind]}, not '${values[wrong] ?? ''}'`
  return { not, field, tests: tests.filter((test) => test !== null), values }
}

const takes = {
  text: 'a text',
  number: 'a number, >1, <9 or 1..9',
  status: 'a status such as 403, 4xx or >=500',
  address: 'an address or a network',
  ms: 'milliseconds, >200 or 10..50',
} as const

function testOf({ kind }: LiveField, value: string): Test | null {
  if (kind === 'address' && value !== '*') return isNetwork(value) ? { kind: 'network', network: value } : null
  const statusClass = kind === 'status' ? /^([1-5])xx$/i.exec(value)?.[1] : undefined
  if (statusClass !== undefined) return range(Number(statusClass) * 100, Number(statusClass) * 100 + 99)
  if (value.includes('*')) return { kind: 'pattern', pattern: patternOf(value) }
  return kind === 'text' || kind === 'address' ? { kind: 'equals', text: value.toLowerCase() } : numberTest(value)
}

function numberTest(value: string): Test | null {
  const [, sign = '', first = '', second] =
    /^(>=|<=|>|<)?(\d+(?:\.\d+)?)(?:ms)?(?:\.\.(\d+(?:\.\d+)?))?(?:ms)?$/.exec(value) ?? []
  if (first === '' || (sign !== '' && second !== undefined)) return null
  const at = Number(first)
  if (second !== undefined) return range(at, Number(second))
  if (sign === '') return range(at, at)
  const isOpen = !sign.endsWith('=')
  return sign.startsWith('>') ? range(at, Infinity, isOpen) : range(-Infinity, at, isOpen)
}

function range(from: number, to: number, isOpen: boolean = false): Test {
  return { kind: 'range', from, to, isOpen }
}

function patternOf(value: string): RegExp {
  const escaped = value.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`, 'is')
}

/** Whether a record passes. */
export function matchesFilter({ terms }: LiveFilter, { event, seq }: ShownEvent): boolean {
  return terms.every(({ not, field, tests }) => {
    const holds =
      field === null
        ? tests.some((test) => isText(event, test))
        : tests.some((test) => passes(test, field.of(event, seq)))
    return holds !== not
  })
}

function isText(event: AccessEvent, test: Test): boolean {
  const { path, query, userAgent, note, consumer, id, route, reason, clientIp } = event
  const texts = [path, query, userAgent, note, consumer, id, route, reason, clientIp]
  return test.kind === 'equals' && texts.some((text) => text?.toLowerCase().includes(test.text) === true)
}

/** What is absent passes no test. */
function passes(test: Test, value: string | number | null): boolean {
  if (value === null || value === '') return false
  switch (test.kind) {
    case 'equals':
      return String(value).toLowerCase() === test.text
    case 'pattern':
      return test.pattern.test(String(value))
    case 'network':
      return isInNetwork(String(value), test.network)
    case 'range': {
      const n = Number(value)
      return test.isOpen ? n > test.from && n < test.to : n >= test.from && n <= test.to
    }
  }
}

/** What of the filter the server can hold records against by itself: never fewer records than match. */
export function serverQuery({ terms }: LiveFilter): URLSearchParams {
  const query = new URLSearchParams({ kind: 'request' })
  for (const { not, field, values } of terms) {
    if (not || field === null || query.has(field.name)) continue
    const only = values.length === 1 ? (values[0] ?? '') : null
    if (field.name === 'outcome' && values.every((value) => outcomes.has(value))) query.set('outcome', values.join(','))
    if (field.name === 'status' && values.every((value) => /^(?:0|[1-5]\d\d|[1-5]xx)$/.test(value)))
      query.set('status', values.join(','))
    if (field.name === 'consumer' && only !== null && /^[a-z0-9._-]{1,64}$/.test(only)) query.set('consumer', only)
  }
  return query
}

const outcomes: ReadonlySet<string> = new Set(['served', 'refused', 'failed', 'aborted'])

/** A term as it is written, with quotes where they are needed: `route:"GET /v1/orders"`. */
export function term(field: string, value: string): string {
  return `${field}:${/^[^\s",:]+$|^[\da-f:./]+$/i.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`}`
}

/** The filter's text with the one term in place of all of its field; without, when `value` is null. */
export function withTerm(text: string, field: string, value: string | null): string {
  const others = [...text.matchAll(wordPattern)].filter(
    ([, , name]) => name === undefined || liveFieldOf(name)?.name !== field,
  )
  return [...others.map(([word]) => word), ...(value === null ? [] : [term(field, value)])].join(' ')
}

/** The values that a field is asked for in a filter; empty when it is not. */
export function valuesIn({ terms }: LiveFilter, field: string): readonly string[] {
  return terms.filter((one) => !one.not && one.field?.name === field).flatMap(({ values }) => values)
}
