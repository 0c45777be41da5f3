import {
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBMaterializedResult,
  type DuckDBType,
  type DuckDBValue,
  DOUBLE,
  UINTEGER,
  USMALLINT,
  VARCHAR,
} from '@duckdb/node-api'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import { addressKey } from '../../desk/query/mod.ts'
import { absentColumns, numberColumns, textColumns } from './query-columns.ts'
import type { Rows } from './query-rows.ts'

/** Where segments stand as tables of the engine, the last used ones within a bound of memory. */
export interface Tables extends Disposable {
  /** The number of the tables that hold these rows; null when `read` had none. They stay until the next load. */
  load(key: string, read: () => Rows | null): Promise<number | null>
  /** Runs a statement. `{s}`, `{d}` and `{a}` are the tables of that number. Throws `interrupted` or `memory_full` beside others. */
  run(sql: string, values?: readonly DuckDBValue[], table?: number): Promise<DuckDBMaterializedResult>
  /** Cuts off the statement that runs. */
  interrupt(): void
}

/** What a statement may fail with without being wrong. */
export class StatementCut extends Error {
  readonly why: 'interrupted' | 'memory'

  constructor(why: 'interrupted' | 'memory', cause: unknown) {
    super(`The statement was cut off: ${why}`, { cause })
    this.name = 'StatementCut'
    this.why = why
  }
}

/** Rows that the engine takes at once. */
const chunkRows = 2_048
/** Of the memory, so that there is some for answers. */
const tablesShare = 0.6

/**
 * The engine, in memory alone: nothing of it may reach a file, the network or an extension, and no statement can change that.
 */
async function openEngine(memoryBytesMax: number): Promise<DuckDBInstance> {
  return await DuckDBInstance.create(':memory:', {
    threads: '1',
    default_block_size: process.env.BS ?? '262144',
    memory_limit: `${Math.ceil(memoryBytesMax / 1024)}KiB`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false',
    enable_external_access: 'false',
    lock_configuration: 'true',
  })
}

/** Opens the engine, empty, with so much memory for tables and answers together. */
export async function openTables({ memoryBytesMax }: { readonly memoryBytesMax: number }): Promise<Tables> {
  const instance = await openEngine(memoryBytesMax)
  const connection = await instance.connect()
  const loaded = new Map<string, { readonly table: number; readonly bytes: number }>()
  let bytes = 0
  let tables = 0

  const run: Tables['run'] = async (sql, values = [], table = 0) => {
    const named = sql.replaceAll(/\{([sda])\}/g, (_, kind: string) => `${kind}${table}`)
    try {
      return await connection.run(named, [...values])
    } catch (cause) {
      throw cutOf(cause)
    }
  }
  const drop = async (table: number): Promise<void> => {
    for (const kind of ['s', 'd', 'a']) await run(`DROP TABLE IF EXISTS {${kind}}`, [], table)
  }
  const makeRoom = async (size: number): Promise<void> => {
    for (const [key, oldest] of loaded) {
      if (bytes + size <= memoryBytesMax * tablesShare) return
      loaded.delete(key)
      bytes -= oldest.bytes
      await drop(oldest.table)
    }
  }
  return {
    load: async (key, read) => {
      const known = loaded.get(key)
      if (known !== undefined) {
        // The last used stands last.
        loaded.delete(key)
        loaded.set(key, known)
        return known.table
      }
      const rows = read()
      if (rows === null) return null
      const size = sizeOf(rows)
      await makeRoom(size)
      const table = ++tables
      loaded.set(key, { table, bytes: size })
      bytes += size
      try {
        await fill(connection, rows, { table, run })
      } catch (error) {
        // What is there only in part must never be asked.
        loaded.delete(key)
        bytes -= size
        await drop(table)
        throw error
      }
      return table
    },
    run,
    interrupt: () => connection.interrupt(),
    [Symbol.dispose]: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** The engine tells its errors apart by their text alone. */
function cutOf(cause: unknown): Error {
  const text = messageOf(cause)
  if (text.startsWith('INTERRUPT')) return new StatementCut('interrupted', cause)
  if (text.startsWith('Out of Memory')) return new StatementCut('memory', cause)
  return new GatehouseError('store_unreadable', `Cannot ask the query index: ${text.slice(0, 300)}`, { cause })
}

const wordBytes = 24

function sizeOf({ count, words }: Rows): number {
  const codeBytes = words.length > 0xffff ? 4 : 2
  const text = words.reduce((sum, word) => sum + word.length + wordBytes, 0)
  return count * (textColumns.length * codeBytes + numberColumns.length * 8) + text
}

interface Filling {
  readonly table: number
  readonly run: Tables['run']
}

async function fill(connection: DuckDBConnection, rows: Rows, { table, run }: Filling): Promise<void> {
  const codeType = rows.words.length > 0xffff ? UINTEGER : USMALLINT
  const columns = [
    ...textColumns.map((name) => `t_${name} ${codeType.toString()} NOT NULL`),
    ...numberColumns.map((name) => `n_${name} DOUBLE`),
  ]
  await run(`CREATE TABLE {s} (${columns.join(', ')})`, [], table)
  await run(`CREATE TABLE {d} (code ${codeType.toString()}, text VARCHAR)`, [], table)
  await run(`CREATE TABLE {a} (code ${codeType.toString()}, address VARCHAR)`, [], table)
  const narrow = (codes: Uint32Array): Codes => (codeType === USMALLINT ? Uint16Array.from(codes) : codes)
  await append(connection, `s${table}`, {
    types: [...textColumns.map(() => codeType), ...numberColumns.map(() => DOUBLE)],
    columns: [
      ...textColumns.map((name) => narrow(rows.codes[name])),
      ...numberColumns.map((name) => (absentColumns.has(name) ? withNulls(rows.numbers[name]) : rows.numbers[name])),
    ],
  })
  // The first word is none.
  const words = rows.words.slice(1)
  await append(connection, `d${table}`, {
    types: [codeType, VARCHAR],
    columns: [narrow(Uint32Array.from(words, (_, i) => i + 1)), words],
  })
  const addresses = addressesOf(rows)
  await append(connection, `a${table}`, {
    types: [codeType, VARCHAR],
    columns: [narrow(Uint32Array.from(addresses.keys())), [...addresses.values()]],
  })
}

type Codes = Uint16Array | Uint32Array

type Column = Codes | Float64Array | readonly (string | number | null)[]

interface Content {
  readonly types: readonly DuckDBType[]
  readonly columns: readonly Column[]
}

async function append(connection: DuckDBConnection, table: string, { types, columns }: Content): Promise<void> {
  const appender = await connection.createAppender(table)
  const count = columns[0]?.length ?? 0
  try {
    for (let from = 0; from < count; from += chunkRows) {
      const rows = Math.min(chunkRows, count - from)
      const chunk = DuckDBDataChunk.create(types, rows)
      for (const [i, column] of columns.entries()) setColumn(chunk, i, column.slice(from, from + rows))
      appender.appendDataChunk(chunk)
    }
  } finally {
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

/** By the code of their text. */
function addressesOf({ codes, words }: Rows): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  const seen = new Set<number>()
  for (const column of [codes.ip, codes.peer])
    for (const code of column) {
      if (seen.has(code)) continue
      seen.add(code)
      const key = addressKey(words[code] ?? '')
      if (key !== null) found.set(code, key)
    }
  return found
}
