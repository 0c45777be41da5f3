import {
  type AnswerBase,
  groupsMax,
  type GroupValue,
  type IndexedEvent,
  type Measure,
  type QueryBase,
  type QueryEngine,
  type QueryRange,
  searchRowsMax,
} from './engine.ts'
import { fieldOf, type FieldKind, type FieldName } from './fields.ts'
import type { Question } from './language.ts'
import type { Stage } from './stages.ts'

/** How the values of a column are to be read: durations in µs, sizes in bytes, times in ms since the epoch. */
export type ColumnKind = FieldKind

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
}

/** The answer to a question of the language: requests, or a table. */
export type Answered = AnswerBase &
  (
    | { readonly kind: 'events'; readonly columns: readonly Column[]; readonly rows: readonly IndexedEvent[] }
    | {
        readonly kind: 'table'
        readonly columns: readonly Column[]
        readonly rows: readonly (readonly GroupValue[])[]
        /** Rows that there are, those beyond the limit included. */
        readonly total: number
      }
  )

export interface AskOptions {
  readonly range: QueryRange
  /** @default 100 */
  readonly limit?: number
  /** For the page behind one whose last request stands there. */
  readonly beforeSeq?: number
  /** @default 2,000 */
  readonly deadlineMs?: number
}

const limitDefault = 100

/** Asks a question that was read. Throws what the engine throws. */
export async function askQuestion(engine: QueryEngine, question: Question, options: AskOptions): Promise<Answered> {
  const { range, deadlineMs, beforeSeq, limit = limitDefault } = options
  const base: QueryBase = { ...range, filter: question.filter, ...(deadlineMs === undefined ? {} : { deadlineMs }) }
  const { stage } = question
  if (stage !== null) return await askStage(engine, stage, { base, limit })
  const page = beforeSeq === undefined ? {} : { beforeSeq }
  const { events, ...said } = await engine.search({ ...base, limit: Math.min(limit, searchRowsMax), ...page })
  return { kind: 'events', columns: [], rows: events, ...said }
}

interface Staged {
  readonly base: QueryBase
  readonly limit: number
}

async function askStage(engine: QueryEngine, stage: Stage, { base, limit }: Staged): Promise<Answered> {
  const { by, measures, everyMs } = stage
  const columns = [...by.map(fieldColumn), ...measures.map(measureColumn)]
  const cells = (values: Readonly<Partial<Record<Measure, number | null>>>): readonly GroupValue[] =>
    measures.map((measure) => values[measure] ?? null)
  if (everyMs === null) {
    const asked = { ...base, by, measures, limit: Math.min(stage.limit ?? limit, groupsMax) }
    const { groups, groupsTotal, ...said } = await engine.aggregate(asked)
    const rows = groups.map(({ key, values }) => [...key, ...cells(values)])
    return { kind: 'table', columns, rows, total: groupsTotal, ...said }
  }
  const { points, everyMs: _width, ...said } = await engine.series({ ...base, by, measures, everyMs })
  const rows = points.map(({ atMs, key, values }) => [atMs, ...key, ...cells(values)])
  return { kind: 'table', columns: [{ name: 'at', kind: 'time' }, ...columns], rows, total: rows.length, ...said }
}

function fieldColumn(name: FieldName): Column {
  return { name, kind: fieldOf(name)?.kind ?? 'text' }
}

function measureColumn(name: Measure): Column {
  return { name, kind: kindsOf[name] ?? 'number' }
}

const kindsOf: Readonly<Partial<Record<Measure, ColumnKind>>> = {
  p50Us: 'duration',
  p95Us: 'duration',
  p99Us: 'duration',
  maxUs: 'duration',
  requestBytes: 'size',
  responseBytes: 'size',
  firstMs: 'time',
  lastMs: 'time',
}
