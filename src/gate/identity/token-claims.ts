import type { TokenIssuer } from '../../core/mod.ts'
import type { JsonMap, JsonValue } from './strict-json.ts'

/** What the claims of an access token say, each of the type that RFC 9068 section 2.2 gives it. */
export interface TokenClaims {
  readonly clientId: string
  readonly subject: string
  readonly jti: string
  readonly expiresAtMs: number
  readonly scopes: readonly string[]
  /** How its user signed in; null where the token does not say. */
  readonly acr: string | null
  /** SHA-256 (base64url) of the certificate that the caller must hold the key of (RFC 8705); null where none is named. */
  readonly certificate: string | null
}

const textCharsMax = 256
const audiencesMax = 64
/** RFC 6749 A.1, and what can stand in a record as it is. */
const visible = /^[\u0020-\u007e]{1,256}$/
const scopeToken = /^[\u0021\u0023-\u005b\u005d-\u007e]{1,128}$/
const thumbprint = /^[\w-]{43}$/

/**
 * Holds the claims against their issuer and the time. All of `iss`, `aud`, `exp`, `iat`, `sub`, `client_id` and `jti` must be there.
 * A token that is bound to a key (`cnf`) in a way that cannot be proven here is refused, not taken for one that is not. Returns what is wrong as a text for the record.
 */
export function readTokenClaims(claims: JsonMap, issuer: TokenIssuer, nowMs: number): TokenClaims | string {
  const wrong = audienceFault(claims.get('aud'), issuer) ?? timeFault(claims, issuer, nowMs)
  if (wrong !== null) return wrong
  const [subject, clientId, jti] = [claims.get('sub'), claims.get('client_id'), claims.get('jti')]
  if (typeof subject !== 'string' || subject === '' || subject.length > textCharsMax)
    return 'sub is missing or not usable'
  if (!isVisible(clientId)) return 'client_id is missing or not usable'
  if (!isVisible(jti)) return 'jti is missing or not usable'
  const denied = issuer.denied.find((one) => isDenied(one, claims))
  if (denied !== undefined) return `denied by the configuration: ${denied.slice(0, denied.indexOf(':'))}`
  const scopes = scopesOf(claims.get(issuer.scopesClaim))
  if (scopes === null) return `${issuer.scopesClaim} is not a list of scopes, separated by spaces`
  const certificate = boundTo(claims.get('cnf'))
  if (certificate === undefined) return 'cnf asks for a proof that cannot be given here'
  // By timeFault a whole number.
  const expiresAtMs = Number(claims.get('exp')) * 1000
  const acr = claims.get('acr')
  return { clientId, subject, jti, expiresAtMs, scopes, certificate, acr: typeof acr === 'string' ? acr : null }
}

function isDenied(denied: string, claims: JsonMap): boolean {
  const colon = denied.indexOf(':')
  return claims.get(denied.slice(0, colon)) === denied.slice(colon + 1)
}

function isVisible(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && visible.test(value)
}

function audienceFault(aud: JsonValue | undefined, { audiences }: TokenIssuer): string | null {
  const named = typeof aud === 'string' ? [aud] : aud
  if (!Array.isArray(named) || named.length > audiencesMax) return 'aud is missing or not usable'
  const texts = named.filter((one) => typeof one === 'string')
  if (texts.length !== named.length) return 'aud is missing or not usable'
  return texts.some((one) => audiences.includes(one)) ? null : 'aud names another audience'
}

function timeFault(claims: JsonMap, { clockSkewMs, ageMsMax }: TokenIssuer, nowMs: number): string | null {
  const [exp, iat, nbf = 0] = [claims.get('exp'), claims.get('iat'), claims.get('nbf')]
  if (!isTime(exp)) return 'exp is missing or not usable'
  if (!isTime(iat)) return 'iat is missing or not usable'
  if (!isTime(nbf)) return 'nbf is not usable'
  if (exp * 1000 <= nowMs - clockSkewMs) return `expired at ${new Date(exp * 1000).toISOString()}`
  if (iat * 1000 > nowMs + clockSkewMs) return 'iat is in the future'
  if (nbf * 1000 > nowMs + clockSkewMs) return 'not valid yet'
  return (exp - iat) * 1000 > ageMsMax ? 'lives longer than its issuer may let it' : null
}

/** Whole seconds that a date can hold. */
function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= secondsMax
}

const secondsMax = 253_402_300_799 // the end of the year 9999

function scopesOf(value: JsonValue | undefined): readonly string[] | null {
  if (value === undefined || value === '') return []
  if (typeof value !== 'string') return null
  const scopes = value.split(' ')
  return scopes.every((scope) => scopeToken.test(scope)) ? [...new Set(scopes)] : null
}

/** Null: to nobody; undefined: in a way that is not known here. */
function boundTo(cnf: JsonValue | undefined): string | null | undefined {
  if (cnf === undefined) return null
  if (!(cnf instanceof Map) || cnf.size !== 1) return undefined
  const found: unknown = cnf.get('x5t#S256')
  return typeof found === 'string' && thumbprint.test(found) ? found : undefined
}
