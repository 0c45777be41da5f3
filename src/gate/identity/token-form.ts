import { messageOf, type TokenAlgorithm, tokenAlgorithms } from '../../core/mod.ts'
import { kidPattern } from './key-set.ts'
import { type JsonMap, readStrictJson } from './strict-json.ts'

/** A JWT access token whose form is right; nothing of it is proven yet. */
export interface TokenForm {
  readonly algorithm: TokenAlgorithm
  readonly kid: string
  readonly claims: JsonMap
}

/** Longest token, characters. */
export const tokenCharsMax = 8_192
const depthMax = 8
const headerMembers: ReadonlySet<string> = new Set(['alg', 'typ', 'kid'])
const types: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt'])

/**
 * Takes a token apart: three parts in canonical base64url, so that one token has one spelling; both JSON parts strict; a header of
 * `alg`, `typ` and `kid` alone, so that no token brings its own key or asks for a meaning that we do not know (RFC 8725, RFC
 * 9068). Returns what is wrong as a text for the record, which repeats nothing of the token.
 */
export function readTokenForm(token: string): TokenForm | string {
  if (token.length > tokenCharsMax) return `longer than ${tokenCharsMax} characters`
  const parts = token.split('.')
  const [header, payload, signature] = parts.map(bytesOf)
  if (parts.length !== 3) return `not a JWT: ${parts.length} parts`
  if (header === undefined || payload === undefined || signature === undefined) return 'not a JWT'
  if (header === null || payload === null || signature === null) return 'a part is not canonical base64url'
  const members = mapOf(header)
  if (typeof members === 'string') return `header: ${members}`
  const named = headerOf(members)
  if (typeof named === 'string') return `header: ${named}`
  const claims = mapOf(payload)
  return typeof claims === 'string' ? `claims: ${claims}` : { ...named, claims }
}

/** Null where another text would mean the same bytes. */
function bytesOf(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : null
}

function mapOf(bytes: Uint8Array): JsonMap | string {
  try {
    const value = readStrictJson(bytes, depthMax)
    return value instanceof Map ? value : 'not a JSON object'
  } catch (error) {
    return messageOf(error)
  }
}

function headerOf(members: JsonMap): Omit<TokenForm, 'claims'> | string {
  for (const name of members.keys()) if (!headerMembers.has(name)) return 'a member that is not alg, typ or kid'
  const [alg, typ, kid] = [members.get('alg'), members.get('typ'), members.get('kid')]
  const algorithm = tokenAlgorithms.find((one) => one === alg)
  if (algorithm === undefined) return 'alg is not one of ours'
  if (typeof typ !== 'string' || !types.has(typ.toLowerCase())) return 'typ is not at+jwt'
  if (typeof kid !== 'string' || !kidPattern.test(kid)) return 'kid is missing or not usable'
  return { algorithm, kid }
}
