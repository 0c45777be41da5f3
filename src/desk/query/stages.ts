import { groupFieldsMax, groupsMax, type Measure } from './engine.ts'
import { type FieldName, fieldOf, fieldWords } from './fields.ts'
import { nearest } from '../../core/mod.ts'
import { problemAt, type Reader, skipSpace, take, takeMatch, takeWord } from './reader.ts'

/** What is asked about the requests that a filter left. */
export interface Stage {
  readonly measures: readonly Measure[]
  readonly by: readonly FieldName[]
  /** Width of the buckets of time; null for none. */
  readonly everyMs: number | null
  /** The largest groups; null for as many as the question's limit allows. */
  readonly limit: number | null
}

/** How a measure is written. */
export interface MeasureWord {
  readonly word: string
  readonly measure: Measure
  readonly about: string
}

/** In the order of the help. */
export const measureWords: readonly MeasureWord[] = [
  { word: 'count', measure: 'count', about: 'Requests' },
  { word: 'served', measure: 'served', about: 'Requests that were served' },
  { word: 'refused', measure: 'refused', about: 'Requests that were refused' },
  { word: 'failed', measure: 'failed', about: 'Requests that failed' },
  { word: 'aborted', measure: 'aborted', about: 'Requests that were aborted' },
  { word: 'p50(ms)', measure: 'p50Us', about: 'Median of the duration' },
  { word: 'p95(ms)', measure: 'p95Us', about: 'The duration that 95 % do not exceed' },
  { word: 'p99(ms)', measure: 'p99Us', about: 'The duration that 99 % do not exceed' },
  { word: 'max(ms)', measure: 'maxUs', about: 'The longest duration' },
  { word: 'sum(in)', measure: 'requestBytes', about: 'Bytes of the requests' },
  { word: 'sum(out)', measure: 'responseBytes', about: 'Bytes of the answers' },
  { word: 'consumers', measure: 'consumers', about: 'Different consumers' },
  { word: 'ips', measure: 'ips', about: 'Different client addresses' },
  { word: 'networks', measure: 'networks', about: 'Different networks of clients' },
]

const topDefault = 10
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `count by route, consumer every 5m`, `p95(ms), count by route`, `top 10 ip`: what stands behind the `|`. */
export function readStage(reader: Reader): Stage {
  skipSpace(reader)
  if (takeWord(reader, 'top')) return readTop(reader)
  const measures = readList(reader, readMeasure)
  skipSpace(reader)
  const by = takeWord(reader, 'by') ? readFields(reader) : []
  skipSpace(reader)
  const everyMs = takeWord(reader, 'every') ? readWidth(reader) : null
  return { measures, by, everyMs, limit: null }
}

function readTop(reader: Reader): Stage {
  skipSpace(reader)
  const { at } = reader
  const digits = takeMatch(reader, /\d{1,9}(?=\s|$)/y)?.[0]
  const limit = digits === undefined ? topDefault : Number(digits)
  if (limit < 1 || limit > groupsMax) throw problemAt(at, `'top' takes a number from 1 to ${groupsMax}`)
  skipSpace(reader)
  takeWord(reader, 'by')
  return { measures: ['count'], by: readFields(reader), everyMs: null, limit }
}

function readFields(reader: Reader): readonly FieldName[] {
  skipSpace(reader)
  const { at } = reader
  const by = readList(reader, readField)
  if (by.length > groupFieldsMax) throw problemAt(at, `requests are grouped by at most ${groupFieldsMax} fields`)
  return [...new Set(by)]
}

function readList<T>(reader: Reader, read: (reader: Reader) => T): readonly T[] {
  const list: T[] = []
  do {
    skipSpace(reader)
    list.push(read(reader))
    skipSpace(reader)
  } while (take(reader, ','))
  return list
}

function readField(reader: Reader): FieldName {
  const { at } = reader
  const word = takeMatch(reader, /[A-Za-z_][A-Za-z0-9_]*/y)?.[0]
  if (word === undefined) throw problemAt(at, 'a field is missing here, such as route')
  const field = fieldOf(word)
  if (field !== null) return field.name
  const meant = nearest(word, fieldWords)
  throw problemAt(at, `there is no field '${word}'${meant === null ? '' : `; did you mean '${meant}'?`}`)
}

function readMeasure(reader: Reader): Measure {
  const { at } = reader
  const match = takeMatch(reader, /([A-Za-z]\w*)(?:\(\s*(\w*)\s*\))?/y)
  if (match === null) throw problemAt(at, 'a stage is missing here: count by route, top 10 ip, p95(ms) by route')
  const [, name = '', of] = match
  const field = of === undefined ? null : fieldOf(of)
  const written = (field === null ? of : shortNames[field.name]) ?? of
  const word = `${name.toLowerCase()}${written === undefined ? '' : `(${written})`}`
  const found = measureWords.find((one) => one.word === word)
  if (found !== undefined) return found.measure
  const meant = nearest(word, [...measureWords.map((one) => one.word), 'top'])
  const hint =
    meant === null ? `there are top, ${measureWords.map((one) => one.word).join(', ')}` : `did you mean '${meant}'?`
  throw problemAt(at, `there is no stage '${match[0]}'; ${hint}`)
}

/** How fields are written in a measure. */
const shortNames: Readonly<Partial<Record<FieldName, string>>> = {
  duration: 'ms',
  requestBytes: 'in',
  responseBytes: 'out',
}

function readWidth(reader: Reader): number {
  skipSpace(reader)
  const { at } = reader
  const match = takeMatch(reader, /(\d{1,6})([smhd])(?=[\s|]|$)/y)
  const everyMs = Number(match?.[1]) * (unitMs[match?.[2] ?? ''] ?? 0)
  if (match === null || everyMs < 1_000) throw problemAt(at, `'every' takes a duration from 1s on, such as 5m`)
  return everyMs
}
