import type { FieldName, GroupValue, Measure, Measured } from '../../desk/query/mod.ts'
import { type Bindings, columnOf, type Condition, isText, withTables } from './query-sql.ts'
import { outcomeCodes } from './query-rows.ts'
import type { TextColumn } from './query-columns.ts'

/** Requests in groups: what is collected of each segment in the table `hits`, and what is made of that in the end. */
export interface Grouping {
  readonly by: readonly FieldName[]
  readonly measures: readonly Measure[]
  /** Width of buckets of time; null for none. */
  readonly everyMs: number | null
}

interface Source {
  /** Of a row. */
  readonly of: string
  /** Of the values of rows, and again of what that gave for parts; null where only all values together tell. */
  readonly fold: 'sum' | 'min' | 'max' | null
  /** Of all values, where `fold` is null. */
  readonly whole?: (value: string) => string
  /** Its values are words. */
  readonly word?: TextColumn
  /** Of no requests. */
  readonly none: 0 | null
}

const outcome = (code: number): Source => ({ of: `(t_outcome = ${code})::DOUBLE`, fold: 'sum', none: 0 })
const percentile = (part: string): Source => ({
  of: 'n_duration',
  fold: null,
  whole: (value) => `quantile_disc(${value}, ${part})`,
  none: null,
})
const different = (word: TextColumn): Source => ({
  of: columnOf(word),
  fold: null,
  whole: (value) => `count(DISTINCT ${value})`,
  word,
  none: 0,
})

const sources: Readonly<Record<Measure, Source>> = {
  count: { of: '1::DOUBLE', fold: 'sum', none: 0 },
  served: outcome(outcomeCodes.served),
  refused: outcome(outcomeCodes.refused),
  failed: outcome(outcomeCodes.failed),
  aborted: outcome(outcomeCodes.aborted),
  p50Us: percentile('0.5'),
  p95Us: percentile('0.95'),
  p99Us: percentile('0.99'),
  maxUs: { of: 'n_duration', fold: 'max', none: null },
  requestBytes: { of: 'n_requestBytes', fold: 'sum', none: 0 },
  responseBytes: { of: 'n_responseBytes', fold: 'sum', none: 0 },
  consumers: different('consumer'),
  ips: different('ip'),
  networks: different('network'),
  firstMs: { of: 'n_time', fold: 'min', none: null },
  lastMs: { of: 'n_time', fold: 'max', none: null },
  firstSeq: { of: 'n_seq', fold: 'min', none: null },
  lastSeq: { of: 'n_seq', fold: 'max', none: null },
}

/** Makes the table of hits anew. */
export function createHits({ by, measures }: Grouping): string {
  const columns = [
    ...by.map((field, i) => `k${i} ${isText(field) ? 'VARCHAR' : 'DOUBLE'}`),
    'b DOUBLE',
    'n DOUBLE',
    ...measures.map((measure, i) => `m${i} ${sources[measure].word === undefined ? 'DOUBLE' : 'VARCHAR'}`),
  ]
  return `CREATE OR REPLACE TEMP TABLE hits (${columns.join(', ')})`
}

/** Adds what one segment has to the hits: folded where that is enough, else row by row. */
export function addHits({ by, measures, everyMs }: Grouping, { tables, where }: Condition, { bind }: Bindings): string {
  const folded = measures.every((measure) => sources[measure].fold !== null)
  const width = everyMs === null ? null : bind(everyMs)
  const keys = by.map((field, i) => `${columnOf(field)} AS k${i}`)
  const bucket = width === null ? '0::DOUBLE AS b' : `floor(n_time / ${width}) * ${width} AS b`
  const values = measures.map((measure, i) => {
    const { of, fold } = sources[measure]
    return `${folded ? `${fold}(${of})` : of} AS m${i}`
  })
  const grouped = folded ? ` GROUP BY ${[...by.map((_, i) => `k${i}`), 'b'].join(', ')}` : ''
  const count = folded ? 'count(*)::DOUBLE AS n' : '1::DOUBLE AS n'
  const inner = `g AS (SELECT ${[...keys, bucket, count, ...values].join(', ')} FROM {s} WHERE ${where}${grouped})`
  const joins: string[] = []
  const shown = (column: string, word: string | null): string => {
    if (word === null) return `g.${column}`
    joins.push(`LEFT JOIN {d_${word}} j_${column} ON j_${column}.code = g.${column}`)
    return `j_${column}.text`
  }
  const columns = [
    ...by.map((field, i) => shown(`k${i}`, isText(field) ? field : null)),
    'g.b',
    'g.n',
    ...measures.map((measure, i) => shown(`m${i}`, sources[measure].word ?? null)),
  ]
  return `INSERT INTO hits ${withTables([...tables, inner])}SELECT ${columns.join(', ')} FROM g ${joins.join(' ')}`
}

/** The groups in the order of an answer, each with how many there are of them; at most `limit`. */
export function groupsOf({ by, measures, everyMs }: Grouping, limit: string): string {
  const keys = by.map((_, i) => `k${i}`)
  const grouped = everyMs === null ? keys : ['b', ...keys]
  const values = measures.map((measure, i) => {
    const { fold, whole } = sources[measure]
    return `${fold === null ? (whole?.(`m${i}`) ?? '') : `${fold}(m${i})`}::DOUBLE AS v${i}`
  })
  const groups = `SELECT ${[...keys, ...(everyMs === null ? [] : ['b']), ...values].join(', ')} FROM hits`
  const byKey = keys.map((key) => `${key} NULLS LAST`)
  const order = everyMs === null ? ['v0 DESC NULLS LAST', ...byKey] : ['b', ...byKey]
  const bucket = everyMs === null ? '0::DOUBLE' : 'b'
  return (
    `SELECT ${[...keys, `${bucket} AS at`, ...values.map((_, i) => `v${i}`), 'count(*) OVER ()::DOUBLE AS total'].join(', ')} ` +
    `FROM (${groups}${grouped.length === 0 ? '' : ` GROUP BY ${grouped.join(', ')}`}) ORDER BY ${order.join(', ')} LIMIT ${limit}`
  )
}

/** One row of `groupsOf`. */
export interface ReadGroup {
  readonly key: readonly GroupValue[]
  readonly atMs: number
  readonly values: Measured
  readonly total: number
}

export function readGroup({ by, measures }: Grouping, row: readonly unknown[]): ReadGroup {
  const number = (index: number): number | null => {
    const value = row[index]
    return typeof value === 'number' ? value : null
  }
  const key = by.map((field, i): GroupValue => {
    const value = row[i]
    return isText(field) ? (typeof value === 'string' ? value : null) : number(i)
  })
  const values: Partial<Record<Measure, number | null>> = {}
  for (const [i, measure] of measures.entries()) values[measure] = number(by.length + 1 + i) ?? sources[measure].none
  return { key, atMs: number(by.length) ?? 0, values, total: number(by.length + 1 + measures.length) ?? 0 }
}
