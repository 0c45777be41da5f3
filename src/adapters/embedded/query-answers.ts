import type { DuckDBMaterializedResult } from '@duckdb/node-api'
import { type Clock, GatehouseError } from '../../core/mod.ts'
import {
  type AggregateAnswer,
  type AggregateQuery,
  type AnswerBase,
  everything,
  groupFieldsMax,
  groupsMax,
  type IndexedEvent,
  type Measure,
  pointsMax,
  type QueryBase,
  type SearchAnswer,
  type SearchQuery,
  searchRowsMax,
  type SeriesAnswer,
  type SeriesQuery,
  type Shortfall,
} from '../../desk/query/mod.ts'
import { eventOf } from './query-columns.ts'
import { addHits, createHits, type Grouping, groupsOf, type ReadGroup, readGroup } from './query-measures.ts'
import { openRowReader, type Rows } from './query-rows.ts'
import { conditionOf, createBindings, withTables } from './query-sql.ts'
import { StatementCut } from './query-load.ts'
import type { Loadable, Tables } from './query-tables.ts'

/** Rows that are looked at as a whole: a segment, or what is not in one yet. */
export interface Part extends Loadable {
  readonly rows: number
}

/** The parts that a range touches, the newest first, and what of it is known to be missing. */
export interface Coverage {
  readonly parts: readonly Part[]
  readonly missing: readonly Shortfall[]
}

/** What a question is answered from. */
export interface AnswerSource {
  readonly tables: Tables
  readonly clock: Clock
  /** `asked` is when it was: waiting counts. */
  readonly asked: number
  readonly cover: (query: QueryBase) => Coverage
}

const deadlineMsDefault = 2_000
const rowsDefault = 100

/** See `QueryEngine`. */
export async function answerSearch(source: AnswerSource, query: SearchQuery): Promise<SearchAnswer> {
  const limit = within(query.limit ?? rowsDefault, searchRowsMax, 'limit')
  const counted = createBindings()
  const count = conditionOf(query, query.filter ?? everything, counted)
  const listed = createBindings()
  const list = conditionOf(query, query.filter ?? everything, listed)
  const before = listed.bind(query.beforeSeq ?? Number.MAX_SAFE_INTEGER)
  const most = { at: listed.values.length, name: listed.bind(limit) }
  const events: IndexedEvent[] = []
  let matched = 0

  const base = await scan(source, query, async (part) => {
    const counting = `${withTables(count.tables)}SELECT count(*)::DOUBLE FROM {s} WHERE ${count.where}`
    const here = await source.tables.ask(part, counting, counted.values)
    if (here === null) return false
    const matching = await firstNumber(here)
    if (matching > 0 && events.length < limit) {
      const values = listed.values.with(most.at, limit - events.length)
      const listing = `SELECT n_seq FROM {s} WHERE ${list.where} AND n_seq < ${before} ORDER BY n_seq DESC LIMIT ${most.name}::BIGINT`
      const found = await source.tables.ask(part, withTables(list.tables) + listing, values)
      const seqs = found === null ? [] : (await found.getRows()).map(([seq]) => Number(seq))
      const rows = seqs.length === 0 ? null : part.read()
      // Removed since it was loaded: what cannot be shown is not counted either.
      if (found === null || (rows === null && seqs.length > 0)) return false
      if (rows !== null) events.push(...eventsAt(rows, seqs))
    }
    matched += matching
    return true
  })
  return { ...base, matched, events }
}

/** See `QueryEngine`. */
export async function answerAggregate(source: AnswerSource, query: AggregateQuery): Promise<AggregateAnswer> {
  const limit = within(query.limit ?? rowsDefault, groupsMax, 'limit')
  const grouping = groupingOf(query, null)
  const { base, groups } = await answerGroups(source, query, { grouping, limit })
  return {
    ...base,
    groups: groups.map(({ key, values }) => ({ key, values })),
    groupsTotal: groups[0]?.total ?? 0,
  }
}

/** See `QueryEngine`. */
export async function answerSeries(source: AnswerSource, query: SeriesQuery): Promise<SeriesAnswer> {
  const { everyMs } = query
  if (!Number.isSafeInteger(everyMs) || everyMs < 1)
    throw new GatehouseError(
      'invalid_argument',
      `Cannot use ${everyMs} as width of buckets: it takes whole milliseconds`,
    )
  const grouping = groupingOf(query, everyMs)
  const { base, groups } = await answerGroups(source, query, { grouping, limit: pointsMax + 1 })
  if (groups.length > pointsMax)
    throw new GatehouseError(
      'invalid_argument',
      `Cannot answer with more than ${pointsMax} points: ask for a shorter range, wider buckets or fewer fields`,
    )
  return { ...base, everyMs, points: groups.map(({ key, values, atMs }) => ({ atMs, key, values })) }
}

function groupingOf(
  { by = [], measures = ['count'] }: Pick<AggregateQuery, 'by' | 'measures'>,
  everyMs: number | null,
): Grouping {
  if (by.length > groupFieldsMax)
    throw new GatehouseError('invalid_argument', `Cannot group by ${by.length} fields: at most ${groupFieldsMax}`)
  const distinct: readonly Measure[] = measures.length === 0 ? ['count'] : [...new Set(measures)]
  return { by, measures: distinct, everyMs }
}

