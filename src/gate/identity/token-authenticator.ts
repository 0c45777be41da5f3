import { hash } from 'node:crypto'
import {
  type ApiRequest,
  type Consumer,
  type Headers,
  type Principal,
  refusal,
  type Snapshot,
  type SnapshotChange,
  type TokenIssuer,
} from '../../core/mod.ts'
import type { Authenticated, Authenticator, Unidentified } from './authenticator.ts'
import type { IssuerKeys, KeyAnswer, VerificationKey } from './key-set.ts'
import { presentedToken } from './presented-token.ts'
import { createTokenCache, type ProvenToken } from './token-cache.ts'
import { readTokenClaims, type TokenClaims } from './token-claims.ts'
import { readTokenForm, type TokenForm } from './token-form.ts'
import { fitsKey, isSignedBy } from './token-signature.ts'

/** The parts of a snapshot that say whose tokens count, and who their clients are. */
export type TokenRules = Pick<Snapshot, 'consumers'> & { readonly policy: Pick<Snapshot['policy'], 'issuers'> }

export interface TokenAuthenticatorOptions {
  readonly rules: TokenRules
  readonly issuerKeys: readonly IssuerKeys[]
  /** Asks for a key that is not known here; what is found comes by `keys` before it settles. Within a deadline. */
  readonly wantKey: (issuer: string, kid: string) => Promise<KeyAnswer>
}

/**
 * Proves callers by JWT access tokens (RFC 9068) of the configured issuers. A token that was found right is believed for up to a
 * minute without its signature being computed again, never beyond its end, and never beyond a change of rules or keys.
 *
 * Every failure gets the caller the same answer; what it was stands in the note of the refusal. Belongs to one thread.
 */
export interface TokenAuthenticator extends Authenticator {
  /** Replaces all that is known of rules. */
  apply(rules: TokenRules): void
  change(change: Pick<SnapshotChange, 'consumers' | 'policy'>): void
  /** Replaces all that is known of keys. */
  keys(issuerKeys: readonly IssuerKeys[]): void
}

const provenMs = 60_000

/** See `TokenAuthenticator`. */
export function createTokenAuthenticator(options: TokenAuthenticatorOptions): TokenAuthenticator {
  const table = new TokenTable(options)
  return {
    method: 'oauth',
    authenticate: (request, nowMs) => {
      const presented = presentedToken(request)
      if (presented.kind === 'nothing') return null
      if (presented.kind === 'ambiguous') return ambiguous(presented.note)
      return table.prove(presented.text, request, nowMs)
    },
    apply: (rules) => table.apply(rules),
    change: (change) => table.change(change),
    keys: (issuerKeys) => table.keys(issuerKeys),
  }
}

type Found = ProvenToken | Unidentified

class TokenTable {
  readonly #wantKey: TokenAuthenticatorOptions['wantKey']
  /** By `iss`. */
  #issuers = new Map<string, TokenIssuer>()
  #consumers = new Map<string, Consumer>()
  #keys = new Map<string, ReadonlyMap<string, VerificationKey>>()
  readonly #proven = createTokenCache()
  /** One computation for a token that comes many times at once. */
  readonly #pending = new Map<string, Promise<Found>>()
  /** Grows with every change: what was computed before one is not remembered after it. */
  #age = 0

  constructor({ rules, issuerKeys, wantKey }: TokenAuthenticatorOptions) {
    this.#wantKey = wantKey
    this.apply(rules)
    this.keys(issuerKeys)
  }

  apply({ consumers, policy }: TokenRules): void {
    this.#consumers = new Map(consumers.map((consumer) => [consumer.name, consumer]))
    this.#takeIssuers(policy.issuers)
  }

  change({ consumers, policy }: Pick<SnapshotChange, 'consumers' | 'policy'>): void {
    for (const consumer of consumers) this.#consumers.set(consumer.name, consumer)
    this.#takeIssuers(policy?.issuers ?? [...this.#issuers.values()])
  }

