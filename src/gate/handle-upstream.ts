import type { Clock, Reason } from '../core/mod.ts'
import type { Exchange, ForwardFailure, ForwardPlan, UpstreamReply } from './engine/mod.ts'
import type { Draft } from './handle-record.ts'
import type { Choice, Endpoint, Pool } from './upstreams/mod.ts'

/** What is needed to send a request on. */
export interface SendOptions {
  readonly exchange: Exchange
  readonly draft: Draft
  readonly pool: Pool
  readonly choice: Choice
  readonly plan: Omit<ForwardPlan, 'upstream' | 'isRepeatable'>
  readonly clock: Clock
}

/** What came of it. */
export interface Sent {
  readonly reply: UpstreamReply | ForwardFailure
  /** Given where the answer still arrives: to be told to `arrived`, once. */
  readonly endpoint: Endpoint | null
}

/**
 * Sends a request to an upstream of its API and, where that fails and it does no harm, to another one: when the first got nothing
 * of it, or the method is idempotent (RFC 9110 9.2.2), within the time of the request and the budget of the API.
 */
export async function sendOn({ exchange, draft, pool, choice, plan, clock }: SendOptions): Promise<Sent> {
  const isRepeatable = idempotent.has(exchange.request.method)
  let endpoint = pool.first(choice, clock.monotonicMs())
  if (typeof endpoint === 'string') return { reply: { kind: 'failure', ...nowhere[endpoint] }, endpoint: null }
  const tried: Endpoint[] = []
  for (;;) {
    draft.upstream = endpoint.upstream.url
    draft.attempts++
    const reply = await exchange.forward({ ...plan, upstream: endpoint.upstream, isRepeatable })
    const nowMs = clock.monotonicMs()
    if (reply.kind === 'reply') {
      pool.answered(endpoint, reply.status, nowMs)
      if (!reply.complete) return { reply, endpoint }
      pool.left(endpoint)
      return { reply, endpoint: null }
    }
    if (blames(reply.reason)) pool.failed(endpoint, reply.reason, nowMs)
    pool.left(endpoint)
    tried.push(endpoint)
    const mayRepeat = reply.again !== undefined && nowMs < plan.deadlineMs
    const next = mayRepeat ? pool.next(tried, nowMs) : null
    if (next === null) return { reply: tried.length > 1 ? lastOf(tried.length, reply, draft) : reply, endpoint: null }
    note(draft, `${draft.attempts}: ${endpoint.upstream.url} ${reply.reason}`)
    endpoint = next
  }
}

/** An answer that was still arriving has ended, with what its record says. */
export function arrived(
  { pool, endpoint }: { pool: Pool; endpoint: Endpoint | null },
  draft: Draft,
  nowMs: number,
): void {
  if (endpoint === null) return
  if (draft.reason !== null && blames(draft.reason)) pool.failed(endpoint, draft.reason, nowMs)
  pool.left(endpoint)
}

/** Methods that may be sent twice (RFC 9110 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

const nowhere: Readonly<Record<'circuit_open' | 'no_healthy_upstream', { reason: Reason; note: string }>> = {
  circuit_open: { reason: 'circuit_open', note: 'the circuit breakers of all upstreams are open' },
  no_healthy_upstream: { reason: 'no_healthy_upstream', note: 'all upstreams are left out' },
}

/** Whether the upstream is at fault. That all of its connections are in use is not. */
function blames(reason: Reason): boolean {
  return (
    reason === 'upstream_refused' ||
    reason === 'upstream_reset' ||
    reason === 'upstream_invalid' ||
    reason === 'upstream_timeout'
  )
}

/** What the attempts before came to stands in the record of the last one. */
function lastOf(attempts: number, failure: ForwardFailure, draft: Draft): ForwardFailure {
  return { ...failure, note: `${failure.note}; ${attempts} attempts (${draft.note})` }
}

const noteCharsMax = 400

function note(draft: Draft, text: string): void {
  const whole = draft.note === '' ? `attempt ${text}` : `${draft.note}; attempt ${text}`
  draft.note = whole.slice(0, noteCharsMax)
}
