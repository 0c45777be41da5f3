import type { ApiRequest, Principal, Refusal } from '../../core/mod.ts'

/** The caller, proven. */
export interface Identified {
  readonly kind: 'identified'
  readonly principal: Principal
  /** Lower-case names of the fields that carried the credential; they never reach the upstream. */
  readonly strip: readonly string[]
}

/** The credential is present and wrong. Who the caller claimed to be is for the record only. */
export interface Unidentified {
  readonly kind: 'refused'
  readonly refusal: Refusal
  readonly credentialId: string | null
  readonly strip: readonly string[]
}

/**
 * Proves who is calling from one kind of credential. `null` means "not mine": no credential of this kind is present.
 * A credential that is present and wrong is refused here and never falls through to a weaker way.
 *
 * Synchronous and without I/O; safe to call concurrently; costs the same time whether or not a key exists.
 */
export interface Authenticator {
  authenticate(request: ApiRequest, nowMs: number): Identified | Unidentified | null
}