interface Grouped {
  readonly grouping: Grouping
  readonly limit: number
}

async function answerGroups(
  source: AnswerSource,
  query: QueryBase,
  { grouping, limit }: Grouped,
): Promise<{ base: AnswerBase; groups: readonly ReadGroup[] }> {
  const { tables } = source
  const bindings = createBindings()
  const add = addHits(grouping, conditionOf(query, query.filter ?? everything, bindings), bindings)
  await tables.run(createHits(grouping))
  try {
    const base = await scan(source, query, async (part) => (await tables.ask(part, add, bindings.values)) !== null)
    const matched = await firstNumber(await tables.run('SELECT coalesce(sum(n), 0)::DOUBLE FROM hits'))
    const last = createBindings()
    const sql = groupsOf(grouping, `${last.bind(limit)}::BIGINT`)
    const leftMs = Math.max(foldMsMin, deadlineOf(query) - elapsed(source))
    const rows = await inTime(tables, leftMs, async () => await (await tables.run(sql, last.values)).getRows())
    const groups = typeof rows === 'string' ? [] : rows.map((row) => readGroup(grouping, row))
    const short = typeof rows === 'string' ? [...new Set([...base.short, rows])] : base.short
    return { base: { ...base, matched, short, partial: short.length > 0, elapsedMs: elapsed(source) }, groups }
  } finally {
    await tables.run('DROP TABLE IF EXISTS hits')
  }
}

/** What was read is shown, if that takes no longer than this. */
const foldMsMin = 500

function deadlineOf({ deadlineMs = deadlineMsDefault }: QueryBase): number {
  return deadlineMs
}

/** Looks at part after part until the deadline, and says how far it came. */
async function scan(source: AnswerSource, query: QueryBase, look: Look['look']): Promise<AnswerBase> {
  checkRange(query)
  const { parts, missing } = source.cover(query)
  const short = new Set<Shortfall>(missing)
  const total = parts.reduce((sum, part) => sum + part.rows, 0)
  const leftMs = (): number => deadlineOf(query) - elapsed(source)
  let rowsScanned = 0
  for (const part of parts) {
    if (leftMs() <= 0) {
      short.add('deadline')
      break
    }
    const cut = await lookAt(source.tables, part, { look, leftMs: leftMs() })
    if (cut === null) rowsScanned += part.rows
    else short.add(cut)
    if (cut === 'deadline' || cut === 'memory') break
  }
  return {
    matched: 0,
    scanned: total === 0 ? 1 : rowsScanned / total,
    rowsScanned,
    partial: short.size > 0,
    short: [...short],
    elapsedMs: elapsed(source),
  }
}

interface Look {
  /** False when the part is gone. */
  readonly look: (part: Part) => Promise<boolean>
  readonly leftMs: number
}

/** Why it could not be looked at; null when it was. */
async function lookAt(tables: Tables, part: Part, { look, leftMs }: Look): Promise<Shortfall | null> {
  const looked = await inTime(tables, leftMs, async () => await look(part))
  if (typeof looked === 'string') return looked
  // A segment that could not be read is built again from the ledger.
  return looked ? null : 'behind'
}

const interruptMs = 20

/** Cuts off what takes longer, statement after statement; says so, or that memory was too little. */
async function inTime<T>(tables: Tables, ms: number, task: () => Promise<T>): Promise<T | 'deadline' | 'memory'> {
  const cut = (): void => {
    tables.interrupt()
    timer = setTimeout(cut, interruptMs)
  }
  let timer = setTimeout(cut, Math.max(1, ms))
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof StatementCut)) throw error
    return error.why === 'memory' ? 'memory' : 'deadline'
  } finally {
    clearTimeout(timer)
  }
}

function elapsed({ clock, asked }: AnswerSource): number {
  return Math.round(clock.monotonicMs() - asked)
}

function checkRange(query: QueryBase): void {
  const [from, to] = 'fromMs' in query ? [query.fromMs, query.toMs] : [query.seqFrom, query.seqTo]
  if (Number.isFinite(from) && Number.isFinite(to) && from <= to) return
  throw new GatehouseError('invalid_argument', `Cannot use the range from ${from} to ${to}: it ends before it begins`)
}

function within(value: number, most: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new GatehouseError(
    'invalid_argument',
    `Cannot use ${value} as ${what}: it takes whole numbers from 1 to ${most}`,
  )
}

async function firstNumber(result: DuckDBMaterializedResult): Promise<number> {
  const [row] = await result.getRows()
  return Number(row?.[0] ?? 0)
}

function eventsAt(rows: Rows, seqs: readonly number[]): readonly IndexedEvent[] {
  const rowAt = openRowReader(rows)
  const places = rows.numbers('seq')
  return seqs.map((seq) => {
    const row = rowAt(placeOf(seq, places))
    return { seq, recordedAtUs: row.numbers.recordedUs, event: eventOf(row) }
  })
}

function placeOf(seq: number, places: Float64Array): number {
  let [low, high] = [0, places.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] ?? 0) < seq) low = middle + 1
    else high = middle
  }
  return low
}
