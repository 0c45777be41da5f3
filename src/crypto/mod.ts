/**
 * Where cryptography lives: secrets are minted, hashed, compared and kept in files here and nowhere else.
 *
 * Architecture invariant: no other room of the gate's request path touches `node:crypto`.
 * @module
 */
export {
  apiKeyPattern,
  mintApiKey,
  parseApiKey,
  type KeyEnvironment,
  type MintedApiKey,
  type ParsedApiKey,
} from './api-key.ts'
export type { RandomSource } from './base62.ts'
export { createKeyHasher, equalHex, type KeyHasher } from './key-hasher.ts'
export { ensurePrivateDir, loadOrCreateKeyFile, writeFileAtomic } from './private-files.ts'
export { createRequestIds, type RequestIds } from './request-ids.ts'
export { hashToken, mintToken, type TokenKind } from './token.ts'
