import { GatehouseError } from '../../core/mod.ts'
import { type JsonMap, readStrictJson } from './strict-json.ts'

/** A public key that signatures are verified with: the members of its JWK (RFC 7517) that matter, and no others. */
export interface VerificationKey {
  readonly kid: string
  /** The one algorithm that it is for; null where the set does not say. */
  readonly alg: string | null
  readonly jwk: Readonly<Record<string, string>>
}

/** The keys of an issuer that can be used, each with a `kid` of its own. */
export type KeySet = readonly VerificationKey[]

/** What is known of an issuer's keys; null: nothing, because it could not be asked yet or for too long. */
export interface IssuerKeys {
  /** The issuer's name in the configuration. */
  readonly name: string
  readonly keys: KeySet | null
}

/** What asking an issuer for a key came to. */
export type KeyAnswer = 'known' | 'unknown' | 'unavailable'

/** Most keys of one set. */
export const keysMax = 100
const depthMax = 8
const rsaBitsMin = 2048
const rsaBitsMax = 8192

/**
 * Reads a JWK set. Keys that are not for verifying signatures, too weak, private, or without a usable `kid` are left out, and
 * so are those that share one: nobody could say which is meant. Throws `invalid_argument` for what is no set, or
 * holds no key that can be used: such a set never takes the place of a good one.
 */
export function readKeySet(bytes: Uint8Array): KeySet {
  const document = readStrictJson(bytes, depthMax)
  const listed: unknown = document instanceof Map ? document.get('keys') : null
  if (!Array.isArray(listed)) throw unusable('it has no list of keys')
  if (listed.length > keysMax) throw unusable(`it has ${listed.length} keys, more than ${keysMax}`)
  const usable = listed.flatMap((one) => (one instanceof Map ? (keyOf(one) ?? []) : []))
  const alone = usable.filter(({ kid }) => usable.filter((other) => other.kid === kid).length === 1)
  if (alone.length === 0) throw unusable('none of its keys can be used')
  return alone
}

function unusable(why: string): GatehouseError {
  return new GatehouseError('invalid_argument', `This is no set of keys: ${why}`)
}

/** A `kid` is looked up in a map and nothing else; still it stays within what can stand in a record. */
export const kidPattern: RegExp = /^[\w.~:/+=-]{1,128}$/

/** What makes a key of each type, all of it public (RFC 7518 section 6, RFC 8037). */
const members: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['kty', 'crv', 'x', 'y']],
  ['OKP', ['kty', 'crv', 'x']],
  ['RSA', ['kty', 'n', 'e']],
])
const curves: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519'])

function keyOf(map: JsonMap): VerificationKey | null {
  const kid = map.get('kid')
  const alg = map.get('alg') ?? null
  const names = members.get(map.get('kty'))
  if (typeof kid !== 'string' || !kidPattern.test(kid) || names === undefined) return null
  if (alg !== null && typeof alg !== 'string') return null
  if (map.has('d') || !isForSignatures(map)) return null
  const jwk: Record<string, string> = {}
  for (const name of names) {
    const value = map.get(name)
    if (typeof value !== 'string' || !/^[\w-]+$/.test(value)) return null
    jwk[name] = value
  }
  return isStrong(jwk) ? { kid, alg, jwk } : null
}

function isForSignatures(map: JsonMap): boolean {
  const operations = map.get('key_ops')
  const use = map.get('use')
  return (use === undefined || use === 'sig') && (!Array.isArray(operations) || operations.includes('verify'))
}

function isStrong({ kty, crv, n = '', e }: Readonly<Record<string, string>>): boolean {
  if (kty !== 'RSA') return curves.has(crv)
  const bits = Math.floor((n.length * 6) / 8) * 8
  return e === 'AQAB' && bits >= rsaBitsMin && bits <= rsaBitsMax && !n.startsWith('AA')
}
