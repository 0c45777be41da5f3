import { GatehouseError } from '../../core/mod.ts'

/** What a consumer may be called: 1 to 64 of these, so that a name needs no quoting anywhere. */
export const consumerNamePattern: RegExp = /^[a-z0-9._-]{1,64}$/

/** One scope-token of RFC 6749, section 3.3: printable ASCII without space, quote and backslash. */
export const scopePattern: RegExp = /^[\u0021\u0023-\u005b\u005d-\u007e]{1,128}$/

/** Longest scope. */
export const scopeCharsMax = 128

/** Most scopes of one key: a record names all of them. */
export const scopesMax = 64

/** Longest life that a key may be given; one that is to live longer does not expire. */
export const expiresInMsMax: number = 10 * 365 * 24 * 60 * 60 * 1000

/** Throws `invalid_argument`, naming the value. */
export function checkConsumerName(name: string): void {
  if (consumerNamePattern.test(name)) return
  throw invalid(`Cannot use ${shown(name)} as a consumer's name: it takes 1 to 64 of a-z, 0-9, '.', '_' and '-'`)
}

/** The scopes without repetitions, in the order given. Throws `invalid_argument`, naming the value. */
export function checkedScopes(scopes: readonly string[]): readonly string[] {
  const unique = [...new Set(scopes)]
  if (unique.length > scopesMax) throw invalid(`Cannot give a key ${unique.length} scopes: it may have ${scopesMax}`)
  const wrong = unique.find((scope) => !scopePattern.test(scope))
  if (wrong === undefined) return unique
  const rule = `1 to ${scopeCharsMax} printable ASCII characters without space, '"' and '\\'`
  throw invalid(`Cannot use ${shown(wrong)} as a scope: it takes ${rule}`)
}

/** Throws `invalid_argument`, naming the value. */
export function checkExpiresInMs(expiresInMs: number): void {
  if (Number.isSafeInteger(expiresInMs) && expiresInMs > 0 && expiresInMs <= expiresInMsMax) return
  throw invalid(`Cannot let a key expire in ${expiresInMs} ms: it takes a whole number from 1 to ${expiresInMsMax}`)
}

/** What a role may be called. */
export const roleNamePattern: RegExp = /^[a-z][a-z0-9-]{0,63}$/

/** Most roles of one consumer: each may be looked at for each request. */
export const rolesMax = 16

/** The names without repetitions, in the order given. Throws `invalid_argument`, naming the value. */
export function checkedRoles(roles: readonly string[]): readonly string[] {
  const unique = [...new Set(roles)]
  if (unique.length > rolesMax) throw invalid(`Cannot give a consumer ${unique.length} roles: it may have ${rolesMax}`)
  const wrong = unique.find((role) => !roleNamePattern.test(role))
  if (wrong === undefined) return unique
  throw invalid(
    `Cannot use ${shown(wrong)} as the name of a role: it takes a letter, then up to 63 of a-z, 0-9 and '-'`,
  )
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('invalid_argument', message)
}

/** Quoted and cut: it came from a caller and goes into a message. */
function shown(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
