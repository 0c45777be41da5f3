import { type Consumer, type Credential, GatehouseError, type Told } from '../../core/mod.ts'
import { type CertificateFacts, readCertificate } from '../../crypto/mod.ts'
import type { Draft } from './changer.ts'
import { consumerNamed, credentialsMax, draftConsumer, type Mint } from './drafts.ts'
import { checkedScopes } from './rules.ts'
import type { State } from './state.ts'

/** What a person wants of a client certificate. */
export interface CertificateWish {
  /** Name of the consumer who proves itself by it. */
  readonly consumer: string
  /** PEM; the first certificate of the text counts. Its key stays with the consumer. */
  readonly certificate: string
  readonly scopes: readonly string[]
  /** Makes the consumer where there is none of that name. @default false */
  readonly createConsumer?: boolean | undefined
}

/** What became of it. */
export interface RegisteredCertificate {
  readonly credential: Credential
  readonly certificate: CertificateFacts
}

/**
 * Registers a client certificate by the SHA-256 of its DER. It ends when the certificate does; the listener's authorities must
 * vouch for it as well, which is looked at when it is used.
 */
export function draftCertificate(
  wish: CertificateWish,
  { mint, state }: { mint: Mint; state: State },
): Draft<RegisteredCertificate> {
  const nowMs = mint.clock.wallMs()
  const scopes = checkedScopes(wish.scopes)
  const facts = readCertificate(wish.certificate)
  const refuse = (why: string): GatehouseError =>
    new GatehouseError('conflict', `Cannot register the certificate of '${wish.consumer}': ${why}`)
  if (facts.notAfterMs <= nowMs) throw refuse(`it expired at ${new Date(facts.notAfterMs).toISOString()}`)
  const same = state.credentials().find(({ kind, hmac }) => kind === 'certificate' && hmac === facts.sha256)
  if (same !== undefined)
    throw refuse(
      `it is registered already as ${same.id}${same.revokedAtMs === null ? '' : ', and was revoked for good'}`,
    )
  if (state.credentialCount >= credentialsMax)
    throw refuse(`there are ${credentialsMax} credentials, the most there may be`)
  const isMissing = wish.createConsumer === true && state.consumerNamed(wish.consumer) === null
  const owner: Draft<Consumer> = isMissing
    ? draftConsumer({ name: wish.consumer }, mint, state)
    : { made: consumerNamed(state, wish.consumer), told: [] }
  if (owner.made.state === 'disabled') throw refuse('the consumer is disabled')
  const credential: Credential = {
    kind: 'certificate',
    id: mint.mintId(),
    consumerId: owner.made.id,
    environment: 'live',
    hmac: facts.sha256,
    pepperVersion: 0,
    hint: `sha256:${facts.sha256}`,
    scopes,
    createdAtMs: nowMs,
    notBeforeMs: facts.notBeforeMs,
    // From the next millisecond on it is none any more.
    expiresAtMs: facts.notAfterMs + 1,
    revokedAtMs: null,
    lastUsedAtMs: null,
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
  }
  const details = {
    keyId: credential.id,
    consumerId: owner.made.id,
    consumer: owner.made.name,
    credential: 'certificate',
    sha256: facts.sha256,
    scopes,
    expiresAtMs: facts.notAfterMs,
  }
  const created: Told = { kind: 'key.created', details }
  return {
    made: { credential, certificate: facts },
    consumers: owner.consumers ?? [],
    credentials: [credential],
    told: [...owner.told, created],
  }
}