  keys(issuerKeys: readonly IssuerKeys[]): void {
    this.#keys = new Map(
      issuerKeys.flatMap(({ name, keys }) =>
        keys === null ? [] : [[name, new Map(keys.map((key) => [key.kid, key]))] as const],
      ),
    )
    this.#forget()
  }

  prove(token: string, { tls }: ApiRequest, nowMs: number): Authenticated | Promise<Authenticated> {
    // Of a canonical token: another spelling of the same is refused before it is remembered.
    const digest = hash('sha256', token, 'base64')
    const certificate = tls?.client?.sha256 ?? null
    const known = this.#proven.get(digest, nowMs)
    if (known !== null) return answerTo(known, certificate)
    const pending = this.#pending.get(digest) ?? this.#begin(token, digest, nowMs)
    return pending.then((found) => ('kind' in found ? found : answerTo(found, certificate)))
  }

  #takeIssuers(issuers: readonly TokenIssuer[]): void {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
    this.#forget()
  }

  #forget(): void {
    this.#age++
    this.#proven.clear()
    this.#pending.clear()
  }

  #begin(token: string, digest: string, nowMs: number): Promise<Found> {
    const age = this.#age
    const proving = this.#proveNew(token, nowMs).then((found) => {
      if (this.#pending.get(digest) === proving) this.#pending.delete(digest)
      if (!('kind' in found) && age === this.#age) this.#proven.put(digest, found)
      return found
    })
    this.#pending.set(digest, proving)
    return proving
  }

  async #proveNew(token: string, nowMs: number): Promise<Found> {
    const form = readTokenForm(token)
    if (typeof form === 'string') return invalid(form)
    const issuer = this.#issuerOf(form)
    if (typeof issuer === 'string') return invalid(issuer)
    const claims = readTokenClaims(form.claims, issuer, nowMs)
    if (typeof claims === 'string') return invalid(claims)
    const key = await this.#keyOf(issuer, form)
    if (key === 'unavailable') return unavailable(issuer)
    if (key === 'unknown') return invalid('its key is unknown')
    if (!fitsKey(key, form.algorithm)) return invalid('its key is not for its algorithm')
    if (!(await isSignedBy(token, key, form.algorithm))) return invalid('wrong signature')
    if (issuer.acr.length > 0 && !issuer.acr.includes(claims.acr ?? '')) return tooWeak(issuer)
    const principal = this.#principalOf(issuer, claims, form.kid)
    if (typeof principal === 'string') return invalid(principal)
    const { certificate, expiresAtMs } = claims
    return { principal, certificate, untilMs: Math.min(expiresAtMs + issuer.clockSkewMs, nowMs + provenMs) }
  }

  /** By what the token says of itself; that it is true, the signature shows. */
  #issuerOf({ claims, algorithm }: TokenForm): TokenIssuer | string {
    const iss = claims.get('iss')
    const issuer = typeof iss === 'string' ? this.#issuers.get(iss) : undefined
    if (issuer === undefined) return 'iss is none of the issuers'
    return issuer.algorithms.includes(algorithm) ? issuer : 'alg is none of its issuer'
  }

  async #keyOf({ name }: TokenIssuer, { kid }: TokenForm): Promise<VerificationKey | 'unknown' | 'unavailable'> {
    const known = this.#keys.get(name)?.get(kid)
    if (known !== undefined) return known
    const answer = await this.#wantKey(name, kid)
    return this.#keys.get(name)?.get(kid) ?? (answer === 'unavailable' ? 'unavailable' : 'unknown')
  }

  /** A registered consumer of the client's name, or of the subject's; else the client under its issuer. */
  #principalOf(issuer: TokenIssuer, claims: TokenClaims, kid: string): Principal | string {
    const { clientId, subject, jti, scopes } = claims
    const consumer = this.#consumers.get(clientId) ?? this.#consumers.get(subject) ?? null
    if (consumer !== null && consumer.state !== 'active') return `consumer ${consumer.name} is ${consumer.state}`
    return Object.freeze({
      kind: 'consumer',
      consumerId: consumer?.id ?? `oauth:${issuer.name}:${clientId}`,
      consumerName: consumer?.name ?? `${issuer.name}:${clientId}`,
      credentialId: `jwt:${kid.slice(0, kidChars)}:${hash('sha256', jti, 'hex').slice(0, jtiChars)}`,
      via: 'oauth',
      environment: 'live',
      scopes: new Set(scopes),
      roles: consumer?.roles ?? [],
      deprecation: null,
    })
  }
}

const kidChars = 16
const jtiChars = 12

/** The holder of a token that is bound to a certificate must come by a connection that proved it. */
function answerTo({ principal, certificate }: ProvenToken, presented: string | null): Authenticated {
  if (certificate === null) return { kind: 'identified', principal, strip: fromAuthorization }
  const held = presented === null ? null : Buffer.from(presented, 'hex').toString('base64url')
  if (held !== certificate)
    return invalid(held === null ? 'bound to a certificate, none was presented' : 'bound to another certificate')
  return { kind: 'identified', principal, strip: fromAuthorization }
}

const fromAuthorization = ['authorization']

function invalid(note: string): Unidentified {
  return {
    kind: 'refused',
    refusal: refusal('invalid_token', 'The access token is invalid', { note, headers: invalidToken }),
    credentialId: null,
    strip: fromAuthorization,
  }
}

/** RFC 9470 section 3: the caller can do something about it, so it is told. */
function tooWeak({ acr }: TokenIssuer): Unidentified {
  const values = acr.join(' ').replaceAll(/["\\]/g, '')
  const challenge = `Bearer realm="api", error="insufficient_user_authentication", acr_values="${values}"`
  const detail = 'The user has to sign in in another way'
  const headers = ['www-authenticate', challenge]
  return {
    kind: 'refused',
    refusal: refusal('invalid_token', detail, { note: 'acr is none of its issuer', headers }),
    credentialId: null,
    strip: fromAuthorization,
  }
}

function unavailable({ name }: TokenIssuer): Unidentified {
  const detail = 'Access tokens cannot be verified now'
  const note = `the keys of issuer ${name} cannot be had`
  return {
    kind: 'refused',
    refusal: refusal('identity_unavailable', detail, { note, headers: ['retry-after', '5'] }),
    credentialId: null,
    strip: fromAuthorization,
  }
}

function ambiguous(note: string): Unidentified {
  const detail = 'Send one access token, once, as Authorization: Bearer, and no other credential'
  const headers = ['www-authenticate', 'Bearer realm="api", error="invalid_request"']
  return {
    kind: 'refused',
    refusal: refusal('invalid_request', detail, { note, headers }),
    credentialId: null,
    strip: fromAuthorization,
  }
}

// RFC 6750 section 3.1. It says no more than the status: not why.
const invalidToken: Headers = [
  'www-authenticate',
  'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"',
]
