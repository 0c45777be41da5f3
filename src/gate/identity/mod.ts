/**
 * Who is calling.
 *
 * Architecture invariant: a credential that is present and wrong is refused; there is no way from it to a weaker one.
 * @module
 */
export {
  createApiKeyAuthenticator,
  type ApiKeyAuthenticator,
  type ApiKeyAuthenticatorOptions,
  type Credentials,
} from './api-key-authenticator.ts'
export type { Authenticated, Authenticator, Identified, Unidentified } from './authenticator.ts'
export {
  type CertificateAuthenticator,
  type CertificateRules,
  createCertificateAuthenticator,
} from './certificate-authenticator.ts'
export { type Fetched, type KeySource, openKeySource } from './key-source.ts'
export { type KeptKeys, type KeySets, type KeySetsOptions, openKeySets } from './key-sets.ts'
export {
  createTokenAuthenticator,
  type TokenAuthenticator,
  type TokenAuthenticatorOptions,
  type TokenRules,
} from './token-authenticator.ts'
export { type IssuerKeys, type KeyAnswer, type KeySet, readKeySet, type VerificationKey } from './key-set.ts'
