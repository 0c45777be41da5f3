import { hash } from 'node:crypto'
import { withChecksum } from './api-key.ts'
import { randomBase62, type RandomSource } from './base62.ts'

/** Kinds of tokens that are not API keys: `gtha`, the admin API's; `gthi`, of a set-up link; `gths`, of a session. */
export type TokenKind = 'gtha' | 'gthi' | 'gths'

/** A new token of 256 bits: `gtha_{43 base62}{6 base62: CRC-32 of all before}`. Shown once; keep `hashToken` of it. */
export function mintToken(kind: TokenKind, random?: RandomSource): string {
  return withChecksum(`${kind}_${randomBase62(43, random)}`)
}

/**
 * SHA-256, 64 hex digits, under which a token is kept and compared. A plain hash suffices, for 256 random bits cannot be
 * guessed; it must never be used for anything that a person chose.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex')
}
