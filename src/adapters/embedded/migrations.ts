import type { DatabaseSync } from 'node:sqlite'
import { GatehouseError } from '../../core/mod.ts'

/**
 * Step n brings a database of version n to version n + 1; `user_version` says how many were taken. A step that was
 * released is never changed: databases in the field have taken it as it was.
 */
const steps: readonly string[] = [
  `
  CREATE TABLE rules (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    policy TEXT
  ) STRICT;
  INSERT INTO rules (one, revision, policy) VALUES (1, 0, NULL);

  CREATE TABLE consumers (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled'))
  ) STRICT;

  CREATE TABLE credentials (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    consumer_id TEXT NOT NULL REFERENCES consumers (id),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'test')),
    hmac TEXT NOT NULL UNIQUE CHECK (length(hmac) = 64),
    pepper_version INTEGER NOT NULL,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at_ms INTEGER NOT NULL,
    not_before_ms INTEGER,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER,
    last_used_at_ms INTEGER
  ) STRICT;

  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE outbox (place INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL CHECK (json_valid(event))) STRICT;
  `,
]

/** 'GTHC' in the file's header, by which a control store is told from any other SQLite database. */
const applicationId = 0x47_54_48_43

/** Brings a new or older database up to date, each step in a transaction of its own. Refuses what is not ours or newer. */
export function migrate(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version')
  const owner = pragma(database, 'application_id')
  const isNew = version === 0 && owner === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (!isNew && owner !== applicationId) throw unreadable(path, 'it is a database of another program')
  if (version > steps.length)
    throw unreadable(path, `a newer version wrote it (${version}, this one knows ${steps.length})`)
  for (const [at, step] of steps.entries()) {
    if (at < version) continue
    database.exec(
      `BEGIN IMMEDIATE; ${step} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${at + 1}; COMMIT`,
    )
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function unreadable(path: string, why: string): GatehouseError {
  return new GatehouseError('store_unreadable', `Cannot use the control store ${path}: ${why}`)
}
