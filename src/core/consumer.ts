/** A registered application or person. */
export interface Consumer {
  readonly id: string
  /** Unique, as a person types it: `acme`. */
  readonly name: string
  readonly createdAtMs: number
  readonly state: 'active' | 'disabled'
  /** Names of roles; one that the configuration does not know grants nothing. */
  readonly roles: readonly string[]
}

/** One API key or client certificate as it is kept: never the key itself. */
export interface Credential {
  readonly kind: 'api-key' | 'certificate'
  /** The 12 base62 digits between prefix and secret of a key, 32 hex digits of a certificate; public. */
  readonly id: string
  readonly consumerId: string
  readonly environment: 'live' | 'test'
  /** HMAC-SHA-256(pepper, whole key), 64 hex digits; of a certificate the SHA-256 of its DER. */
  readonly hmac: string
  readonly pepperVersion: number
  /** What a person may see of it: `gthk_live_A1b2C3d4E5f6_…5g`, or of a certificate `sha256:` and its digest. */
  readonly hint: string
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly notBeforeMs: number | null
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
  readonly lastUsedAtMs: number | null
  /** The key that this one took the place of. */
  readonly rotatedFrom: string | null
  /** The key that took the place of this one, which then works on until `expiresAtMs`. */
  readonly successorId: string | null
  /** When its successor was made. */
  readonly rotatedAtMs: number | null
}
