import {
  type ApiRequest,
  type Consumer,
  type Credential,
  type Headers,
  refusal,
  type Snapshot,
  type SnapshotChange,
} from '../../core/mod.ts'
import { createKeyHasher, equalHex, parseApiKey } from '../../crypto/mod.ts'
import type { Authenticated, Authenticator, Identified, Unidentified } from './authenticator.ts'
import { createCredentialTable, type KnownCredential, principalOf } from './credential-table.ts'
import { type Presented, presentedKey } from './presented-key.ts'

/** The parts of a snapshot that say who may call. */
export type Credentials = Pick<Snapshot, 'consumers' | 'credentials'>

/** Where the authenticator gets its knowledge from. */
export interface ApiKeyAuthenticatorOptions {
  /** The secret under which keys are hashed; whoever has it and the store can confirm guesses, but make no key. */
  readonly pepper: Uint8Array
  /** What is known from the start. @default nobody */
  readonly snapshot?: Credentials
}

/**
 * Proves callers by API key. All it knows is in memory, and nothing of a past proof is kept, so that a revocation holds for
 * the first request after `apply` or `change` has returned.
 *
 * Every failure gets the caller the same answer after the same work, be the key unknown or the secret wrong; which it was
 * stands in the note of the refusal. Belongs to one thread.
 */
export interface ApiKeyAuthenticator extends Authenticator {
  authenticate(request: ApiRequest, nowMs: number): Authenticated
  /** Replaces all that is known. */
  apply(snapshot: Credentials): void
  /** Adds or replaces the parts that the change names. */
  change(change: Pick<SnapshotChange, 'consumers' | 'credentials'>): void
}

/** See `ApiKeyAuthenticator`. */
export function createApiKeyAuthenticator({ pepper, snapshot }: ApiKeyAuthenticatorOptions): ApiKeyAuthenticator {
  const hasher = createKeyHasher(pepper)
  let table = createCredentialTable()
  if (snapshot !== undefined) table.put(snapshot.consumers, snapshot.credentials)
  return {
    method: 'api-key',
    authenticate: ({ headers }, nowMs) => {
      const presented = presentedKey(headers)
      if (presented.kind === 'nothing') return null
      if (presented.kind === 'ambiguous') return ambiguous(presented)
      if (presented.kind === 'misplaced') return invalid(presented.note, null, presented.strip)
      const { text, strip } = presented
      const parsed = parseApiKey(text)
      if (parsed === null) return invalid('not the form of a key', null, strip)
      // Hashed and compared also when nobody has this id: the time must not tell which ids exist.
      const known = table.get(parsed.id)
      const proven = equalHex(hasher(text), known === undefined ? nobody : known.credential.hmac)
      if (known === undefined) return invalid('unknown key', parsed.id, strip)
      if (!proven) return invalid('wrong secret', parsed.id, strip)
      return admit(known, nowMs, strip)
    },
    apply: ({ consumers, credentials }) => {
      const next = createCredentialTable()
      next.put(consumers, credentials)
      table = next
    },
    change: ({ consumers, credentials }) => table.put(consumers, credentials),
  }
}

/** As long as every HMAC, and the HMAC of no key that anybody will find. */
const nobody = '0'.repeat(64)

/** The secret is right; whether it is of use today is known to its holder alone, so here the time may differ. */
function admit(known: KnownCredential, nowMs: number, strip: readonly string[]): Identified | Unidentified {
  const { credential, owner } = known
  if (owner.consumer === null) return invalid(`consumer ${credential.consumerId} is unknown`, credential.id, strip)
  const fault = faultOf(credential, owner.consumer, nowMs)
  if (fault !== null) return invalid(fault, credential.id, strip)
  return { kind: 'identified', principal: principalOf(known, owner.consumer), strip }
}

/** A revocation holds whatever the clock says. */
function faultOf(credential: Credential, consumer: Consumer, nowMs: number): string | null {
  const { revokedAtMs, expiresAtMs, notBeforeMs } = credential
  if (revokedAtMs !== null) return `revoked at ${isoTime(revokedAtMs)}`
  if (expiresAtMs !== null && nowMs >= expiresAtMs) return `expired at ${isoTime(expiresAtMs)}`
  if (notBeforeMs !== null && nowMs < notBeforeMs) return `not valid before ${isoTime(notBeforeMs)}`
  return consumer.state === 'active' ? null : `consumer ${consumer.name} is ${consumer.state}`
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

function invalid(note: string, credentialId: string | null, strip: readonly string[]): Unidentified {
  return {
    kind: 'refused',
    refusal: refusal('invalid_api_key', 'The API key is not valid', { note, headers: challenge }),
    credentialId,
    strip,
  }
}

function ambiguous({ note, strip }: Extract<Presented, { kind: 'ambiguous' }>): Unidentified {
  const detail = 'Send one API key, once, as Authorization: Bearer or as X-API-Key'
  const headers = ['www-authenticate', 'Bearer realm="api", error="invalid_request"']
  return { kind: 'refused', refusal: refusal('invalid_request', detail, { note, headers }), credentialId: null, strip }
}

// RFC 6750 section 3.1. It says no more than the status: not why.
const challenge: Headers = ['www-authenticate', 'Bearer realm="api", error="invalid_token"']
