import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError } from '../../../core/mod.ts'
import { ensurePrivateDir, loadOrCreateKeyFile } from '../../../crypto/mod.ts'
import type { LedgerLog } from '../logs.ts'
import { openKeyStore, openWritableKeyStore, type WritableKeyStore } from './key-store.ts'
import { createRecordOpener, type RecordOpener } from './record-opener.ts'
import { deriveRootKeys, type RootKeys } from './root-keys.ts'

const rootBytes = 32

/** Where the keys of a ledger are, always in the same places beside it. */
export function keyFoldersOf(ledgerDir: string): { readonly keys: string; readonly store: string } {
  return { keys: join(ledgerDir, '..', 'keys'), store: join(ledgerDir, '..', 'keystore') }
}

/** The keys of the one process that writes the ledger. */
export interface LedgerKeys {
  readonly root: RootKeys
  readonly store: WritableKeyStore
}

/** Opens the keys beside a ledger, makes them where there are none, and begins a new file of rows. */
export function openLedgerKeys(ledgerDir: string): LedgerKeys {
  const folders = keyFoldersOf(ledgerDir)
  ensurePrivateDir(folders.keys)
  const isNew = !existsSync(join(folders.keys, 'root'))
  if (isNew && existsSync(folders.store))
    throw new GatehouseError(
      'store_unreadable',
      `Cannot read the records in ${ledgerDir}: the root key ${join(folders.keys, 'root')} is gone. Restore it from its backup`,
    )
  const root = deriveRootKeys(loadOrCreateKeyFile(join(folders.keys, 'root'), { bytes: rootBytes }))
  return { root, store: openWritableKeyStore({ dir: folders.store, root }) }
}

/** An opener for a ledger that another process may be writing; null where there is no root key: then only public parts can be read. */
export function openerBeside(ledgerDir: string): RecordOpener | null {
  const folders = keyFoldersOf(ledgerDir)
  const path = join(folders.keys, 'root')
  if (!existsSync(path)) return null
  const root = deriveRootKeys(loadOrCreateKeyFile(path, { bytes: rootBytes }))
  const originOf = originsIn(ledgerDir)
  return createRecordOpener({ root, store: openKeyStore({ dir: folders.store, root }), originOf })
}

/** The origins that stand in the log's folders; they never change. */
function originsIn(ledgerDir: string): (log: LedgerLog) => string {
  const known = new Map<LedgerLog, string>()
  return (log) => {
    const origin = known.get(log) ?? readFileSync(join(ledgerDir, log, 'origin'), 'utf8').trimEnd()
    known.set(log, origin)
    return origin
  }
}
