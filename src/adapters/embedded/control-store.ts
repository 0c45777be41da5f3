import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type AuditEvent, GatehouseError, messageOf, type SnapshotChange } from '../../core/mod.ts'
import { type ControlStore, outboxFull, outboxMax } from '../../desk/control/mod.ts'
import { migrate } from './migrations.ts'
import { makePrivate } from './private-database.ts'
import { consumerOf, consumerRow, credentialOf, credentialRow, outboxEntryOf, policyOf, text } from './rows.ts'

/**
 * The control store in one SQLite file (0600, as its journal): write-ahead log, synced at every commit. It holds hashes of
 * keys, never keys. Whoever can write the file decides who gets in: it lies in the data folder, which only its owner enters.
 *
 * Calls do not overlap, for each runs to its end before it returns; another process that writes is waited for 5 s.
 */
export function openEmbeddedControlStore(path: string): ControlStore {
  const database = openDatabase(path)
  const statements = prepare(database)
  const run = <T>(what: string, work: () => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    try {
      resolve(work())
    } catch (cause) {
      reject(errorOf(cause, `Cannot ${what} the control store ${path}`))
    }
    return promise
  }
  return {
    load: () =>
      run('read', () =>
        within(database, 'BEGIN', () => {
          const rules = statements.rules.get()
          return {
            revision: Number(rules?.['revision']),
            policy: policyOf(rules?.['policy']),
            consumers: statements.consumers.all().map(consumerOf),
            credentials: statements.credentials.all().map(credentialOf),
          }
        }),
      ),
    commit: (change, events = []) =>
      run('write', () =>
        within(database, 'BEGIN IMMEDIATE', () => {
          commit(statements, change)
          tell(statements, events)
        }),
      ),
    use: (lastUsedAtMs) =>
      run('write', () =>
        within(database, 'BEGIN IMMEDIATE', () => {
          for (const [id, at_ms] of lastUsedAtMs) statements.use.run({ id, at_ms })
        }),
      ),
    setting: (name) =>
      run('read', () => {
        const row = statements.setting.get({ name })
        return row === undefined ? null : text(row['value'])
      }),
    putSetting: (name, value, events = []) =>
      run('write', () =>
        within(database, 'BEGIN IMMEDIATE', () => {
          const isSet = statements.putSetting.run({ name, value }).changes === 1
          if (isSet) tell(statements, events)
          return isSet
        }),
      ),
    outbox: (max) => run('read', () => statements.outbox.all({ max }).map(outboxEntryOf)),
    sent: (place) => run('write', () => void statements.sent.run({ place })),
    [Symbol.asyncDispose]: () => run('close', () => (database.isOpen ? database.close() : undefined)),
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
}

function prepare(database: DatabaseSync): Statements {
  return {
    rules: database.prepare('SELECT revision, policy FROM rules'),
    consumers: database.prepare('SELECT * FROM consumers ORDER BY place'),
    credentials: database.prepare('SELECT * FROM credentials ORDER BY place'),
    raise: database.prepare(
      'UPDATE rules SET revision = $revision, policy = coalesce($policy, policy) WHERE revision = $revision - 1',
    ),
    putConsumer: database.prepare(
      `INSERT INTO consumers (id, name, created_at_ms, state) VALUES ($id, $name, $created_at_ms, $state)
       ON CONFLICT (id) DO UPDATE SET name = $name, created_at_ms = $created_at_ms, state = $state`,
    ),
    putCredential: database.prepare(
      `INSERT INTO credentials (id, consumer_id, environment, hmac, pepper_version, hint, scopes, created_at_ms,
         not_before_ms, expires_at_ms, revoked_at_ms, last_used_at_ms)
       VALUES ($id, $consumer_id, $environment, $hmac, $pepper_version, $hint, $scopes, $created_at_ms,
         $not_before_ms, $expires_at_ms, $revoked_at_ms, $last_used_at_ms)
       ON CONFLICT (id) DO UPDATE SET consumer_id = $consumer_id, environment = $environment, hmac = $hmac,
         pepper_version = $pepper_version, hint = $hint, scopes = $scopes, created_at_ms = $created_at_ms,
         not_before_ms = $not_before_ms, expires_at_ms = $expires_at_ms, revoked_at_ms = $revoked_at_ms,
         last_used_at_ms = CASE WHEN coalesce($last_used_at_ms, -1) > coalesce(last_used_at_ms, -1)
           THEN $last_used_at_ms ELSE last_used_at_ms END`,
    ),
    use: database.prepare(
      'UPDATE credentials SET last_used_at_ms = $at_ms WHERE id = $id AND coalesce(last_used_at_ms, -1) < $at_ms',
    ),
    setting: database.prepare('SELECT value FROM settings WHERE name = $name'),
    putSetting: database.prepare('INSERT INTO settings (name, value) VALUES ($name, $value) ON CONFLICT DO NOTHING'),
    outboxSpan: database.prepare('SELECT max(place) - min(place) + 1 AS span FROM outbox'),
    tell: database.prepare('INSERT INTO outbox (event) VALUES ($event)'),
    outbox: database.prepare('SELECT place, event FROM outbox ORDER BY place LIMIT $max'),
    sent: database.prepare('DELETE FROM outbox WHERE place <= $place'),
  }
}

function commit(statements: Statements, { revision, policy, consumers, credentials }: SnapshotChange): void {
  const { changes } = statements.raise.run({ revision, policy: policy === null ? null : JSON.stringify(policy) })
  if (changes !== 1) {
    const held = Number(statements.rules.get()?.['revision'])
    throw new GatehouseError('conflict', `Cannot commit revision ${revision}: the control store is at ${held}`)
  }
  for (const consumer of consumers) statements.putConsumer.run(consumerRow(consumer))
  for (const credential of credentials) statements.putCredential.run(credentialRow(credential))
}

function tell(statements: Statements, events: readonly AuditEvent[]): void {
  // Entries leave in their order, so that the span is their number; without entries it is null.
  if (Number(statements.outboxSpan.get()?.['span'] ?? 0) + events.length > outboxMax) throw outboxFull()
  for (const event of events) statements.tell.run({ event: JSON.stringify(event) })
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
