import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  type AuditEvent,
  type DocumentRange,
  type DocumentWrite,
  GatehouseError,
  messageOf,
  type Policy,
  type NetworkRule,
  type SnapshotChange,
} from '../../core/mod.ts'
import type { Sealer } from '../../crypto/mod.ts'
import { type ControlStore, documentsMaxDefault, outboxFull, outboxMax } from '../../desk/control/mod.ts'
import { migrate } from './migrations.ts'
import { makePrivate } from './private-database.ts'
import { openSealedRows, type SealedRows, text } from './rows.ts'

/**
 * The control store in one SQLite file (0600, as its journal): write-ahead log, synced at every commit. It holds hashes of
 * keys, never keys; ids, times and the collections of documents stand in the open, everything else is sealed. Whoever can
 * write the file decides who gets in: it lies in the data folder, which only its owner enters.
 *
 * Calls do not overlap, for each runs to its end before it returns; another process that writes is waited for 5 s.
 */
export function openEmbeddedControlStore(path: string, sealer: Sealer): ControlStore {
  const database = openDatabase(path)
  const statements = prepare(database)
  const rows = openSealedRows(sealer)
  const run = <T>(what: string, work: () => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    try {
      resolve(work())
    } catch (cause) {
      reject(errorOf(cause, `Cannot ${what} the control store ${path}`))
    }
    return promise
  }
  const writing = <T>(work: () => T): Promise<T> => run('write', () => within(database, 'BEGIN IMMEDIATE', work))
  const store = { statements, rows }
  return {
    load: () =>
      run('read', () =>
        within(database, 'BEGIN', () => {
          const rules = statements.rules.get()
          const [policy, networks] = [rules?.['policy'] ?? null, rules?.['networks'] ?? null]
          return {
            revision: Number(rules?.['revision']),
            policy: policy === null ? null : (rows.open(policy, policyPlace) as Policy), // written by commit
            consumers: statements.consumers.all().map((row) => rows.consumerOf(row)),
            credentials: statements.credentials.all().map((row) => rows.credentialOf(row)),
            networks: networks === null ? [] : (rows.open(networks, networksPlace) as NetworkRule[]), // written by commit
          }
        }),
      ),
    commit: (change, events = []) =>
      writing(() => {
        commit(store, change)
        tell(store, events)
      }),
    use: (lastUsedAtMs) =>
      writing(() => {
        for (const [id, at_ms] of lastUsedAtMs) statements.use.run({ id, at_ms })
      }),
    ...settingsIn({ store, run, writing }),
    outbox: (max) =>
      run('read', () =>
        statements.outbox.all({ max }).map((row) => ({
          place: Number(row['place']),
          event: rows.open(row['sealed'], outboxPlace) as AuditEvent, // written by tell
        })),
      ),
    sent: (place) => run('write', () => void statements.sent.run({ place })),
    ...documentsIn({ store, run, writing }),
    [Symbol.asyncDispose]: () => run('close', () => (database.isOpen ? database.close() : undefined)),
  }
}

/** Where sealed values stand that have no id of their own. */
const policyPlace = 'policy'
const networksPlace = 'networks'
const outboxPlace = 'outbox'

interface Parts {
  readonly store: Store
  readonly run: <T>(what: string, work: () => T) => Promise<T>
  readonly writing: <T>(work: () => T) => Promise<T>
}

function settingsIn({ store, run, writing }: Parts): Pick<ControlStore, 'setting' | 'putSetting'> {
  const { statements, rows } = store
  return {
    setting: (name) =>
      run('read', () => {
        const row = statements.setting.get({ name })
        return row === undefined ? null : String(rows.open(row['sealed'], `setting/${name}`))
      }),
    putSetting: (name, value, events = []) =>
      writing(() => {
        const sealed = rows.seal(value, `setting/${name}`)
        const isSet = statements.putSetting.run({ name, sealed }).changes === 1
        if (isSet) tell(store, events)
        return isSet
      }),
  }
}

function documentsIn({
  store,
  run,
  writing,
}: Parts): Pick<ControlStore, 'document' | 'documents' | 'documentCount' | 'putDocuments'> {
  const { statements, rows } = store
  return {
    document: (collection, id) =>
      run('read', () => {
        const row = statements.document.get({ collection, id })
        return row === undefined ? null : rows.open(row['sealed'], documentPlace(collection, id))
      }),
    documents: (collection, range) =>
      run('read', () =>
        (range.newestFirst === true ? statements.newest : statements.oldest)
          .all({ collection, ...boundsOf(range) })
          .map((row) => ({
            id: text(row['id']),
            position: Number(row['position']),
            value: rows.open(row['sealed'], documentPlace(collection, text(row['id']))),
          })),
      ),
    documentCount: (collection) => run('read', () => Number(statements.count.get({ collection })?.['count'] ?? 0)),
    putDocuments: (writes, events = []) =>
      writing(() => {
        for (const write of writes) put(store, write)
        tell(store, events)
      }),
  }
}

function put({ statements, rows }: Store, { collection, id, position = 0, value }: DocumentWrite): void {
  if (value === null) statements.forget.run({ collection, id })
  else statements.put.run({ collection, id, position, sealed: rows.seal(value, documentPlace(collection, id)) })
}

function documentPlace(collection: string, id: string): string {
  return `document/${collection}/${id}`
}

function boundsOf({ from, to, max }: DocumentRange): { from: number; to: number; max: number } {
  return {
    from: from ?? Number.MIN_SAFE_INTEGER,
    to: to ?? Number.MAX_SAFE_INTEGER,
    max: max ?? documentsMaxDefault,
  }
}

const busyMs = 5_000

