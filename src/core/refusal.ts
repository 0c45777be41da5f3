import type { ContractViolation } from './contract.ts'
import type { Headers } from './headers.ts'

/** The closed list of reasons; `reasons` says what each means to a caller. */
export type Reason =
  | 'malformed'
  | 'ambiguous_path'
  | 'invalid_request'
  | 'body_not_allowed'
  | 'host_mismatch'
  | 'url_too_long'
  | 'headers_too_large'
  | 'version_not_supported'
  | 'transfer_coding_not_supported'
  | 'body_too_large'
  | 'request_timeout'
  | 'expectation_failed'
  | 'upgrade_refused'
  | 'too_many_connections'
  | 'network_blocked'
  | 'no_route'
  | 'method_not_allowed'
  | 'credential_missing'
  | 'invalid_api_key'
  | 'invalid_token'
  | 'invalid_certificate'
  | 'identity_unavailable'
  | 'insufficient_scope'
  | 'not_permitted'
  | 'quota_exceeded'
  | 'payload_refused'
  | 'contract_violated'
  | 'upstream_refused'
  | 'upstream_reset'
  | 'upstream_invalid'
  | 'upstream_timeout'
  | 'answer_violated'
  | 'no_healthy_upstream'
  | 'circuit_open'
  | 'ledger_full'
  | 'ledger_stalled'
  | 'ledger_failed'
  | 'draining'
  | 'internal_error'
  | 'tls_failed'
  | 'client_abort'
  | 'client_too_slow'
  | 'thread_died'
  | 'process_died'

/**
 * Every reason for which a request may end other than by its upstream's answer, with the status a caller gets.
 * The status table of docs/reference is generated from this list. `0` means that no answer is possible.
 */
export const reasons: Readonly<Record<Reason, { readonly status: number; readonly title: string }>> = {
  // what is wrong with the message (RFC 9110, RFC 9112); the connection is closed after each of these
  malformed: { status: 400, title: 'Malformed request' },
  ambiguous_path: { status: 400, title: 'Ambiguous path' },
  invalid_request: { status: 400, title: 'Invalid request' },
  body_not_allowed: { status: 400, title: 'Body not allowed' },
  host_mismatch: { status: 421, title: 'Misdirected request' },
  url_too_long: { status: 414, title: 'URL too long' },
  headers_too_large: { status: 431, title: 'Header fields too large' },
  version_not_supported: { status: 505, title: 'HTTP version not supported' },
  transfer_coding_not_supported: { status: 501, title: 'Transfer coding not supported' },
  body_too_large: { status: 413, title: 'Body too large' },
  request_timeout: { status: 408, title: 'Request timeout' },
  expectation_failed: { status: 417, title: 'Expectation failed' },
  upgrade_refused: { status: 400, title: 'Upgrade refused' },
  too_many_connections: { status: 503, title: 'Too many connections' },
  // what the caller may do
  network_blocked: { status: 403, title: 'Not allowed' },
  no_route: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  credential_missing: { status: 401, title: 'Authentication required' },
  invalid_api_key: { status: 401, title: 'Authentication failed' },
  invalid_token: { status: 401, title: 'Authentication failed' },
  invalid_certificate: { status: 401, title: 'Authentication failed' },
  identity_unavailable: { status: 503, title: 'Authentication not available' },
  insufficient_scope: { status: 403, title: 'Not allowed' },
  not_permitted: { status: 403, title: 'Not allowed' },
  quota_exceeded: { status: 429, title: 'Too many requests' },
  payload_refused: { status: 403, title: 'Not allowed' },
  contract_violated: { status: 400, title: 'Request does not fit' },
  // what went wrong behind us or in us
  upstream_refused: { status: 502, title: 'Upstream unreachable' },
  upstream_reset: { status: 502, title: 'Upstream closed the connection' },
  upstream_invalid: { status: 502, title: 'Upstream sent an invalid answer' },
  upstream_timeout: { status: 504, title: 'Upstream timeout' },
  answer_violated: { status: 502, title: 'Upstream sent an answer that does not fit' },
  no_healthy_upstream: { status: 503, title: 'No healthy upstream' },
  circuit_open: { status: 503, title: 'Upstream failing' },
  ledger_full: { status: 503, title: 'Audit ledger full' },
  ledger_stalled: { status: 503, title: 'Audit ledger stalled' },
  ledger_failed: { status: 503, title: 'Audit ledger failed' },
  draining: { status: 503, title: 'Shutting down' },
  internal_error: { status: 500, title: 'Internal error' },
  // no answer reached the caller
  tls_failed: { status: 0, title: 'No TLS connection came about' },
  client_abort: { status: 0, title: 'The client went away' },
  client_too_slow: { status: 0, title: 'The client read too slowly' },
  thread_died: { status: 0, title: 'The gateway thread died' },
  process_died: { status: 0, title: 'The gate died' },
}

/**
 * A refusal is an answer decided on purpose: returned, never thrown.
 * `detail` is for the caller and says nothing that the caller may not know; `note` is for the record only.
 */
export interface Refusal {
  readonly reason: Reason
  readonly detail: string
  readonly note: string
  /** Fields that go with the answer, such as `www-authenticate` or `retry-after`. */
  readonly headers: Headers
  /** What of the request does not fit, for the caller; at most ten. @default none */
  readonly violations?: readonly ContractViolation[]
}

const none: Headers = []

/** Builds a refusal; without a note the record carries the detail alone. */
export function refusal(reason: Reason, detail: string, options: { note?: string; headers?: Headers } = {}): Refusal {
  return { reason, detail, note: options.note ?? '', headers: options.headers ?? none }
}
