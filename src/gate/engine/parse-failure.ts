import { type ConnectionLimits, type Refusal, refusal } from '../../core/mod.ts'

/** An error that `node:http` reports for a connection instead of a request. */
export interface ParserError extends Error {
  readonly code?: string
  readonly reason?: string
  /** The bytes that were being parsed. */
  readonly rawPacket?: Buffer
  /** How far the parser came in them. */
  readonly bytesParsed?: number
}

/** True for a defect of the connection itself, which says nothing about what was sent. */
export function isSocketError({ code = '' }: ParserError): boolean {
  return !code.startsWith('HPE_') && code !== timeoutCode
}

/** True where bytes stand that do not even begin like a request, or stand where none can. */
export function isGarbage({ code }: ParserError): boolean {
  return code === 'HPE_INVALID_METHOD' || code === 'HPE_CLOSED_CONNECTION'
}

const timeoutCode = 'ERR_HTTP_REQUEST_TIMEOUT'

/** What the one status table says about it. */
export function parseDefect(error: ParserError, limits: Pick<ConnectionLimits, 'urlBytesMax'>): Refusal {
  const { code = '', reason = error.message } = error
  const note = `${code}: ${reason}`
  switch (code) {
    case timeoutCode:
      return refusal('request_timeout', 'The request did not arrive in time', { note })
    case 'HPE_INVALID_EOF_STATE':
      return refusal('client_abort', 'The client left within its request', { note })
    case 'HPE_HEADER_OVERFLOW':
      return isLongLine(error, limits.urlBytesMax)
        ? refusal('url_too_long', `The URL is longer than ${limits.urlBytesMax} bytes`, { note })
        : refusal('headers_too_large', 'The header fields are too large', { note })
    case 'HPE_PAUSED_H2_UPGRADE':
      return refusal('version_not_supported', 'This server speaks HTTP/1.1 and HTTP/1.0', { note })
    case 'HPE_INVALID_VERSION':
      return isOtherVersion(error)
        ? refusal('version_not_supported', 'This server speaks HTTP/1.1 and HTTP/1.0', { note })
        : refusal('malformed', 'The request is not valid HTTP', { note })
    default:
      return refusal('malformed', 'The request is not valid HTTP', { note })
  }
}

/** The first line alone is more than a URL may be. Unknown, and taken for fields, where the line came in earlier packets. */
function isLongLine({ rawPacket }: ParserError, urlBytesMax: number): boolean {
  if (rawPacket === undefined || !requestLineBegins.test(rawPacket.toString('latin1', 0, methodCharsMax))) return false
  const end = rawPacket.indexOf('\n')
  return (end === -1 ? rawPacket.length : end) > urlBytesMax
}

const methodCharsMax = 24
const requestLineBegins = /^[A-Z-]{3,20} /

/** The parser stopped within `HTTP/x.y`: at a well-formed version that is not ours, or at something else. */
function isOtherVersion({ rawPacket, bytesParsed = 0 }: ParserError): boolean {
  if (rawPacket === undefined) return false
  const line = rawPacket.toString(
    'latin1',
    rawPacket.lastIndexOf('\n', Math.max(bytesParsed - 1, 0)) + 1,
    bytesParsed + lineRestMax,
  )
  const [, version] = / HTTP\/(\d+(?:\.\d+)?)\r\n/.exec(line) ?? []
  return version !== undefined && version !== '1.1' && version !== '1.0'
}

const lineRestMax = 16

/** What can be told of a head that nobody could parse, for its record. */
export interface Remains {
  readonly method: string
  readonly httpVersion: string
  /** As sent; '' when it is not a path. */
  readonly target: string
  readonly host: string
}

/** Reads what there is of a request line and a `Host` field. `packet` null: its beginning is not known. */
export function remainsOf(packet: Buffer | null): Remains {
  const text = packet === null ? '' : packet.toString('latin1', 0, remainsBytesMax)
  const [, method = '', target = '', httpVersion = ''] =
    /^([A-Z-]{1,20}) ([\u0021-\u007e]+)(?: HTTP\/(\d\.\d))?[ \r\n]/.exec(text) ?? []
  const [, host = ''] = /\nhost: *([a-z0-9.-]{1,255})(?::\d{1,5})? *\r\n/i.exec(text) ?? []
  return { method, httpVersion, target: target.startsWith('/') ? target : '', host: host.toLowerCase() }
}

const remainsBytesMax = 8_192
