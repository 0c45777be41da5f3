import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { GatehouseError, messageOf, type TlsSettings } from '../core/mod.ts'
import { type CertificateFacts, isKeyOf, readCertificate } from '../crypto/mod.ts'

/** What the files of the TLS listener hold, found to belong together. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | null
  readonly facts: CertificateFacts
}

/**
 * Reads them. Throws `config_invalid`, naming the file and what is wrong, for what cannot be read, a key that is another
 * certificate's, or what no TLS connection can be made of. Whether it has expired is the caller's to judge.
 */
export function readTlsFiles({ cert, key, clientCa }: TlsSettings): TlsFiles {
  const files = { cert: textOf(cert), key: textOf(key), clientCa: clientCa === null ? null : textOf(clientCa) }
  const facts = checked(`the certificate ${cert}`, () => readCertificate(files.cert))
  const fits = checked(`the key ${key}`, () => isKeyOf(files.key, files.cert))
  if (!fits) throw unusable(`the certificate ${cert}`, `the key ${key} belongs to another one`)
  checked(`the certificate ${cert}`, () => createSecureContext({ cert: files.cert, key: files.key }))
  const { clientCa: authorities } = files
  if (authorities !== null) {
    checked(`the authorities ${clientCa}`, () => readCertificate(authorities))
    checked(`the authorities ${clientCa}`, () => createSecureContext({ ca: authorities }))
  }
  return { ...files, facts }
}

/** Changes whenever one of the files does; a file that is not there counts too. */
export function tlsFilesMark({ cert, key, clientCa }: TlsSettings): string {
  return [cert, key, clientCa ?? cert].map(markOf).join(' ')
}

function markOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? '-' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GatehouseError('config_invalid', `Cannot read ${path} for TLS: ${messageOf(cause)}\n`, { cause })
  }
}

function checked<T>(what: string, look: () => T): T {
  try {
    return look()
  } catch (cause) {
    throw unusable(what, messageOf(cause), cause)
  }
}

function unusable(what: string, why: string, cause?: unknown): GatehouseError {
  return new GatehouseError('config_invalid', `Cannot use ${what} for TLS: ${why}\n`, { cause })
}
