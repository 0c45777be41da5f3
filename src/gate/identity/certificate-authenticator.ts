import {
  type ApiRequest,
  type Consumer,
  type Credential,
  type Headers,
  type Principal,
  refusal,
  type Snapshot,
  type SnapshotChange,
} from '../../core/mod.ts'
import type { Authenticated, Authenticator, Unidentified } from './authenticator.ts'

/** The parts of a snapshot that say whose certificates count. */
export type CertificateRules = Pick<Snapshot, 'consumers' | 'credentials'>

/**
 * Proves callers by the client certificate of their connection: it must be vouched for by the authorities of the listener **and**
 * be registered, by its SHA-256, for a consumer. Holds for the next request after `apply` or `change` has returned, on
 * connections that stand already, too. Belongs to one thread.
 */
export interface CertificateAuthenticator extends Authenticator {
  authenticate(request: ApiRequest, nowMs: number): Authenticated
  apply(rules: CertificateRules): void
  change(change: Pick<SnapshotChange, 'consumers' | 'credentials'>): void
}

interface Registered {
  readonly credential: Credential
  made: { readonly principal: Principal; readonly consumer: Consumer } | null
}

/** See `CertificateAuthenticator`. */
export function createCertificateAuthenticator(rules: CertificateRules): CertificateAuthenticator {
  let bySha256 = new Map<string, Registered>()
  let consumers = new Map<string, Consumer>()
  const put = (change: Pick<SnapshotChange, 'consumers' | 'credentials'>): void => {
    for (const consumer of change.consumers) consumers.set(consumer.id, consumer)
    for (const credential of change.credentials)
      if (credential.kind === 'certificate') bySha256.set(credential.hmac, { credential, made: null })
  }
  put(rules)
  return {
    method: 'mtls',
    authenticate: ({ tls }, nowMs) => {
      const client = tls?.client ?? null
      if (client === null) return null
      const known = bySha256.get(client.sha256)
      const id = known?.credential.id ?? null
      if (client.fault !== null) return invalid(`nobody vouches for the certificate: ${client.fault}`, id)
      if (nowMs > client.notAfterMs) return invalid('the certificate has expired on its connection', id)
      if (known === undefined) return invalid(`certificate ${client.sha256} is not registered`, null)
      const consumer = consumers.get(known.credential.consumerId) ?? null
      const fault = faultOf(known.credential, consumer, nowMs)
      if (fault !== null || consumer === null) return invalid(fault ?? '', id)
      return { kind: 'identified', principal: principalOf(known, consumer), strip: none }
    },
    apply: (next) => {
      bySha256 = new Map()
      consumers = new Map()
      put(next)
    },
    change: put,
  }
}

const none: readonly string[] = []

/** A revocation holds whatever the clock says. */
function faultOf(credential: Credential, consumer: Consumer | null, nowMs: number): string | null {
  const { revokedAtMs, expiresAtMs, notBeforeMs } = credential
  if (revokedAtMs !== null) return `revoked at ${new Date(revokedAtMs).toISOString()}`
  if (expiresAtMs !== null && nowMs >= expiresAtMs) return `expired at ${new Date(expiresAtMs).toISOString()}`
  if (notBeforeMs !== null && nowMs < notBeforeMs) return `not valid before ${new Date(notBeforeMs).toISOString()}`
  if (consumer === null) return `consumer ${credential.consumerId} is unknown`
  return consumer.state === 'active' ? null : `consumer ${consumer.name} is ${consumer.state}`
}

/** Made at the first use and kept until the consumer changes; frozen, for it is shared by many requests. */
function principalOf(known: Registered, consumer: Consumer): Principal {
  if (known.made?.consumer === consumer) return known.made.principal
  const { id, environment, scopes } = known.credential
  const principal: Principal = Object.freeze({
    kind: 'consumer',
    consumerId: consumer.id,
    consumerName: consumer.name,
    credentialId: id,
    via: 'mtls',
    environment,
    scopes: new Set(scopes),
    roles: consumer.roles,
    deprecation: null,
  })
  known.made = { principal, consumer }
  return principal
}

function invalid(note: string, credentialId: string | null): Unidentified {
  const detail = 'The client certificate is not accepted'
  const refused = refusal('invalid_certificate', detail, { note, headers: challenge })
  return { kind: 'refused', refusal: refused, credentialId, strip: none }
}

// RFC 9110 section 11.6.1 asks for one, and there is no scheme for certificates: other ways in may be open.
const challenge: Headers = ['www-authenticate', 'Bearer realm="api"']
