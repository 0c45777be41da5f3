import { type ConnectionLimits, type Reason, refusal, type Refusal } from '../../core/mod.ts'
import type { Authorities } from './authority.ts'
import { canonicalPath } from './canonical-path.ts'
import type { FieldNames } from './field-names.ts'

/** A request head as the parser gives it. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  /** `1.1`. */
  readonly httpVersion: string
  /** Name and value in turn, as received. */
  readonly rawHeaders: readonly string[]
}

/** What the gate reads heads with. */
export interface GateTables {
  readonly limits: Pick<ConnectionLimits, 'urlBytesMax' | 'headerBytesMax' | 'headersMax'>
  readonly names: FieldNames
  readonly authorities: Authorities
  /** What an absolute target must begin with. */
  readonly scheme: 'http' | 'https'
}

/** A head that was looked through. Where it has a defect, the rest is as much as could be read. */
export interface ExaminedHead {
  readonly defect: Refusal | null
  /** '' when it could not be known. */
  readonly host: string
  readonly authority: string
  /** Canonical; '*' for the asterisk-form, '' when unusable. */
  readonly path: string
  readonly query: string
  /** Names in lower case. */
  readonly headers: readonly string[]
  /** The declared length, null for a chunked body, 0 for none. */
  readonly bodyBytes: number | null
  /** Without optional white space, so an estimate from below. */
  readonly headBytes: number
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean
  /** Fields that `Connection` names, lower case: they end here. */
  readonly connectionNames: readonly string[]
  /** The client wants the connection closed behind the answer. */
  readonly closes: boolean
  /** The one `traceparent`, unread. */
  readonly traceparent: string | null
}

/**
 * The strict gate: refuses what `node:http` lets pass although two programs could read it differently, by the one status
 * table. Pure. The first of several defects decides, in this order: version, sizes, fields, framing, target.
 */
export function examineHead(head: RequestHead, tables: GateTables): ExaminedHead {
  const draft = emptyDraft()
  const found = readFields(head, tables, draft)
  draft.defect = versionDefect(head) ?? sizeDefect(head, tables.limits, draft) ?? found ?? framingDefect(head, draft)
  const targetDefect = readTarget(head, tables, draft)
  draft.defect ??= targetDefect
  return draft
}

/** In the making: all members from the start, so that all heads have one shape. */
type Draft = { -readonly [K in keyof ExaminedHead]: ExaminedHead[K] } & {
  headers: string[]
  hosts: number
  hostField: string
  contentLength: string | null
  transferEncoding: string | null
}

function emptyDraft(): Draft {
  return {
    defect: null,
    host: '',
    authority: '',
    path: '',
    query: '',
    headers: [],
    bodyBytes: 0,
    headBytes: 0,
    expectsContinue: false,
    connectionNames: none,
    closes: false,
    traceparent: null,
    hosts: 0,
    hostField: '',
    contentLength: null,
    transferEncoding: null,
  }
}

const none: readonly string[] = []

function versionDefect({ httpVersion }: RequestHead): Refusal | null {
  if (httpVersion === '1.1' || httpVersion === '1.0') return null
  return refusal('version_not_supported', 'This server speaks HTTP/1.1 and HTTP/1.0')
}

function sizeDefect(head: RequestHead, limits: GateTables['limits'], draft: Draft): Refusal | null {
  if (head.url.length > limits.urlBytesMax) {
    return refusal('url_too_long', `The URL is longer than ${limits.urlBytesMax} bytes`)
  }
  if (draft.headBytes > limits.headerBytesMax) {
    return refusal('headers_too_large', `The header fields are larger than ${limits.headerBytesMax} bytes`)
  }
  if (head.rawHeaders.length > 2 * limits.headersMax) {
    return refusal('headers_too_large', `There are more than ${limits.headersMax} header fields`)
  }
  return null
}

/** Notes every field in the draft; gives the first defect among them. */
function readFields(head: RequestHead, { names }: GateTables, draft: Draft): Refusal | null {
  const { rawHeaders } = head
  let defect: Refusal | null = null
  let bytes = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    bytes += raw.length + value.length + fieldOverheadBytes
    const { name, role } = names(raw)
    if (role !== 'plain') {
      const found = readField(name, value, role === 'lookalike' ? null : draft)
      defect ??= found
    }
    draft.headers.push(name, value)
  }
  draft.headBytes = bytes
  return defect
}

/** `: ` and the end of the line. */
const fieldOverheadBytes = 4

/** The fields with a rule. Without a draft: a name that is refused whatever its value. */
function readField(name: string, value: string, draft: Draft | null): Refusal | null {
  if (draft === null) return malformed('A field name could be taken for another', `field ${name}`)
  switch (name) {
    case 'host':
      draft.hosts++
      draft.hostField = value
      return draft.hosts > 1 ? malformed('There is more than one Host field') : null
    case 'content-length':
      if (draft.contentLength !== null) return malformed('There is more than one Content-Length field')
      draft.contentLength = value
      return null
    case 'transfer-encoding':
      draft.transferEncoding = draft.transferEncoding === null ? value : `${draft.transferEncoding},${value}`
      return null
    case 'connection':
      return readConnection(value, draft)
    case 'expect':
      if (value.toLowerCase() !== '100-continue') {
        return refusal('expectation_failed', 'Only 100-continue can be expected')
      }
      draft.expectsContinue = true
      return null
    case 'upgrade':
      return refusal('upgrade_refused', 'Protocol upgrades are not accepted', { note: `to ${value}` })
    case 'authorization':
    case 'x-api-key':
      return isRepeated(name, draft.headers) ? refusal('invalid_request', 'A credential field is repeated') : null
    case 'traceparent':
      // A repeated one is no valid one, and never a reason to refuse.
      draft.traceparent = draft.traceparent === null ? value : ''
      return null
    default:
      return null
  }
}

