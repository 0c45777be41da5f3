import type { Consumer, Credential, Principal } from '../../core/mod.ts'

/** What the authenticator knows: all credentials, and whom they belong to. Any change of them holds from the next look on. */
export interface CredentialTable {
  get(id: string): KnownCredential | undefined
  /** Adds or replaces, by id. A credential may come before its consumer; until then it belongs to nobody. */
  put(consumers: readonly Consumer[], credentials: readonly Credential[]): void
}

/** A credential and its owner. */
export interface KnownCredential {
  readonly credential: Credential
  /** Shared by all credentials of one consumer, so that a change of it reaches them at once, however many they are. */
  readonly owner: { consumer: Consumer | null }
  /** See `principalOf`. */
  made: { readonly principal: Principal; readonly consumer: Consumer } | null
}

/** An empty table; grows with what is put into it and never shrinks. */
export function createCredentialTable(): CredentialTable {
  const known = new Map<string, KnownCredential>()
  const owners = new Map<string, KnownCredential['owner']>()
  const ownerOf = (consumerId: string): KnownCredential['owner'] => {
    const found = owners.get(consumerId)
    if (found !== undefined) return found
    const owner = { consumer: null }
    owners.set(consumerId, owner)
    return owner
  }
  return {
    get: (id) => known.get(id),
    put: (consumers, credentials) => {
      for (const consumer of consumers) ownerOf(consumer.id).consumer = consumer
      for (const credential of credentials) {
        known.set(credential.id, { credential, owner: ownerOf(credential.consumerId), made: null })
      }
    },
  }
}

/**
 * Who the credential stands for. Made at the first use and kept until the consumer changes, so that a request allocates
 * none; frozen, for it is shared by many requests.
 */
export function principalOf(known: KnownCredential, consumer: Consumer): Principal {
  if (known.made?.consumer === consumer) return known.made.principal
  const { id, environment, scopes, rotatedAtMs, expiresAtMs } = known.credential
  const principal: Principal = Object.freeze({
    kind: 'consumer',
    consumerId: consumer.id,
    consumerName: consumer.name,
    credentialId: id,
    via: 'api-key',
    environment,
    scopes: new Set(scopes),
    roles: consumer.roles,
    deprecation: rotatedAtMs === null || expiresAtMs === null ? null : { atMs: rotatedAtMs, sunsetMs: expiresAtMs },
  })
  known.made = { principal, consumer }
  return principal
}
