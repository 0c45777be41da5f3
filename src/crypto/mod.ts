/**
 * Where cryptography lives: secrets are minted, hashed, compared and kept in files here and nowhere else.
 *
 * Architecture invariant: no other room of the gate's request path touches `node:crypto`.
 * @module
 */
export {
  type BlockCipher,
  ctrBlocksMax,
  ctrPrefixBytes,
  CtrReader,
  CtrStream,
  deriveKey,
  openBlockCipher,
  unwrapKey,
  wrapKey,
} from './aes.ts'
export { type AtRest, envelopeBytes, openAtRest, openAtRestBeside, type Sealer } from './at-rest.ts'
export {
  apiKeyPattern,
  mintApiKey,
  parseApiKey,
  type KeyEnvironment,
  type MintedApiKey,
  type ParsedApiKey,
} from './api-key.ts'
export type { RandomSource } from './base62.ts'
export { type CertificateFacts, isKeyOf, readCertificate } from './certificate.ts'
export { hmacBlockBytes, hmacOf, openHmacKey, type HmacKey } from './hmac.ts'
export { createKeyHasher, equalHex, type KeyHasher } from './key-hasher.ts'
export { openPasswords, type Passwords } from './password.ts'
export { createFileAtomic, ensurePrivateDir, loadOrCreateKeyFile, writeFileAtomic } from './private-files.ts'
export { createRandomPool, type RandomPool } from './random-pool.ts'
export { createRequestIds, type RequestIds } from './request-ids.ts'
export { loadOrCreateSigningKey, signEd25519, verifyEd25519, type SigningKey } from './signing-key.ts'
export { sha256 } from './sha256.ts'
export { createSipHash, sipKeyBytes, type SipHash } from './sip-hash.ts'
export { openWebhookSigner, type WebhookHeaders, type WebhookMessage } from './webhook-signature.ts'
export { hashToken, mintToken, type TokenKind } from './token.ts'