function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    makePrivate(path)
    database = new DatabaseSync(path, { timeout: busyMs, enableForeignKeyConstraints: true, defensive: true })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    migrate(database, path)
    return database
  } catch (cause) {
    database?.close()
    throw errorOf(cause, `Cannot open the control store ${path}`)
  }
}

interface Statements {
  readonly rules: StatementSync
  readonly consumers: StatementSync
  readonly credentials: StatementSync
  readonly raise: StatementSync
  readonly putConsumer: StatementSync
  readonly putCredential: StatementSync
  readonly use: StatementSync
  readonly setting: StatementSync
  readonly putSetting: StatementSync
  readonly outboxSpan: StatementSync
  readonly tell: StatementSync
  readonly outbox: StatementSync
  readonly sent: StatementSync
  readonly document: StatementSync
  readonly oldest: StatementSync
  readonly newest: StatementSync
  readonly count: StatementSync
  readonly put: StatementSync
  readonly forget: StatementSync
}

interface Store {
  readonly statements: Statements
  readonly rows: SealedRows
}

function prepare(database: DatabaseSync): Statements {
  return {
    rules: database.prepare('SELECT revision, policy, networks FROM rules'),
    consumers: database.prepare('SELECT * FROM consumers ORDER BY place'),
    credentials: database.prepare('SELECT * FROM credentials ORDER BY place'),
    raise: database.prepare(
      `UPDATE rules SET revision = $revision, policy = coalesce($policy, policy), networks = coalesce($networks, networks)
       WHERE revision = $revision - 1`,
    ),
    putConsumer: database.prepare(
      `INSERT INTO consumers (id, name_tag, sealed) VALUES ($id, $name_tag, $sealed)
       ON CONFLICT (id) DO UPDATE SET name_tag = $name_tag, sealed = $sealed`,
    ),
    putCredential: database.prepare(
      `INSERT INTO credentials (id, consumer_id, hmac_tag, last_used_at_ms, sealed)
       VALUES ($id, $consumer_id, $hmac_tag, $last_used_at_ms, $sealed)
       ON CONFLICT (id) DO UPDATE SET consumer_id = $consumer_id, hmac_tag = $hmac_tag, sealed = $sealed,
         last_used_at_ms = CASE WHEN coalesce($last_used_at_ms, -1) > coalesce(last_used_at_ms, -1)
           THEN $last_used_at_ms ELSE last_used_at_ms END`,
    ),
    use: database.prepare(
      'UPDATE credentials SET last_used_at_ms = $at_ms WHERE id = $id AND coalesce(last_used_at_ms, -1) < $at_ms',
    ),
    setting: database.prepare('SELECT sealed FROM settings WHERE name = $name'),
    putSetting: database.prepare('INSERT INTO settings (name, sealed) VALUES ($name, $sealed) ON CONFLICT DO NOTHING'),
    outboxSpan: database.prepare('SELECT max(place) - min(place) + 1 AS span FROM outbox'),
    tell: database.prepare('INSERT INTO outbox (sealed) VALUES ($sealed)'),
    outbox: database.prepare('SELECT place, sealed FROM outbox ORDER BY place LIMIT $max'),
    sent: database.prepare('DELETE FROM outbox WHERE place <= $place'),
    document: database.prepare('SELECT sealed FROM documents WHERE collection = $collection AND id = $id'),
    oldest: database.prepare(`${documentsInRange} ORDER BY position, id LIMIT $max`),
    newest: database.prepare(`${documentsInRange} ORDER BY position DESC, id DESC LIMIT $max`),
    count: database.prepare('SELECT count(*) AS count FROM documents WHERE collection = $collection'),
    put: database.prepare(
      `INSERT INTO documents (collection, id, position, sealed) VALUES ($collection, $id, $position, $sealed)
       ON CONFLICT (collection, id) DO UPDATE SET position = $position, sealed = $sealed`,
    ),
    forget: database.prepare('DELETE FROM documents WHERE collection = $collection AND id = $id'),
  }
}

const documentsInRange = `SELECT id, position, sealed FROM documents
  WHERE collection = $collection AND position >= $from AND position < $to`

function commit({ statements, rows }: Store, change: SnapshotChange): void {
  const { revision, policy, networks, consumers, credentials } = change
  const { changes } = statements.raise.run({
    revision,
    policy: policy === null ? null : rows.seal(policy, policyPlace),
    networks: networks === null ? null : rows.seal(networks, networksPlace),
  })
  if (changes !== 1) {
    const held = Number(statements.rules.get()?.['revision'])
    throw new GatehouseError('conflict', `Cannot commit revision ${revision}: the control store is at ${held}`)
  }
  for (const consumer of consumers) statements.putConsumer.run(rows.consumerRow(consumer))
  for (const credential of credentials) statements.putCredential.run(rows.credentialRow(credential))
}

function tell({ statements, rows }: Store, events: readonly AuditEvent[]): void {
  // Entries leave in their order, so that the span is their number; without entries it is null.
  if (Number(statements.outboxSpan.get()?.['span'] ?? 0) + events.length > outboxMax) throw outboxFull()
  for (const event of events) statements.tell.run({ sealed: rows.seal(event, outboxPlace) })
}

/** All of the work, or none. */
function within<T>(database: DatabaseSync, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some failures have ended the transaction already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Primary result code SQLITE_CONSTRAINT, in the low byte of all its kinds. */
const constraint = 19

function errorOf(cause: unknown, message: string): GatehouseError {
  if (cause instanceof GatehouseError) return cause
  const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0
  return new GatehouseError(code === constraint ? 'conflict' : 'store_unreadable', `${message}: ${messageOf(cause)}`, {
    cause,
  })
}
