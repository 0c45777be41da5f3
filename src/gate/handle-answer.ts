import { type Headers, type Reason, reasons, type Refusal } from '../core/mod.ts'
import type { Answer } from './engine/mod.ts'

const encoder = new TextEncoder()

/**
 * A refusal as the caller gets it: `application/problem+json` (RFC 9457) with `code` and `request_id`.
 * Nothing of `note` is in it. `violated` names the limit policies that refused (draft-ietf-httpapi-ratelimit-headers).
 */
export function problemAnswer(
  requestId: string,
  refusal: Refusal,
  more: Headers,
  violated: readonly string[] = [],
): Answer {
  const { status, title } = reasons[refusal.reason]
  const problem = {
    type: problemTypes[refusal.reason] ?? 'about:blank',
    title,
    status,
    code: refusal.reason,
    detail: refusal.detail,
    request_id: requestId,
    ...(refusal.violations === undefined ? {} : { violations: refusal.violations }),
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
      ...refusal.headers,
      ...more,
    ],
    body: [encoder.encode(`${JSON.stringify(problem)}\n`)],
    close: closes.has(refusal.reason),
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
