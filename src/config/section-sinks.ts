import * as z from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { bad, choiceKind, good, type Kind, leaf, mistaken, optional, type Read } from './kinds.ts'
import { apiNames } from './names.ts'
import type { Finding } from './problems.ts'
import { quoted, type Reading, valueAt } from './reading.ts'

/** What a sink may be limited to: requests by their outcome, and what was done to Gatehouse itself. */
export type SinkOnly = 'served' | 'refused' | 'failed' | 'aborted' | 'audit'

/** One entry of `sinks:` */
export interface SinkSection {
  readonly type: 'syslog' | 'webhook'
  readonly url: string
  /** PEM. */
  readonly ca: string | null
  readonly token: string | null
  readonly secret: string | null
  /** Empty for everything. */
  readonly only: readonly SinkOnly[]
}

/** `sinks:` by name. */
export type SinksSection = Readonly<Record<string, SinkSection>>

/** One receiver of everything that is recorded; takes effect at a start. */
export interface SinkConfig extends SinkSection {
  readonly name: string
}

const urlHow = 'write it as tls://siem.example.com:6514 or https://siem.example.com/events'

/** Where a sink delivers. Names of hosts and addresses come out as the URL standard writes them. */
const sinkUrlKind: Kind<string> = {
  schema: { type: 'string', pattern: '^(?:tls|tcp|https|http)://[^@?#\\s]+' },
  read: (value) => (typeof value === 'string' ? readUrl(value) : bad('GH-C006', 'is not a URL', urlHow)),
}

function readUrl(text: string): Read<string> {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/i.exec(text) ?? []
  const kept = scheme.toLowerCase()
  if (kept !== '' && !schemes.includes(kept)) {
    const guess = kept === 'syslog' || kept === 'ssl' ? 'did you mean "tls"?' : didYouMean(kept, schemes)
    return mistaken('GH-C008', 'is not a URL that can be delivered to', { guess, hint: urlHow })
  }
  // The standard reads hosts of schemes that it does not know less strictly than those of http.
  const url = kept === '' ? null : URL.parse(`${kept === 'https' ? 'https' : 'http'}://${rest}`)
  if (url === null) return bad('GH-C008', 'is not a URL', urlHow)
  if (url.username !== '' || url.password !== '')
    return bad('GH-C008', 'has a user name or a password in it', 'a webhook takes its token in token')
  if (url.hash !== '') return bad('GH-C008', 'has a fragment', 'leave out the # and what follows')
  return kept === 'https' || kept === 'http' ? good(url.href) : readReceiver(kept, url, rest)
}

const schemes: readonly string[] = ['tls', 'tcp', 'https', 'http']
/** RFC 5425 4.1; RFC 6587 names none for plain TCP, receivers take the port of RFC 3195. */
const ports: Readonly<Record<string, number>> = { tls: 6514, tcp: 601 }

function readReceiver(scheme: string, url: URL, rest: string): Read<string> {
  if (url.pathname !== '/' || url.search !== '')
    return bad('GH-C008', 'has a path', 'a syslog receiver is a host and a port')
  // What is the default of http stands in the text only.
  const written = /:(\d+)\/?$/.exec(rest)?.[1]
  const port = written === undefined ? (ports[scheme] ?? 0) : Number(written)
  return port === 0 ? bad('GH-C009', 'has port 0', urlHow) : good(`${scheme}://${url.hostname}:${port}`)
}

/** Authorities in PEM. */
export const caKind: Kind<string> = {
  schema: { type: 'string' },
  read: (value) =>
    typeof value === 'string' && /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(value)
      ? good(value)
      : bad('GH-C008', 'is not a certificate in PEM', 'write ca: file:/etc/ssl/siem-ca.pem'),
}

/** RFC 6750 2.1 b64token, wide enough for what receivers give out. */
const tokenKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[!-~]{1,4096}$' },
  read: (value) =>
    typeof value === 'string' && /^[!-~]{1,4096}$/.test(value)
      ? good(value)
      : bad('GH-C008', 'is not a token', 'visible ASCII characters; write token: env:NAME'),
}

const secretHow =
  'whsec_ and 24 to 64 random bytes in base64, such as of openssl rand -base64 32; write secret: env:NAME'

