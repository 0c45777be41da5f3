/** A registered application or person. */
export interface Consumer {
  readonly id: string
  /** Unique, as a person types it: `acme`. */
  readonly name: string
  readonly createdAtMs: number
  readonly state: 'active' | 'disabled'
}

/** One API key as it is kept: never the key itself. */
export interface Credential {
  /** The 12 base62 digits between prefix and secret; public. */
  readonly id: string
  readonly consumerId: string
  readonly environment: 'live' | 'test'
  /** HMAC-SHA-256(pepper, whole key), 64 hex digits. */
  readonly hmac: string
  readonly pepperVersion: number
  /** What a person may see of it: `gthk_live_A1b2C3d4E5f6_…5g`. */
  readonly hint: string
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly notBeforeMs: number | null
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
  readonly lastUsedAtMs: number | null
}
