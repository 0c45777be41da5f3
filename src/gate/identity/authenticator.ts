import type { ApiRequest, AuthMethod, Principal, Refusal } from '../../core/mod.ts'

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

/** What looking at a request came to: `null` for "no credential of this kind is there". */
export type Authenticated = Identified | Unidentified | null

/**
 * Proves who is calling from one kind of credential. `null` means "not mine": no credential of this kind is present.
 * A credential that is present and wrong is refused here and never falls through to a weaker way.
 *
 * Safe to call concurrently; costs the same time whether or not a key exists. Answers at once wherever it can, and with a
 * promise where something has to be computed or asked for: then it settles within a deadline of its own, and never rejects.
 */
export interface Authenticator {
  readonly method: AuthMethod
  authenticate(request: ApiRequest, nowMs: number): Authenticated | Promise<Authenticated>
}