/** The signing secret of Standard Webhooks. */
export const secretKind: Kind<string> = {
  schema: { type: 'string', pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$' },
  read: (value) => {
    const encoded = typeof value === 'string' ? /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1] : undefined
    const bytes = encoded === undefined ? 0 : Buffer.from(encoded, 'base64').length
    return bytes >= 24 && bytes <= 64 ? good(String(value)) : bad('GH-C008', 'is not a webhook secret', secretHow)
  },
}

const sinkSchema: z.ZodType<SinkSection> = z
  .strictObject({
    type: leaf(choiceKind('syslog', 'webhook')).describe(
      'syslog: RFC 5424 over TLS or TCP; webhook: HTTPS POST of JSON arrays. Events are OCSF in both',
    ),
    url: leaf(sinkUrlKind).describe(
      'tls://host:6514 or https://host/path; tcp:// and http:// only for 127.0.0.1, [::1] and localhost',
    ),
    ca: optional(leaf(caKind), 'Authorities to trust for this receiver instead of the public ones: file:/path'),
    token: optional(leaf(tokenKind), 'Of a webhook: sent as Authorization: Bearer'),
    secret: optional(leaf(secretKind), 'Of a webhook: signs each delivery as Standard Webhooks say, whsec_…'),
    only: z
      .array(leaf(choiceKind('served', 'refused', 'failed', 'aborted', 'audit')))
      .max(5)
      .prefault([])
      .describe('Only requests that ended so, and audit for what is done to Gatehouse; everything when left out'),
  })
  .superRefine((sink, context) => {
    for (const { path, says, hint } of contradictions(sink))
      context.addIssue({ code: 'custom', message: says, path: [path], params: { code: 'GH-C014', hint, guess: null } })
  })

function contradictions({
  type,
  url,
  token,
  secret,
}: SinkSection): readonly { path: string; says: string; hint: string }[] {
  const found: { path: string; says: string; hint: string }[] = []
  const scheme = url.slice(0, url.indexOf(':'))
  const fits = type === 'syslog' ? ['tls', 'tcp'] : ['https', 'http']
  if (!fits.includes(scheme))
    found.push({ path: 'url', says: `is not for a ${type}`, hint: `a ${type} begins with ${fits[0]}://` })
  else if ((scheme === 'tcp' || scheme === 'http') && !isThisMachine(url))
    found.push({
      path: 'url',
      says: 'would send records in clear to another machine',
      hint: `use ${fits[0]}://`,
    })
  if (type === 'syslog' && token !== null)
    found.push({ path: 'token', says: 'is for webhooks only', hint: 'leave it out' })
  if (type === 'syslog' && secret !== null)
    found.push({ path: 'secret', says: 'is for webhooks only', hint: 'leave it out' })
  return found
}

function isThisMachine(url: string): boolean {
  const host = URL.parse(url.replace(/^\w+:/, 'https:'))?.hostname ?? ''
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The section; no sinks when left out. */
export const sinksSchema: z.ZodType<SinksSection> = z
  .record(z.string(), sinkSchema)
  .meta({ propertyNames: { pattern: apiNames.pattern } })
  .prefault({})
  .describe('Receivers of all records, each under its name: SIEMs and the like')

/** What only the whole section knows: whether its names are names. */
export function sinkChecks(reading: Reading): readonly Finding[] {
  const found = valueAt(reading.tree, ['sinks'])
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return []
  return Object.keys(found)
    .filter((name) => !apiNames.fits(name))
    .map((name) => {
      const meant = apiNames.meant(name)
      const hint =
        meant === null ? 'begin with a lower-case letter; up to 64 letters, digits and -' : `did you mean "${meant}"?`
      return {
        code: 'GH-C008',
        message: `${quoted(name)} is not a name for a sink`,
        path: ['sinks', name],
        mark: 'key',
        hint,
      }
    })
}

/** The section as those who deliver take it. */
export function composeSinks(section: SinksSection): readonly SinkConfig[] {
  return Object.entries(section).map(([name, sink]) => ({ name, ...sink, only: [...new Set(sink.only)] }))
}
