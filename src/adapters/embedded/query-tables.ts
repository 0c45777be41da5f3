import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBMaterializedResult,
  type DuckDBValue,
} from '@duckdb/node-api'
import { appendContent, contentOf, cutOf } from './query-load.ts'
import type { Rows } from './query-rows.ts'

/** Rows that stand as tables of the engine. */
export interface Loadable {
  /** Names their content: what has the same key holds the same. */
  readonly key: string
  /** Null when they cannot be read. */
  read(): Rows | null
}

/** The engine, and in it the columns that were asked for last, within a bound of memory. */
export interface Tables extends Disposable {
  /** Runs a statement over the columns of a segment that it names; null when they cannot be read. Throws `StatementCut` beside others. */
  ask(of: Loadable, sql: string, values: readonly DuckDBValue[]): Promise<DuckDBMaterializedResult | null>
  /** Runs a statement that names no column of a segment. */
  run(sql: string, values?: readonly DuckDBValue[]): Promise<DuckDBMaterializedResult>
  /** Cuts off the statement that runs. */
  interrupt(): void
}

/** Of the memory, so that there is some for answers. */
const tablesShare = 0.6

/** Nothing of the engine may reach a file, the network or an extension, and no statement can change that. */
async function openEngine(memoryBytesMax: number): Promise<DuckDBInstance> {
  return await DuckDBInstance.create(':memory:', {
    threads: '1',
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
  const run: Tables['run'] = async (sql, values = []) => {
    try {
      return await connection.run(sql, [...values])
    } catch (cause) {
      throw cutOf(cause)
    }
  }
  const loaded = openLoaded({ connection, run, bytesMax: memoryBytesMax * tablesShare })
  return {
    ask: async (of, sql, values) => {
      const units = unitsIn(sql)
      const number = await loaded.load(of, units)
      return number === null ? null : await run(named(sql, units, number), values)
    },
    run,
    interrupt: () => connection.interrupt(),
    [Symbol.dispose]: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** The columns of one segment that are in the engine, each a table of its own. */
interface Loaded {
  readonly number: number
  readonly units: Set<string>
  bytes: number
}

interface LoadParts {
  readonly connection: DuckDBConnection
  readonly run: Tables['run']
  readonly bytesMax: number
}

/** The segments that were asked last. */
function openLoaded({ connection, run, bytesMax }: LoadParts): {
  /** The number of the tables that hold these units; null when they cannot be read. */
  load(of: Loadable, units: readonly string[]): Promise<number | null>
} {
  const loaded = new Map<string, Loaded>()
  let bytes = 0
  let numbers = 0

  const drop = async (units: Iterable<string>, { number }: Loaded): Promise<void> => {
    for (const unit of units) await run(`DROP TABLE IF EXISTS ${tableOf(unit, number)}`)
  }
  const makeRoom = async (size: number, keep: Loaded): Promise<void> => {
    for (const [key, oldest] of loaded) {
      if (bytes + size <= bytesMax) return
      if (oldest === keep) continue
      loaded.delete(key)
      bytes -= oldest.bytes
      await drop(oldest.units, oldest)
    }
  }
  const loadUnit = async (unit: string, rows: Rows, into: Loaded): Promise<void> => {
    const content = contentOf(unit, rows)
    const table = tableOf(unit, into.number)
    await makeRoom(content.bytes, into)
    try {
      await run(`CREATE TABLE ${table} (${content.declared})`)
      await appendContent(connection, table, content)
    } catch (error) {
      // What is there only in part must never be asked.
      await drop([unit], into)
      throw error
    }
    into.units.add(unit)
    into.bytes += content.bytes
    bytes += content.bytes
  }
  return {
    load: async (of, units) => {
      const into = loaded.get(of.key) ?? { number: ++numbers, units: new Set(), bytes: 0 }
      // The last used stands last.
      loaded.delete(of.key)
      loaded.set(of.key, into)
      const missing = units.filter((unit) => !into.units.has(unit))
      const rows = missing.length === 0 ? null : of.read()
      if (missing.length > 0 && rows === null) return null
      for (const unit of missing) if (rows !== null) await loadUnit(unit, rows, into)
      return into.number
    },
  }
}

/** Columns (`t_consumer`, `n_status`), words (`d_consumer`) and addresses (`a_ip`) that a statement names. */
function unitsIn(sql: string): readonly string[] {
  const columns = [...sql.matchAll(/\b[tn]_[A-Za-z]+\b/g)].map(([column]) => column)
  const others = [...sql.matchAll(/\{([da]_[A-Za-z]+)\}/g)].map(([, unit = '']) => unit)
  return [...new Set([...columns, ...others])]
}

function tableOf(unit: string, number: number): string {
  return `x${number}_${unit}`
}

/** Rows are their columns side by side. */
function named(sql: string, units: readonly string[], number: number): string {
  const columns = units.filter((unit) => /^[tn]_/.test(unit)).map((unit) => tableOf(unit, number))
  return sql
    .replaceAll('{s}', columns.join(' POSITIONAL JOIN '))
    .replaceAll(/\{([da]_[A-Za-z]+)\}/g, (_, unit: string) => tableOf(unit, number))
}
