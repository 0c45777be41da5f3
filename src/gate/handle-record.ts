import { type AccessEvent, type ApiRequest, headerValue, type Reason, type Route } from '../core/mod.ts'
import { maskQuery } from './handle-query.ts'

/** An event in the making: one object per request, all members present from the start so that its shape never changes. */
export type Draft = { -readonly [K in keyof AccessEvent]: AccessEvent[K] }

/** What is known when the head is complete. */
export function draftOf(request: ApiRequest, revision: number, thread: number): Draft {
  return {
    kind: 'request',
    opening: null,
    id: request.id,
    traceId: request.traceId,
    receivedAtMs: request.receivedAtMs,
    durationUs: 0,
    upstreamFirstByteUs: null,
    peer: request.peer.address,
    peerPort: request.peer.port,
    clientIp: request.peer.clientIp,
    trustedHop: request.peer.trustedHop,
    userAgent: headerValue(request.headers, 'user-agent'),
    scheme: request.scheme,
    protocol: request.protocol,
    method: request.method,
    host: request.host,
    path: request.path,
    query: maskQuery(request.query),
    requestBytes: 0,
    responseBytes: 0,
    api: null,
    route: null,
    mode: null,
    durability: null,
    revision,
    consumerId: null,
    consumer: null,
    credentialId: null,
    identifiedBy: null,
    scopesNeeded: none,
    scopesHeld: none,
    limits: none,
    outcome: 'served',
    reason: null,
    note: '',
    wouldRefuse: null,
    status: 0,
    upstream: null,
    upstreamStatus: null,
    attempts: 0,
    thread,
    unknown: none,
    cut: null,
  }
}

const none: readonly never[] = []

/** Puts the matched route into the draft. */
export function drawRoute(
  draft: Draft,
  api: { name: string; mode: Draft['mode']; durability: Draft['durability'] },
  route: Route,
): void {
  draft.api = api.name
  draft.mode = api.mode
  draft.durability = api.durability
  draft.route = route.id
  draft.scopesNeeded = route.scopes
}

/** Which kind of end a reason is. */
export function outcomeOf(reason: Reason): AccessEvent['outcome'] {
  switch (reason) {
    case 'client_abort':
    case 'client_too_slow':
    case 'thread_died':
    case 'process_died':
      return 'aborted'
    case 'upstream_refused':
    case 'upstream_reset':
    case 'upstream_invalid':
    case 'upstream_timeout':
    case 'ledger_full':
    case 'ledger_stalled':
    case 'ledger_failed':
    case 'internal_error':
      return 'failed'
    default:
      return 'refused'
  }
}

/** Bytes that the longest terminal record of this request can take, for the reservation in the ring. */
export function recordBytesMax(request: ApiRequest): number {
  const agent = headerValue(request.headers, 'user-agent')?.length ?? 0
  return (
    recordBytesBase + 3 * (cut(request.path.length) + cut(request.query.length) + cut(agent) + cut(request.host.length))
  )
}

/** Everything but the caller's own texts: ids, names, up to eight limits, scopes, a note. */
const recordBytesBase = 4096
const cut = (chars: number): number => Math.min(chars, 2100)
