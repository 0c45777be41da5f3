import { type Headers, type Reason, reasons, refusal, type Refusal } from '../core/mod.ts'
import type { Answer, ForwardFailure } from './engine/mod.ts'

const encoder = new TextEncoder()

/**
 * A refusal as the caller gets it: `application/problem+json` (RFC 9457) with `code` and `request_id`.
 * Nothing of `note` is in it. `violated` names the limit policies that refused (draft-ietf-httpapi-ratelimit-headers).
 */
export function problemAnswer(
  requestId: string,
  why: Refusal,
  more: Headers,
  violated: readonly string[] = [],
): Answer {
  const { status, title } = reasons[why.reason]
  const problem = {
    type: problemTypes[why.reason] ?? 'about:blank',
    title,
    status,
    code: why.reason,
    detail: why.detail,
    request_id: requestId,
    ...(why.violations === undefined ? {} : { violations: why.violations }),
    ...(violated.length === 0 ? {} : { 'violated-policies': violated }),
  }
  return {
    status,
    headers: [
      'content-type',
      'application/problem+json',
      'cache-control',
      'no-store',
      'x-request-id',
      requestId,
      ...why.headers,
      ...more,
    ],
    body: [encoder.encode(`${JSON.stringify(problem)}\n`)],
    close: closes.has(why.reason),
  }
}

// draft-ietf-httpapi-ratelimit-headers registers these types.
const problemTypes: Partial<Record<Reason, string>> = {
  quota_exceeded: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  ledger_full: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
  ledger_stalled: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
}

// After these nobody can say where the next request on the connection begins, or whether there is one to wait for.
const closes: ReadonlySet<Reason> = new Set<Reason>([
  'malformed',
  'ambiguous_path',
  'invalid_request',
  'body_not_allowed',
  'host_mismatch',
  'url_too_long',
  'headers_too_large',
  'version_not_supported',
  'transfer_coding_not_supported',
  'body_too_large',
  'request_timeout',
  'expectation_failed',
  'upgrade_refused',
  'too_many_connections',
  'ledger_failed',
  'draining',
])

/** What a caller is told of a failure behind the gateway, or of his own body. */
export function failureRefusal({ reason, note }: ForwardFailure): Refusal {
  const detail = details[reason] ?? 'The request could not be completed'
  return refusal(reason, detail, { note, headers: isSoonOver.has(reason) ? retrySoon : [] })
}

const retrySoon: Headers = ['retry-after', '1']
const isSoonOver: ReadonlySet<Reason> = new Set<Reason>(['too_many_connections', 'no_healthy_upstream', 'circuit_open'])

const details: Partial<Record<Reason, string>> = {
  too_many_connections: 'The API behind the gateway is busy',
  upstream_refused: 'The API behind the gateway cannot be reached',
  upstream_reset: 'The API behind the gateway closed the connection',
  upstream_invalid: 'The API behind the gateway sent an invalid answer',
  upstream_timeout: 'The API behind the gateway took too long',
  no_healthy_upstream: 'The API behind the gateway is not available',
  circuit_open: 'The API behind the gateway is failing',
  body_too_large: 'The body is larger than this route accepts',
  request_timeout: 'The body did not arrive in time',
  malformed: 'The body is not valid HTTP/1.1',
  invalid_request: 'This request cannot be forwarded',
  internal_error: 'The gateway failed; the failure is recorded',
}
