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
    policy BLOB
  ) STRICT;
  INSERT INTO rules (one, revision, policy) VALUES (1, 0, NULL);

  CREATE TABLE consumers (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name_tag TEXT NOT NULL UNIQUE,
    sealed BLOB NOT NULL
  ) STRICT;

  CREATE TABLE credentials (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    consumer_id TEXT NOT NULL REFERENCES consumers (id),
    hmac_tag TEXT NOT NULL UNIQUE,
    last_used_at_ms INTEGER,
    sealed BLOB NOT NULL
  ) STRICT;

  CREATE TABLE settings (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (place INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL) STRICT;

  CREATE TABLE documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (collection, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX documents_by_position ON documents (collection, position, id);
  `,
  'ALTER TABLE rules ADD COLUMN networks BLOB;',
]

/** 'GTHS' in the file's header, by which a sealed control store is told from any other SQLite database. */
const applicationId = 0x47_54_48_53
/** 'GTHC': a store as it was before its rows were sealed. */
const unsealedId = 0x47_54_48_43

/** Brings a new or older database up to date, each step in a transaction of its own. Refuses what is not ours or newer. */
export function migrate(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version')
  const owner = pragma(database, 'application_id')
  const isNew = version === 0 && owner === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (owner === unsealedId)
    throw unreadable(
      path,
      'a pre-release that did not encrypt it wrote it. Move the data folder away and begin a new one',
    )
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
