import { compactVerify, importJWK } from 'jose'
import type { TokenAlgorithm } from '../../core/mod.ts'
import type { VerificationKey } from './key-set.ts'

type Imported = Awaited<ReturnType<typeof importJWK>>

/** What each algorithm needs of a key: its type, and its curve where it has one. */
const needs: Readonly<Record<TokenAlgorithm, string>> = {
  ES256: 'EC P-256',
  ES384: 'EC P-384',
  ES512: 'EC P-521',
  EdDSA: 'OKP Ed25519',
  Ed25519: 'OKP Ed25519',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
}

/** Keys in the form that verifies, made once for each use of a key. */
const imported = new WeakMap<VerificationKey, Map<TokenAlgorithm, Promise<Imported>>>()

/** Whether the key may be used with this algorithm. A key never lends itself to another than its own. */
export function fitsKey({ alg, jwk }: VerificationKey, algorithm: TokenAlgorithm): boolean {
  const { kty = '', crv } = jwk
  return (alg === null || alg === algorithm) && needs[algorithm] === (crv === undefined ? kty : `${kty} ${crv}`)
}

/** True only when the signature is right. Whatever a key or a token makes a library throw means that it is not. */
export async function isSignedBy(token: string, key: VerificationKey, algorithm: TokenAlgorithm): Promise<boolean> {
  try {
    await compactVerify(token, await importedKey(key, algorithm), { algorithms: [algorithm] })
    return true
  } catch {
    return false
  }
}

function importedKey(key: VerificationKey, algorithm: TokenAlgorithm): Promise<Imported> {
  const known = imported.get(key) ?? new Map<TokenAlgorithm, Promise<Imported>>()
  imported.set(key, known)
  const found = known.get(algorithm) ?? importJWK({ ...key.jwk, kty: key.jwk['kty'] ?? '' }, algorithm)
  known.set(algorithm, found)
  return found
}
