import {
  type AccessEvent,
  type ApiRequest,
  factsBytesMax,
  fieldCharsMax,
  headerValue,
  type Reason,
  type Route,
  withoutSecrets,
} from '../core/mod.ts'
import { maskQuery } from './handle-query.ts'

/** An event in the making: one object per request, all members present from the start so that its shape never changes. */
export type Draft = { -readonly [K in keyof AccessEvent]: AccessEvent[K] }

/** What is known when the head is complete. No key or token of ours is in what the caller sent. */
export function draftOf(request: ApiRequest, revision: number, thread: number): Draft {
  const userAgent = headerValue(request.headers, 'user-agent')
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
    userAgent: userAgent === null ? null : withoutSecrets(userAgent),
    scheme: request.scheme,
    tls: request.tls === null ? null : request.tls.facts,
    protocol: withoutSecrets(request.protocol),
    method: withoutSecrets(request.method),
    host: withoutSecrets(request.host),
    path: withoutSecrets(request.path),
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
    role: null,
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
    facts: null,
    signatures: none,
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
    case 'answer_violated':
    case 'no_healthy_upstream':
    case 'circuit_open':
    case 'identity_unavailable':
    case 'ledger_full':
    case 'ledger_stalled':
    case 'ledger_failed':
    case 'internal_error':
      return 'failed'
    default:
      return 'refused'
  }
}

/**
 * Bytes that the longest terminal record of this request can take, for the reservation in the ring. The caller's own texts,
 * which alone can be long, count as what they are written as.
 */
export function recordBytesMax(draft: Draft, known: { readonly route: Route | null; readonly note: string }): number {
  const { path, query, host, method, userAgent } = draft
  const foreign = textBytes(path) + textBytes(query) + textBytes(host) + textBytes(method) + textBytes(userAgent ?? '')
  const facts = (known.route?.facts ?? 0) > 0 ? factsBytesMax : 0
  return (known.route === null ? unroutedBytes : routedBytes) + facts + foreign + textBytes(known.note)
}

/** Every member of fixed size at its longest, names of all members, signatures, the mark of a cut, and a note of ours. */
const unroutedBytes = 2368
/** The same with names and ids of API, route, upstream and consumer, up to eight limits, and scopes. */
const routedBytes = 4416

/** Length of a text in JSON and UTF-8, cut as the ledger cuts it; a pair of surrogates counts two bytes too much. */
function textBytes(text: string): number {
  const chars = Math.min(text.length, fieldCharsMax)
  let bytes = text.length > chars ? cutMarkBytes : 0
  for (let i = 0; i < chars; i++) {
    const char = text.charCodeAt(i)
    if (char < 0x20) bytes += 6
    else if (char < 0x80) bytes += char === quoteMark || char === backslash ? 2 : 1
    else bytes += char < 0x800 ? 2 : 3
  }
  return bytes
}

/** `…(n)` behind a text that was cut. */
const cutMarkBytes = 16
const quoteMark = 0x22
const backslash = 0x5c
