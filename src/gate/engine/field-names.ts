/** What a request field is to the gateway. Every role but `plain`, `credential` and `request-id` needs a rule of its own. */
export type FieldRole =
  /** End-to-end and of no concern to us. */
  | 'plain'
  | 'host'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'expect'
  | 'upgrade'
  /** Carries a credential: may stand once. */
  | 'credential'
  /** Meant for one connection only (RFC 9110 section 7.6.1): never passed on. */
  | 'hop'
  /** Says where a request came from or what it was rewritten from: believed and passed on from trusted hops only. */
  | 'forwarding'
  | 'traceparent'
  | 'tracestate'
  | 'request-id'
  /**
   * A name that somebody could take for another: with `_`, which behind CGI-like upstreams becomes `-`, or one that is that of a
   * length or coding but for its signs.
   */
  | 'lookalike'

/** A field name in lower case with its role. */
export interface FieldName {
  readonly name: string
  readonly role: FieldRole
}

/** Gives name and role of a field; the same object for the same name, so that the lower-cased text is made once. */
export type FieldNames = (raw: string) => FieldName

/** A memory of field names, bounded by `namesMax`; the usual names never leave it. */
export function createFieldNames(namesMax = 2048): FieldNames {
  let known = new Map(usual)
  return (raw) => {
    const found = known.get(raw)
    if (found !== undefined) return found
    const name = raw.toLowerCase()
    const field = { name, role: roleOf(name) }
    if (raw.length > rememberedCharsMax) return field
    if (known.size >= namesMax) known = new Map(usual)
    known.set(raw, field)
    return field
  }
}

const rememberedCharsMax = 64

const roles: ReadonlyMap<string, FieldRole> = new Map<string, FieldRole>([
  ['host', 'host'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['connection', 'connection'],
  ['expect', 'expect'],
  ['upgrade', 'upgrade'],
  ['authorization', 'credential'],
  ['x-api-key', 'credential'],
  ['keep-alive', 'hop'],
  ['te', 'hop'],
  ['trailer', 'hop'],
  ['http2-settings', 'hop'],
  ['forwarded', 'forwarding'],
  ['x-real-ip', 'forwarding'],
  ['x-client-ip', 'forwarding'],
  ['x-cluster-client-ip', 'forwarding'],
  ['true-client-ip', 'forwarding'],
  ['cf-connecting-ip', 'forwarding'],
  ['fastly-client-ip', 'forwarding'],
  ['x-envoy-external-address', 'forwarding'],
  ['x-azure-clientip', 'forwarding'],
  ['x-appengine-user-ip', 'forwarding'],
  ['client-cert', 'forwarding'],
  ['client-cert-chain', 'forwarding'],
  // Frameworks that obey these would serve another path or method than the one that was authorized.
  ['x-original-url', 'forwarding'],
  ['x-original-uri', 'forwarding'],
  ['x-original-method', 'forwarding'],
  ['x-original-host', 'forwarding'],
  ['x-rewrite-url', 'forwarding'],
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
  ['x-request-id', 'request-id'],
])

function roleOf(name: string): FieldRole {
  const role = roles.get(name)
  if (role !== undefined) return role
  if (name.includes('_') || isFramingLike(name)) return 'lookalike'
  if (name.startsWith('x-forwarded-') || name.startsWith('x-ssl-client-')) return 'forwarding'
  return name.startsWith('proxy-') ? 'hop' : 'plain'
}

function isFramingLike(name: string): boolean {
  const letters = name.replaceAll(/[^a-z]/g, '')
  return letters === 'transferencoding' || letters === 'contentlength'
}

const usualNames = [
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Authorization',
  'Cache-Control',
  'Connection',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'Cookie',
  'Expect',
  'Host',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'Origin',
  'Range',
  'Referer',
  'Transfer-Encoding',
  'User-Agent',
  'X-API-Key',
  'X-Api-Key',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Request-Id',
  'X-Request-ID',
]

const usual: readonly (readonly [string, FieldName])[] = [
  ...usualNames,
  ...usualNames.map((name) => name.toLowerCase()),
  ...roles.keys(),
].map((raw) => [raw, { name: raw.toLowerCase(), role: roleOf(raw.toLowerCase()) }] as const)

/** Fields between neighbours, in either direction. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
