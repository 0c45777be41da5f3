import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError } from '../../core/mod.ts'
import { loadOrCreateSigningKey, sha256, type SigningKey } from '../../crypto/mod.ts'
import { formatVerifierKey, isKeyName, type VerifierKey, verifierKey } from '../../tlog/mod.ts'
import { writeSmallFile } from './files.ts'
import type { LedgerLog } from './logs.ts'
import { logDirOf } from './tree-files.ts'

/** Who a log says it is, and the key that signs for it. */
export interface LogIdentity {
  readonly origin: string
  readonly key: VerifierKey
  readonly privateKey: SigningKey['privateKey']
}

/**
 * The identity of a log, made when the log is and never changed after: the name in `origin`, the public key in `vkey`, the
 * private key in the folder of keys. Throws `ledger_corrupt` when they do not belong together, and `data_folder_unusable` when
 * the private key is gone: a new one would be another log's.
 */
export function openLogIdentity(
  dir: string,
  log: LedgerLog,
  { node, keysDir }: { readonly node: string; readonly keysDir: string },
): LogIdentity {
  const logDir = logDirOf(dir, log)
  const origin = keptText(join(logDir, 'origin'), () => newOrigin(node, log))
  if (!isKeyName(origin)) throw corrupt(join(logDir, 'origin'), 'it is no name of a log')
  const vkeyPath = join(logDir, 'vkey')
  const keyPath = join(keysDir, `ledger-${log}.key`)
  if (existsSync(vkeyPath) && !existsSync(keyPath))
    throw new GatehouseError(
      'data_folder_unusable',
      `Cannot sign for the log in ${logDir}: its key ${keyPath} is gone. Restore it from a backup, or begin a new data folder`,
    )
  const { privateKey, publicKey } = loadOrCreateSigningKey(keyPath)
  const key = verifierKey(sha256, { name: origin, type: 'ed25519', publicKey })
  const vkey = keptText(vkeyPath, () => formatVerifierKey(key))
  if (vkey !== formatVerifierKey(key)) throw corrupt(vkeyPath, `it is not the public key of ${keyPath} for ${origin}`)
  return { origin, key, privateKey }
}

function corrupt(path: string, why: string): GatehouseError {
  return new GatehouseError('ledger_corrupt', `Cannot trust ${path}: ${why}`)
}

function newOrigin(node: string, log: LedgerLog): string {
  const origin = `${node}/gatehouse/${log}`
  if (!isKeyName(origin))
    throw new GatehouseError('invalid_argument', `Cannot name a log '${origin}': no white space and no plus`)
  return origin
}

/** The one line of a file, written now where there is none. */
function keptText(path: string, make: () => string): string {
  if (!existsSync(path)) writeSmallFile(path, Buffer.from(`${make()}\n`))
  return readFileSync(path, 'utf8').trimEnd()
}
