import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  DOUBLE,
  UINTEGER,
  USMALLINT,
  VARCHAR,
} from '@duckdb/node-api'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import { addressKey } from '../../desk/query/mod.ts'
import { absentColumns, numberColumns, type TextColumn, textColumns } from './query-columns.ts'
import type { Rows } from './query-rows.ts'

/** What a statement may fail with without being wrong. */
export class StatementCut extends Error {
  readonly why: 'interrupted' | 'memory'

  constructor(why: 'interrupted' | 'memory', cause: unknown) {
    super(`The statement was cut off: ${why}`, { cause })
    this.name = 'StatementCut'
    this.why = why
  }
}

/** The engine tells its errors apart by their text alone. */
export function cutOf(cause: unknown): Error {
  const text = messageOf(cause)
  if (text.startsWith('INTERRUPT')) return new StatementCut('interrupted', cause)
  if (text.startsWith('Out of Memory') || text.includes('could not allocate')) return new StatementCut('memory', cause)
  return new GatehouseError('store_unreadable', `Cannot ask the query index: ${text.slice(0, 300)}`, { cause })
}

type Codes = Uint16Array | Uint32Array

type Column = Codes | Float64Array | readonly (string | number | null)[]

/** What one table holds. */
export interface Content {
  readonly declared: string
  readonly types: readonly DuckDBType[]
  readonly columns: readonly Column[]
  /** What it takes of the engine's memory, about. */
  readonly bytes: number
}

/** A column (`t_…`, `n_…`), the words of one (`d_…`) or the keys of its addresses (`a_…`). */
export function contentOf(unit: string, rows: Rows): Content {
  const [kind, name] = [unit.slice(0, 1), unit.slice(2)]
  const number = numberColumns.find((one) => one === name)
  if (kind === 'n' && number !== undefined) {
    const values = rows.numbers(number)
    const column = absentColumns.has(number) ? withNulls(values) : values
    return { declared: `${unit} DOUBLE`, types: [DOUBLE], columns: [column], bytes: blocksOf(rows.count * 8) }
  }
  const text = textColumns.find((one) => one === name)
  if (text === undefined) throw new GatehouseError('store_unreadable', `The query index has no column ${unit}`)
  return kind === 't' ? codesOf(text, rows) : wordsOf(text, rows, kind)
}

function codesOf(name: TextColumn, rows: Rows): Content {
  const { type, narrow } = codeTypeOf(rows.words(name))
  return {
    declared: `t_${name} ${type.toString()}`,
    types: [type],
    columns: [narrow(rows.codes(name))],
    bytes: blocksOf(rows.count * (type === USMALLINT ? 2 : 4)),
  }
}

/** Words, or the keys of those that are addresses. */
function wordsOf(name: TextColumn, rows: Rows, kind: string): Content {
  const words = rows.words(name)
  const { type, narrow } = codeTypeOf(words)
  const values = words.map((word) => (kind === 'd' ? word : addressKey(word)))
  // The first word is none.
  const codes = Array.from(values.keys()).filter((code) => code > 0 && values[code] !== null)
  const shown = codes.map((code) => values[code] ?? '')
  return {
    declared: `code ${type.toString()}, ${kind === 'd' ? 'text' : 'address'} VARCHAR`,
    types: [type, VARCHAR],
    columns: [narrow(Uint32Array.from(codes)), shown],
    bytes: blocksOf(codes.length * 4) + blocksOf(shown.reduce((sum, word) => sum + word.length + wordBytes, 0)),
  }
}

const wordBytes = 24
const blockBytes = 256 * 1024
/** Of small tables. */
const blockBytesMin = 4 * 1024

/** The engine gives memory to a column in whole blocks. */
function blocksOf(bytes: number): number {
  return bytes <= blockBytes / 16 ? blockBytesMin + bytes : Math.ceil(bytes / blockBytes) * blockBytes
}

function codeTypeOf({ length }: readonly string[]): { type: DuckDBType; narrow: (codes: Uint32Array) => Codes } {
  return length > 0x1_0000
    ? { type: UINTEGER, narrow: (codes) => codes }
    : { type: USMALLINT, narrow: (codes) => Uint16Array.from(codes) }
}

/** Rows that the engine takes at once. */
const chunkRows = 2_048

/** Fills a table that is there. Throws `StatementCut` when memory was too little; then the table is not whole. */
export async function appendContent(
  connection: DuckDBConnection,
  table: string,
  { types, columns }: Content,
): Promise<void> {
  const appender = await connection.createAppender(table)
  const count = columns[0]?.length ?? 0
  let isWhole = false
  try {
    for (let from = 0; from < count; from += chunkRows) {
      const rows = Math.min(chunkRows, count - from)
      const chunk = DuckDBDataChunk.create(types, rows)
      for (const [i, column] of columns.entries()) setColumn(chunk, i, column.slice(from, from + rows))
      appender.appendDataChunk(chunk)
    }
    appender.flushSync()
    isWhole = true
  } catch (cause) {
    throw cutOf(cause)
  } finally {
    if (!isWhole) appender.clear()
    appender.closeSync()
  }
}

/** Ten times faster than value by value, where the vector is what we know it to be. */
function setColumn(chunk: DuckDBDataChunk, index: number, values: Column): void {
  if (!ArrayBuffer.isView(values)) return chunk.setColumnValues(index, values)
  // Private to the library's types only; what it is is looked at.
  const vector = chunk.getColumnVector(index) as unknown as { items?: unknown; flush(): void }
  const { items } = vector
  if (!ArrayBuffer.isView(items) || items.constructor !== values.constructor)
    return chunk.setColumnValues(index, Array.from(values))
  ;(items as Float64Array).set(values)
  vector.flush()
}

function withNulls(values: Float64Array): readonly (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value))
}
