/**
 * The form of an API key: `gthk_{live|test}_{12 base62: id}_{43 base62: secret, 256 bits}{6 base62: CRC-32 of all before}`,
 * 72 characters. The checksum keeps typing errors and chance matches away from the lookup; it proves nothing.
 */
import { crc32 } from 'node:zlib'
import { decodeBase62, encodeBase62, randomBase62, type RandomSource } from './base62.ts'

/** Which of a consumer's two worlds a key belongs to; part of the key's text, so that a person sees it. */
export type KeyEnvironment = 'live' | 'test'

/** A key at its birth. `key` is shown once and kept nowhere; `id` and `hint` are public. */
export interface MintedApiKey {
  readonly key: string
  readonly id: string
  /** `gthk_live_A1b2C3d4E5f6_…5g`: enough to find a key again, useless to anybody else. */
  readonly hint: string
}

/** What the text of a well-formed key says of itself; whether such a key exists is not said. */
export interface ParsedApiKey {
  readonly id: string
  readonly environment: KeyEnvironment
}

/** Finds keys in any text, for masking and for leak scans; a hit still may fail its checksum. Stateless: no `g` flag. */
export const apiKeyPattern: RegExp = /\bgthk_(?:live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b/

/** Characters of a key. */
export const apiKeyChars = 72

/** Makes a new key. Ids do not repeat by chance (62^12), but the store that takes it must still insist on a new one. */
export function mintApiKey(environment: KeyEnvironment, random?: RandomSource): MintedApiKey {
  const id = randomBase62(12, random)
  const key = withChecksum(`gthk_${environment}_${id}_${randomBase62(43, random)}`)
  return { key, id, hint: `gthk_${environment}_${id}_…${key.slice(-2)}` }
}

/** Takes a key apart, or says `null` for anything that was never minted: another form, another length, a wrong checksum. */
export function parseApiKey(text: string): ParsedApiKey | null {
  if (text.length !== apiKeyChars) return null
  const environment = environmentOf(text)
  if (environment === null || text.charAt(secretStart - 1) !== '_') return null
  if (decodeBase62(text, idStart, secretStart - 1) < 0 || decodeBase62(text, secretStart, checksumStart) < 0)
    return null
  if (decodeBase62(text, checksumStart, apiKeyChars) !== crc32(text.slice(0, checksumStart))) return null
  return { id: text.slice(idStart, secretStart - 1), environment }
}

function environmentOf(text: string): KeyEnvironment | null {
  if (text.startsWith('gthk_live_')) return 'live'
  return text.startsWith('gthk_test_') ? 'test' : null
}

const idStart = 10
const secretStart = 23
const checksumStart = 66
const checksumDigits = 6

/** The text with the CRC-32 of its (ASCII) bytes behind it, as every secret of ours ends. */
export function withChecksum(text: string): string {
  return text + encodeBase62(crc32(text), checksumDigits)
}
