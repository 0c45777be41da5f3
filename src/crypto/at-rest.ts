/** Encryption of everything that is kept outside the ledger: one envelope, and a key for each purpose, under the root key. */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError } from '../core/mod.ts'
import { deriveKey } from './aes.ts'
import { loadOrCreateKeyFile } from './private-files.ts'

const magic = Buffer.from('GHE1')
const saltBytes = 16
const ivBytes = 12
const tagBytes = 16
const keyBytes = 32
/** A key encrypts fewer envelopes than this, far below the 2^32 of SP 800-38D 8.3 for random IVs; then the next salt gives the next key. */
const envelopesMax = 2 ** 24
/** Keys that are kept for opening; one costs 2 µs to derive again. */
const keysMax = 1_000

/** What an envelope is longer than its text. */
export const envelopeBytes: number = magic.length + saltBytes + ivBytes + tagBytes

/**
 * Seals and opens for one purpose. An envelope is `GHE1 | salt 16 | iv 12 | ciphertext | tag 16`: AES-256-GCM under a key that
 * HKDF-SHA-256 gives from the purpose's key and the salt. Purpose and place are authenticated: an envelope opens nowhere
 * but where it was sealed, so that whoever may write the store cannot swap two values.
 */
export interface Sealer {
  /** `place` says where the envelope will stand, for instance `collection/id`. */
  seal(text: Uint8Array, place: string): Buffer
  /** Throws `store_unreadable` for anything that this sealer, or an earlier one of the same root, did not seal for this place. */
  open(envelope: Uint8Array, place: string): Buffer
  /** A keyed hash (32 hex digits) by which a sealed value is found again; tells whoever has no key nothing but equality. */
  tag(value: string): string
}

export interface AtRest {
  /** @param purpose What it is for; each purpose has a key of its own. */
  sealer(purpose: string): Sealer
  /** 32 bytes for an engine that encrypts by itself. */
  key(purpose: string): Buffer
}

/** `root` is 32 random bytes: who has them can read everything that was sealed. */
export function openAtRest(root: Uint8Array): AtRest {
  const key = (purpose: string): Buffer => deriveKey(root, `gatehouse/at-rest/v1/${purpose}`)
  return { key, sealer: (purpose) => openSealer(key(purpose), purpose) }
}

/**
 * At-rest encryption under the root key of a data folder, which is made where the folder is new. Throws `store_unreadable`
 * when the root key is gone while something that it sealed is there.
 */
export function openAtRestBeside(dataDir: string): AtRest {
  const path = join(dataDir, 'keys', 'root')
  const sealed = ['keystore', 'control.db'].find((name) => existsSync(join(dataDir, name)))
  if (!existsSync(path) && sealed !== undefined)
    throw new GatehouseError(
      'store_unreadable',
      `Cannot read ${join(dataDir, sealed)}: the root key ${path} is gone. Restore it from its backup`,
    )
  return openAtRest(loadOrCreateKeyFile(path, { bytes: keyBytes }))
}

function openSealer(secret: Buffer, purpose: string): Sealer {
  const tagKey = deriveKey(secret, 'tag')
  const opened = new Map<string, Buffer>()
  let current: { salt: Buffer; key: Buffer; left: number } = { salt: Buffer.alloc(0), key: Buffer.alloc(0), left: 0 }

  const keyFor = (salt: Uint8Array): Buffer => Buffer.from(hkdfSync('sha256', secret, salt, 'envelope', keyBytes))
  const sealing = (): { salt: Buffer; key: Buffer } => {
    if (current.left === 0) {
      const salt = randomBytes(saltBytes)
      current = { salt, key: keyFor(salt), left: envelopesMax }
    }
    current.left--
    return current
  }
  const opening = (salt: Buffer): Buffer => {
    const name = salt.toString('latin1')
    const known = opened.get(name)
    if (known !== undefined) return known
    if (opened.size >= keysMax) opened.clear()
    const key = keyFor(salt)
    opened.set(name, key)
    return key
  }
  return {
    seal: (text, place) => {
      const { salt, key } = sealing()
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
      cipher.setAAD(Buffer.from(`${purpose}\n${place}`))
      const sealed = cipher.update(text)
      cipher.final()
      return Buffer.concat([magic, salt, iv, sealed, cipher.getAuthTag()])
    },
    open: (envelope, place) => {
      const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength)
      if (bytes.length < envelopeBytes || !bytes.subarray(0, magic.length).equals(magic))
        throw unreadable(purpose, place, 'it is no envelope')
      const iv = bytes.subarray(magic.length + saltBytes, magic.length + saltBytes + ivBytes)
      const key = opening(bytes.subarray(magic.length, magic.length + saltBytes))
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(`${purpose}\n${place}`))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      try {
        const text = decipher.update(bytes.subarray(magic.length + saltBytes + ivBytes, -tagBytes))
        decipher.final()
        return text
      } catch (cause) {
        throw unreadable(
          purpose,
          place,
          'it was changed, stands in the wrong place, or another root key sealed it',
          cause,
        )
      }
    },
    tag: (value) => createHmac('sha256', tagKey).update(value).digest('hex').slice(0, 32),
  }
}

function unreadable(purpose: string, place: string, why: string, cause?: unknown): GatehouseError {
  return new GatehouseError('store_unreadable', `Cannot open ${place} of ${purpose}: ${why}`, { cause })
}
