import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import { makePrivate } from './private-database.ts'

/** Where one record stands. */
export interface Place {
  readonly seq: number
  /** Index into `kindsByCode`. */
  readonly kind: number
}

export interface Row extends Place {
  readonly key: number
}

/** Whole segments of an index, on disk. */
export interface IndexFile extends Disposable {
  /** First record that is not in the file; 0 in a new one. */
  cursor(): number
  /** A segment, sorted by key, in one transaction with the cursor behind it and the dropping of the oldest one. Lets others have their turn. */
  write(rows: readonly Row[], next: number): Promise<void>
  find(key: number): readonly Place[]
  clear(): void
}

/** 'GTHR' in the file's header. */
const applicationId = 0x47_54_48_52
const version = 1
const schema = `
  CREATE TABLE follower (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL) STRICT;
  INSERT INTO follower (one, next) VALUES (1, 0);
  CREATE TABLE places (
    segment INTEGER NOT NULL, key INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,
    PRIMARY KEY (segment, key, seq)
  ) STRICT, WITHOUT ROWID;
`
/** Rows that are written in one go before others have their turn: a few milliseconds. */
const rowsAtOnce = 4096

/** Keeps the newest `segmentsMax` segments. */
export function openIndexFile(path: string, segmentsMax: number): IndexFile {
  const run = <T>(what: string, work: () => T): T => {
    try {
      return work()
    } catch (cause) {
      throw new GatehouseError('store_unreadable', `Cannot ${what} the request index ${path}: ${messageOf(cause)}`, {
        cause,
      })
    }
  }
  const database = run('open', () => openDatabase(path))
  const { cursor, move, span, add, drop, find } = prepare(database)
  const segments = (): { low: number; high: number } => {
    const row = span.get()
    // Without segments both are null: the first one gets the number 0.
    return { low: Number(row?.['low'] ?? 0), high: Number(row?.['high'] ?? -1) }
  }
  const addAll = async (segment: number, rows: readonly Row[]): Promise<void> => {
    for (let at = 0; at < rows.length; at += rowsAtOnce) {
      for (const { key, seq, kind } of rows.slice(at, at + rowsAtOnce)) add.run({ segment, key, seq, kind })
      await setImmediate()
    }
  }
  return {
    cursor: () => run('read', () => Number(cursor.get()?.['next'])),
    write: async (rows, next) => {
      const segment = run('read', segments).high + 1
      run('write', () => database.exec('BEGIN IMMEDIATE'))
      try {
        await addAll(segment, rows)
        drop.run({ below: segment - segmentsMax + 1 })
        move.run({ next })
        database.exec('COMMIT')
      } catch (cause) {
        if (database.isTransaction) database.exec('ROLLBACK')
        run('write', () => {
          throw cause
        })
      }
    },
    find: (key) =>
      run('read', () => {
        const { low, high } = segments()
        const places: Place[] = []
        for (let segment = low; segment <= high; segment++) {
          const rows = find.all({ segment, key })
          places.push(...rows.map((row) => ({ seq: Number(row['seq']), kind: Number(row['kind']) })))
        }
        return places
      }),
    clear: () => run('write', () => database.exec('BEGIN; DELETE FROM places; UPDATE follower SET next = 0; COMMIT')),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close()
    },
  }
}

function openDatabase(path: string): DatabaseSync {
  makePrivate(path)
  const database = new DatabaseSync(path, { defensive: true })
  try {
    // What the last crash of the machine takes back comes again from the ledger: no sync at each commit.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF')
    const found = [pragma(database, 'application_id'), pragma(database, 'user_version')]
    if (found[0] === 0 && found[1] === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) {
      const marks = `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`
      database.exec(`BEGIN IMMEDIATE; ${schema} ${marks}; COMMIT`)
    } else if (found[0] !== applicationId || found[1] !== version) {
      throw new Error('it is another database, or of another version')
    }
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

type StatementName = 'cursor' | 'move' | 'span' | 'add' | 'drop' | 'find'

function prepare(database: DatabaseSync): Readonly<Record<StatementName, StatementSync>> {
  return {
    cursor: database.prepare('SELECT next FROM follower'),
    move: database.prepare('UPDATE follower SET next = $next'),
    // Two reads at the ends of the index; `min` and `max` in one query would read all of it.
    span: database.prepare(
      'SELECT (SELECT min(segment) FROM places) AS low, (SELECT max(segment) FROM places) AS high',
    ),
    add: database.prepare(
      'INSERT OR IGNORE INTO places (segment, key, seq, kind) VALUES ($segment, $key, $seq, $kind)',
    ),
    drop: database.prepare('DELETE FROM places WHERE segment < $below'),
    find: database.prepare('SELECT seq, kind FROM places WHERE segment = $segment AND key = $key'),
  }
}
