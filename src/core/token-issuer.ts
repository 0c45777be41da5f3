/** The signature algorithms that access tokens may have: asymmetric ones alone (RFC 7518, RFC 8037, RFC 9864). */
export const tokenAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

export type TokenAlgorithm = (typeof tokenAlgorithms)[number]

/** An authorization server whose JWT access tokens (RFC 9068) are accepted. */
export interface TokenIssuer {
  /** As configured; stands in the ids of its clients. */
  readonly name: string
  /** What `iss` must be, exactly. */
  readonly issuer: string
  /** One of these must stand in `aud`. */
  readonly audiences: readonly string[]
  readonly algorithms: readonly TokenAlgorithm[]
  /** Where its keys are; found by its metadata when null. */
  readonly jwksUrl: string | null
  /** By how much its clock may differ from ours. */
  readonly clockSkewMs: number
  /** Longest life of a token, from `iat` to `exp`. */
  readonly ageMsMax: number
  /** The claim that holds the scopes, separated by spaces. */
  readonly scopesClaim: string
  /** How its users must have signed in (`acr`), one of these; empty: any way. */
  readonly acr: readonly string[]
  /** Tokens that are refused although they are right: `client_id:…`, `sub:…`, `jti:…` or `sid:…`. */
  readonly denied: readonly string[]
}
