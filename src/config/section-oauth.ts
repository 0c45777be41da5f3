import * as z from 'zod'
import { tokenAlgorithms, type TokenAlgorithm, type TokenIssuer } from '../core/mod.ts'
import { isLoopback } from './addresses.ts'
import { bad, choiceKind, good, type Kind, leaf, mistaken, oneOrMany, optional, section } from './kinds.ts'
import { durationKind } from './measures.ts'
import { apiNames } from './names.ts'
import type { Finding } from './problems.ts'
import { quoted, type Reading, valueAt } from './reading.ts'

/** One authorization server as it stands in the file; null for what is left out. */
export interface IssuerSection {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly TokenAlgorithm[] | null
  readonly jwks: string | null
  readonly clockSkew: number | null
  readonly ageMax: number | null
  readonly scopesClaim: string | null
  readonly acr: readonly string[] | null
  readonly deny: readonly string[] | null
}

/** `oauth:` several issuers under their names, or one of them without. */
export interface OauthSection extends Nullable<IssuerSection> {
  readonly issuers: Readonly<Record<string, IssuerSection>>
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null }

const urlHow = 'write it as https://id.example.com'

/** Kept as it is written: it must be what tokens say, character for character (RFC 9068 4). */
const issuerKind: Kind<string> = {
  schema: { type: 'string', format: 'uri', pattern: '^https?://[^@?#\\s]+$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a URL', urlHow)
    const url = /^https?:\/\/[^@?#\s\p{Cc}]+$/u.test(value) ? URL.parse(value) : null
    if (url === null) {
      const guess = URL.canParse(`https://${value}`) && /^[\w.-]+$/.test(value) ? `write https://${value}` : null
      return mistaken('GH-C008', 'is not the URL of an issuer', { guess, hint: urlHow })
    }
    return clearText(url) ?? good(value)
  },
}

const keysUrlKind: Kind<string> = {
  schema: { type: 'string', format: 'uri', pattern: '^https?://[^@#\\s]+$' },
  read: (value) => {
    const url = typeof value === 'string' && /^https?:\/\/[^@#\s\p{Cc}]+$/u.test(value) ? URL.parse(value) : null
    if (url === null) return bad('GH-C008', 'is not a URL', 'write it as https://id.example.com/jwks')
    return clearText(url) ?? good(url.href)
  },
}

/** Whoever stands between could put in keys of his own. */
function clearText({ protocol, hostname }: URL): ReturnType<typeof bad> | null {
  const host = hostname.replaceAll(/[[\]]/g, '')
  if (protocol === 'https:' || isLoopback(host) || /^(?:.+\.)?localhost$/.test(host)) return null
  return bad('GH-C014', 'is asked without TLS', 'http:// is for tests and development on this machine; write https://')
}

/** Visible ASCII. */
function textOf(noun: string, how: string): Kind<string> {
  return {
    schema: { type: 'string', pattern: '^[\\u0021-\\u007E]{1,256}$' },
    read: (value) =>
      typeof value === 'string' && /^[\u0021-\u007e]{1,256}$/.test(value)
        ? good(value)
        : bad('GH-C008', `is not ${noun}`, how),
  }
}

const audienceKind: Kind<readonly string[]> = oneOrMany(
  textOf('an audience', 'visible ASCII characters, such as orders-api or https://api.example.com'),
)

const deniedKind: Kind<string> = {
  schema: { type: 'string', pattern: '^(?:client_id|sub|jti|sid):.{1,256}$' },
  read: (value) =>
    typeof value === 'string' && /^(?:client_id|sub|jti|sid):[^\p{Cc}]{1,256}$/u.test(value)
      ? good(value)
      : bad('GH-C008', 'does not say which tokens', 'write client_id:shop, sub:user-1, jti:… or sid:…'),
}

const claimKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[A-Za-z0-9_.:/-]{1,128}$' },
  read: (value) =>
    typeof value === 'string' && /^[\w.:/-]{1,128}$/.test(value)
      ? good(value)
      : bad('GH-C008', 'is not the name of a claim', 'write it as scope or scp'),
}

const algorithmsSchema: z.ZodType<readonly TokenAlgorithm[]> = z
  .array(leaf(choiceKind(...tokenAlgorithms)))
  .min(1)
  .max(tokenAlgorithms.length)

const settings = {
  algorithms: optional(
    algorithmsSchema,
    'Signature algorithms; ES256, ES384, EdDSA, Ed25519, PS256 and RS256 when left out',
  ),
  jwks: optional(
    leaf(keysUrlKind),
    'Where its keys are; found by its metadata (RFC 8414, OpenID Connect) when left out',
  ),
  clockSkew: optional(leaf(durationKind('0ms', '5m')), 'How much its clock may differ; 5s when left out'),
  ageMax: optional(leaf(durationKind('1m', '30d')), 'Longest life of a token, from iat to exp; 1d when left out'),
  acr: optional(
    z
      .array(leaf(textOf('a class of authentication', 'write it as acr of your issuer names it')))
      .min(1)
      .max(16),
    'How users must have signed in: acr must be one of these',
  ),
  deny: optional(
    z.array(leaf(deniedKind)).max(1_000),
    'Tokens to refuse before they end: client_id:…, sub:…, jti:… or sid:…',
  ),
  scopesClaim: optional(leaf(claimKind), 'The claim with the scopes, separated by spaces; scope when left out'),
}

