import { errors } from 'undici'
import { hasCode, messageOf, type Reason } from '../../core/mod.ts'
import type { ForwardFailure } from './exchange.ts'

/** What an error of undici or of the socket below it means for the one who waits for an answer. */
export function upstreamFailure(error: unknown): ForwardFailure {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  return {
    kind: 'failure',
    reason: reasonOf(error, code),
    note: code === '' ? messageOf(error) : `${code}: ${messageOf(error)}`,
  }
}

function reasonOf(error: unknown, code: string): Reason {
  if (error instanceof errors.HTTPParserError || invalid.has(code)) return 'upstream_invalid'
  if (timeouts.has(code)) return 'upstream_timeout'
  if (code === 'UND_ERR_SOCKET') return isProtocolError(error) ? 'upstream_invalid' : 'upstream_reset'
  if (broken.has(code)) return 'upstream_reset'
  // undici would not send it: something in the request that only undici takes exception to.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'invalid_request'
  return 'upstream_refused'
}

const invalid = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
])
const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
const broken = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

// undici has one code for a connection that ended and for an answer that nobody asked for; only the text tells.
function isProtocolError(error: unknown): boolean {
  return hasCode(error, 'UND_ERR_SOCKET') && /^bad (?:response|upgrade)$/.test(messageOf(error))
}