function isRepeated(name: string, headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return true
  return false
}

/**
 * `Connection` takes fields away on their way. A caller that names `authorization` there, or a field that we rely on, wants
 * the upstream to see another request than we did.
 */
function readConnection(value: string, draft: Draft): Refusal | null {
  if (value === 'keep-alive' || value === 'Keep-Alive') return null
  for (const part of value.split(',')) {
    const token = part.trim().toLowerCase()
    if (token === 'close') draft.closes = true
    if (token === '' || connectionOptions.has(token)) continue
    if (endToEnd.has(token) || endToEndPrefix.test(token)) {
      return malformed('The Connection field names an end-to-end field', `names ${token}`)
    }
    draft.connectionNames = [...draft.connectionNames, token]
  }
  return null
}

const connectionOptions = new Set([
  'close',
  'keep-alive',
  'te',
  'trailer',
  'trailers',
  'upgrade',
  'http2-settings',
  'proxy-connection',
])

const endToEndPrefix = /^(?:accept|access-control-|content-|if-|sec-|x-forwarded-|x-request-)/

const endToEnd = new Set([
  'authorization',
  'cache-control',
  'cookie',
  'date',
  'digest',
  'expect',
  'forwarded',
  'from',
  'host',
  'idempotency-key',
  'max-forwards',
  'origin',
  'pragma',
  'range',
  'referer',
  'set-cookie',
  'signature',
  'signature-input',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'user-agent',
  'via',
  'x-api-key',
  'x-real-ip',
])

/** Where the body ends, beyond any doubt (RFC 9112 section 6). */
function framingDefect(head: RequestHead, draft: Draft): Refusal | null {
  const { transferEncoding, contentLength } = draft
  if (transferEncoding !== null) {
    draft.bodyBytes = null
    if (head.httpVersion === '1.0') return malformed('HTTP/1.0 has no Transfer-Encoding')
    if (contentLength !== null) return malformed('There are both Content-Length and Transfer-Encoding')
    if (transferEncoding.toLowerCase() !== 'chunked') return codingDefect(transferEncoding)
  } else if (contentLength !== null) {
    if (!/^\d{1,15}$/.test(contentLength)) return malformed('The Content-Length is not a number of bytes')
    draft.bodyBytes = Number(contentLength)
  }
  // RFC 9110 section 10.1.1: ignored in HTTP/1.0.
  if (head.httpVersion === '1.0') draft.expectsContinue = false
  if (draft.bodyBytes === 0) draft.expectsContinue = false
  else if (bodiless.has(head.method)) return refusal('body_not_allowed', `${head.method} takes no body`)
  return null
}

const bodiless = new Set(['GET', 'HEAD', 'TRACE'])

/** `chunked` that is not the last and only one leaves the length open; any other coding is one we do not know. */
function codingDefect(transferEncoding: string): Refusal {
  const codings = transferEncoding.split(',').map((coding) => coding.trim().toLowerCase())
  const isOpen = codings.slice(0, -1).includes('chunked')
  return isOpen
    ? malformed('The transfer codings leave the length open')
    : refusal('transfer_coding_not_supported', 'The only transfer coding is chunked')
}

function readTarget(head: RequestHead, tables: GateTables, draft: Draft): Refusal | null {
  const { url } = head
  const named = draft.hosts === 0 ? null : tables.authorities(draft.hostField)
  if (named !== null) {
    draft.host = named.host
    draft.authority = named.text
  }
  if (draft.hosts === 0) return malformed('There is no Host field')
  if (named === null) return malformed('The Host field is not a host')
  if (url.charCodeAt(0) === slash) return readPath(url, draft)
  if (url === '*') {
    if (head.method !== 'OPTIONS') return malformed('Only OPTIONS may ask about the server as a whole')
    draft.path = '*'
    return null
  }
  const [, scheme, authority, rest] = absoluteForm.exec(url) ?? []
  if (scheme === undefined || authority === undefined || rest === undefined) return malformedTarget
  const target = tables.authorities(authority)
  if (target === null) return malformed('The authority of the target is not a host')
  if (scheme.toLowerCase() !== tables.scheme || target.canonical !== named.canonical) {
    return refusal('host_mismatch', 'Target and Host field name different authorities')
  }
  return readPath(rest.startsWith('/') ? rest : `/${rest}`, draft)
}

const slash = 47
const absoluteForm = /^(https?):\/\/([^/?#]*)([^#]*)$/i
const malformedTarget = malformed('The target is not valid')

function readPath(url: string, draft: Draft): Refusal | null {
  const mark = url.indexOf('?')
  if (url.includes('#') || (mark !== -1 && !isVisible.test(url))) return malformedTarget
  const path = canonicalPath(mark === -1 ? url : url.slice(0, mark))
  if (typeof path !== 'string') return path
  draft.path = path
  if (mark !== -1) draft.query = url.slice(mark + 1)
  return null
}

const isVisible = /^[\u0021-\u007e]*$/

function malformed(detail: string, note = ''): Refusal {
  return refusal('malformed' satisfies Reason, detail, { note })
}