const issuerSays = 'What iss is in its tokens, exactly; https, or http on this machine for development'
const audienceSays = 'What must stand in aud: the name of your API at the issuer; one or a list'

const issuerSchema: z.ZodType<IssuerSection> = z.strictObject({
  issuer: leaf(issuerKind).describe(issuerSays),
  audience: leaf(audienceKind).describe(audienceSays),
  ...settings,
})

const oauthMembers: z.ZodType<OauthSection> = z
  .strictObject({
    issuer: optional(leaf(issuerKind), issuerSays),
    audience: optional(leaf(audienceKind), audienceSays),
    ...settings,
    issuers: z
      .record(z.string(), issuerSchema)
      .meta({ propertyNames: { pattern: apiNames.pattern } })
      .prefault({})
      .describe('Several issuers, each under its name'),
  })
  .superRefine((given, context) => {
    for (const { path, says, hint, code } of faultsOf(given))
      context.addIssue({ code: 'custom', message: says, path: [path], params: { code, hint, guess: null } })
  })

/** The section; no issuers when left out. */
export const oauthSchema: z.ZodType<OauthSection> = section(
  oauthMembers,
  'Authorization servers whose JWT access tokens (RFC 9068) are accepted where auth names oauth',
)

interface Fault {
  readonly path: string
  readonly code: 'GH-C005' | 'GH-C014'
  readonly says: string
  readonly hint: string
}

function faultsOf({ issuers, ...one }: OauthSection): readonly Fault[] {
  const given = Object.entries(one).filter(([, value]) => value !== null)
  const [first] = given
  if (first === undefined) return []
  if (Object.keys(issuers).length > 0) {
    const says = 'stands beside issuers'
    return [{ path: first[0], code: 'GH-C014', says, hint: 'move it into issuers, under a name' }]
  }
  return (['issuer', 'audience'] as const)
    .filter((name) => one[name] === null)
    .map((path) => ({ path, code: 'GH-C005', says: 'is missing', hint: `add ${path} to oauth` }))
}

/** What only the whole section knows: whether names are names, and whether two issuers are one. */
export function oauthChecks(reading: Reading): readonly Finding[] {
  const found = valueAt(reading.tree, ['oauth', 'issuers'])
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return []
  const firsts = new Map<unknown, string>()
  return Object.keys(found).flatMap((name): readonly Finding[] => {
    const path = ['oauth', 'issuers', name]
    const meant = apiNames.meant(name)
    if (!apiNames.fits(name)) {
      const hint = meant === null ? 'up to 64 lower-case letters, digits and -' : `did you mean "${meant}"?`
      return [{ code: 'GH-C008', message: `${quoted(name)} is not a name for an issuer`, path, mark: 'key', hint }]
    }
    const issuer = valueAt(reading.tree, [...path, 'issuer'])
    const first = firsts.get(issuer)
    if (first === undefined) firsts.set(issuer, name)
    if (first === undefined || typeof issuer !== 'string') return []
    const message = `${quoted(name)} is the same issuer as ${quoted(first)}`
    const hint = 'keep one of them; audience takes a list'
    return [{ code: 'GH-C011', message, path: [...path, 'issuer'], mark: 'value', hint }]
  })
}

/** The section as the gate takes it. */
export function composeOauth({ issuers, issuer, audience, ...one }: OauthSection): TokenIssuer[] {
  const short: Record<string, IssuerSection> =
    issuer === null || audience === null ? {} : { default: { ...one, issuer, audience } }
  return Object.entries({ ...issuers, ...short }).map(([name, found]) => issuerOf(name, found))
}

const algorithmsDefault: readonly TokenAlgorithm[] = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256']
const clockSkewMsDefault = 5_000
const ageMsMaxDefault = 24 * 3_600_000

function issuerOf(name: string, given: IssuerSection): TokenIssuer {
  return {
    name,
    issuer: given.issuer,
    audiences: [...new Set(given.audience)],
    algorithms: [...new Set(given.algorithms ?? algorithmsDefault)],
    jwksUrl: given.jwks,
    clockSkewMs: given.clockSkew ?? clockSkewMsDefault,
    ageMsMax: given.ageMax ?? ageMsMaxDefault,
    scopesClaim: given.scopesClaim ?? 'scope',
    acr: [...new Set(given.acr)],
    denied: [...new Set(given.deny)],
  }
}
