import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { GatehouseError } from '../core/mod.ts'
import { loadOrCreateKeyFile } from './private-files.ts'

/** An Ed25519 key pair. */
export interface SigningKey {
  /** Can be handed to another thread. */
  readonly privateKey: KeyObject
  /** The 32 bytes that others verify with. */
  readonly publicKey: Uint8Array
}

/** A PKCS#8 private key of Ed25519 as PEM is always so long. */
const pemBytes = 119
/** What stands before the 32 bytes in the SPKI form of an Ed25519 public key (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/** The key pair whose private key is in the file (PKCS#8 PEM, 0600), created where there is none. Throws `data_folder_unusable`. */
export function loadOrCreateSigningKey(path: string): SigningKey {
  const pem = loadOrCreateKeyFile(path, { bytes: pemBytes, create: newPem })
  return parse(path, Buffer.from(pem))
}

function newPem(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

function parse(path: string, pem: Buffer): SigningKey {
  try {
    const privateKey = createPrivateKey({ key: pem, format: 'pem' })
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`it is of type ${privateKey.asymmetricKeyType}`)
    return { privateKey, publicKey: rawPublicKey(privateKey) }
  } catch (cause) {
    throw new GatehouseError('data_folder_unusable', `Cannot use '${path}': it is no Ed25519 private key in PEM`, {
      cause,
    })
  }
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(spkiHead.length))
}

/** The 64 bytes of an Ed25519 signature. */
export function signEd25519(privateKey: KeyObject, message: Uint8Array): Uint8Array {
  return sign(null, message, privateKey)
}

/** False, never a throw, for a key or signature that is not well formed. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, message, { key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' }, signature)
  } catch {
    return false
  }
}
