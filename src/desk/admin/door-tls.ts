import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import { GatehouseError, messageOf } from '../../core/mod.ts'

/** Files of the certificate (its chain, PEM) and its private key. */
export interface DoorTls {
  readonly cert: string
  readonly key: string
}

/** What a TLS server is given. */
export interface DoorSecrets {
  readonly cert: Buffer
  readonly key: Buffer
  readonly minVersion: 'TLSv1.2'
  readonly ciphers: string
}

/** Forward secrecy and AEAD; the first three are TLS 1.3's. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')
const lookMs = 1_000

/** Reads the pair; `config_invalid` when a file cannot be read or the two do not belong together. */
export function readDoorSecrets({ cert, key }: DoorTls): DoorSecrets {
  const secrets: DoorSecrets = { cert: bytesOf(cert), key: bytesOf(key), minVersion: 'TLSv1.2', ciphers }
  try {
    createSecureContext(secrets)
  } catch (cause) {
    const text = `Cannot use the certificate ${cert} with the key ${key} for the admin API: ${messageOf(cause)}`
    throw new GatehouseError('config_invalid', text, { cause })
  }
  return secrets
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new GatehouseError('config_invalid', `Cannot read ${path} for the admin API: ${messageOf(cause)}`, { cause })
  }
}

/**
 * Takes over a new pair of files for connections from then on. A pair that cannot be used replaces nothing: `onFault` is told, and
 * the old one goes on.
 */
export function followDoorTls(server: Server, files: DoorTls, onFault: (error: unknown) => void): Disposable {
  const look = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }): void => {
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino) return
    try {
      server.setSecureContext(readDoorSecrets(files))
    } catch (error) {
      onFault(error)
    }
  }
  const paths = [...new Set([files.cert, files.key])]
  for (const path of paths) watchFile(path, { interval: lookMs, persistent: false }, look)
  return {
    [Symbol.dispose]: () => {
      for (const path of paths) unwatchFile(path, look)
    },
  }
}
