import { concatBytes, encodeUint, equalBytes, readUint32 } from './bytes.ts'
import { TlogError } from './errors.ts'
import type { Sha256 } from './merkle.ts'
import { isKeyName } from './note.ts'
import { decodeBase64, decodeHex, encodeBase64, encodeHex, encodeUtf8, quote } from './text.ts'

/**
 * `ed25519` (0x01) signs the text. `cosignature` (0x04) is a witness's Ed25519 signature with a time (c2sp.org/tlog-cosignature).
 * `ml-dsa-44` (0x06) is parsed and compared by name and id, but its signatures count as unknown.
 */
export type KeyType = 'ed25519' | 'cosignature' | 'ml-dsa-44'

/** A key that one trusts, under the name that one knows it by. */
export interface VerifierKey {
  readonly name: string
  readonly keyId: number
  readonly type: KeyType
  readonly publicKey: Uint8Array
}

const typeByte: Readonly<Record<KeyType, number>> = { ed25519: 0x01, cosignature: 0x04, 'ml-dsa-44': 0x06 }
const publicKeyBytes: Readonly<Record<KeyType, number>> = { ed25519: 32, cosignature: 32, 'ml-dsa-44': 1312 }
const keyTypes = Object.keys(typeByte) as readonly KeyType[] // the record's keys are exactly the type

/** The key with its id: the first four bytes of SHA-256(name || newline || type || public key). */
export function verifierKey(hash: Sha256, { name, type, publicKey }: Omit<VerifierKey, 'keyId'>): VerifierKey {
  if (!isKeyName(name)) throw new TlogError('out_of_range', `Not a key name: ${quote(name)}`)
  if (publicKey.length !== publicKeyBytes[type]) {
    throw new TlogError(
      'out_of_range',
      `A key of type ${type} has ${publicKeyBytes[type]} bytes, not ${publicKey.length}`,
    )
  }
  const digest = hash(concatBytes([encodeUtf8(`${name}\n`), Uint8Array.of(typeByte[type]), publicKey]))
  return { name, keyId: readUint32(digest, 0), type, publicKey }
}

/** Parses `name+id+base64` (a "vkey"); refuses an id that is not the one of this name and key. */
export function parseVerifierKey(hash: Sha256, text: string): VerifierKey {
  // Only the first two: base64 has plus signs of its own.
  const first = text.indexOf('+')
  const second = text.indexOf('+', first + 1)
  if (first === -1 || second === -1) throw new TlogError('malformed', `Not a verifier key: ${quote(text)}`)
  const id = decodeHex(text.slice(first + 1, second))
  const material = decodeBase64(text.slice(second + 1))
  const type = keyTypes.find(
    (candidate) => typeByte[candidate] === material[0] && publicKeyBytes[candidate] === material.length - 1,
  )
  const name = text.slice(0, first)
  if (type === undefined || !isKeyName(name))
    throw new TlogError('malformed', `Not a verifier key of a known type: ${quote(text)}`)
  const key = verifierKey(hash, { name, type, publicKey: material.slice(1) })
  if (!equalBytes(id, encodeUint(key.keyId, 4)))
    throw new TlogError('malformed', `The key id is not that of the key: ${quote(text)}`)
  return key
}

/** The inverse of `parseVerifierKey`. */
export function formatVerifierKey({ name, keyId, type, publicKey }: VerifierKey): string {
  const material = concatBytes([Uint8Array.of(typeByte[type]), publicKey])
  return `${name}+${encodeHex(encodeUint(keyId, 4))}+${encodeBase64(material)}`
}
