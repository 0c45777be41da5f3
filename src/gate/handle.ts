/**
 * One request, one outcome, one record. The request's whole way stands here and reads top to bottom:
 * reserve ▸ strict gate ▸ route ▸ network ▸ identify ▸ authorize ▸ limit ▸ forward ▸ record ▸ answer.
 *
 * Architecture invariant: there is no `next()`. One extends inside a stage, never by inserting stages. A refusal is a
 * value; a throw from a stage is a defect of ours, ends in a 500 and in a record like everything else.
 */
import { type Api, type Headers, type Principal, type Reason, refusal, type Refusal, type Route } from '../core/mod.ts'
import { authorize, blockedBy, networkBlocked } from './access/mod.ts'
import type { Delivery, Exchange, ForwardFailure, UpstreamReply } from './engine/mod.ts'
import { failureRefusal, problemAnswer } from './handle-answer.ts'
import { answerMode, type Contracted, inspectAnswer, inspectRequest, uncontracted } from './handle-contract.ts'
import { identify, ownKeys } from './handle-identify.ts'
import { keyNotices, noticesBeside } from './handle-notices.ts'
import { type Draft, draftOf, drawRoute, outcomeOf, recordBytesMax } from './handle-record.ts'
import type { Gate, Rules } from './handle-stages.ts'
import { arrived, sendOn } from './handle-upstream.ts'
import { type ExchangeFacts, payloadRefused, signaturesIn } from './inspect/mod.ts'
import type { Reservation } from './ledger/mod.ts'
import { compileLimits, type LimitVerdict } from './limits/mod.ts'
import type { Match, RouteMatch } from './routes/mod.ts'

/** Everything about one request that its steps share. */
interface Way {
  readonly gate: Gate
  readonly rules: Rules
  readonly exchange: Exchange
  readonly draft: Draft
  /** Null where the ledger gave no room: then nothing is forwarded, unless the API only observes. */
  readonly reservation: Reservation | null
  /** Fields that every answer to this caller carries. */
  notices: Headers
  /** Set with the terminal record, so that a later defect cannot write a second one. */
  recorded: boolean
}

/** The handler that the engine calls for each exchange; settles when the exchange and its record are over. */
export async function handle(exchange: Exchange, gate: Gate): Promise<void> {
  const { request, defect } = exchange
  const rules = gate.rules() // one revision decides the whole request
  const match = defect === null ? rules.router.match(request.host, request.method, request.path) : null
  const route = match !== null && match.kind === 'match' ? match : null
  const facts = {
    requestId: request.id,
    receivedAtMs: request.receivedAtMs,
    routeIndex: route === null ? -1 : route.index,
  }
  const draft = draftOf(request, rules.revision, gate.thread)
  const bytesMax = recordBytesMax(draft, { route: route === null ? null : route.route, note: defect?.note ?? '' })
  const reservation = gate.log.reserve(facts, bytesMax) ?? (await gate.log.reserveSoon(facts, bytesMax))
  const way: Way = { gate, rules, exchange, draft, reservation, notices: none, recorded: false }
  try {
    if (defect !== null) return await refuse(way, defect, none)
    if (route === null) {
      draft.signatures = signaturesIn(request) // scanners ask for what no route serves
      return await refuse(way, barred(way, null) ?? unrouted(match), none)
    }
    await decide(way, route)
  } catch (error) {
    gate.onDefect(error, request.id)
    if (way.recorded) return exchange.drop()
    await refuse(
      way,
      refusal('internal_error', 'The gateway failed; the failure is recorded', { note: noteOf(error) }),
      none,
    )
  } finally {
    reservation?.close()
  }
}

/** The way of a routed request: each stage may end it with a refusal; in observe mode the refusal is only noted. */
async function decide(way: Way, match: RouteMatch): Promise<void> {
  const { api, route, index } = match
  const { gate, rules, exchange, draft, reservation } = way
  drawRoute(draft, api, route)
  const observes = api.mode === 'observe'
  if (reservation === null && !observes) return await refuse(way, noRoom(gate), none)
  const bar = barred(way, index)
  if (bar !== null) {
    if (!observes) return await refuse(way, bar, none)
    wouldRefuse(draft, bar)
  }

  const found = identify({ gate, request: exchange.request, draft }, route)
  const caller = found instanceof Promise ? await found : found
  way.notices = keyNotices(caller.principal)
  const denial = caller.refusal ?? authorize(route, caller.principal, realm) ?? permit(way, match, caller.principal)
  if (denial !== null) {
    if (!observes) return await refuse(way, denial, none)
    wouldRefuse(draft, denial)
  }
  const limits = rules.limitsOf[index] ?? noLimits
  const limit = gate.limiter().take(limits, caller.principal, exchange.request.peer.clientIp, gate.clock.monotonicMs())
  draft.limits = limit.readings
  if (limit.refusal !== null) {
    if (!observes) return await refuse(way, limit.refusal, limit.headers)
    wouldRefuse(draft, limit.refusal)
  }
  const attack = attackIn(way, api)
  if (attack !== null) {
    if (!observes) return await refuse(way, attack, limit.headers)
    wouldRefuse(draft, attack)
  }
  // Where we only observe, a token that is not of our making may be what the API behind us goes by.
  const strip = observes ? ownKeys(exchange.request.headers) : caller.strip
  const contracted = await fitting(way, match, limit)
  if (contracted === null) return
  const looking = gate.facts.begin(rules.factsOf[index], exchange.request, index)
  try {
    await forward(way, api, route, { strip, limit, principal: caller.principal, looking, contracted })
  } finally {
    looking?.release()
  }
}

/** Looked at before anybody is asked who it is: rules about networks, and of a route the lists of its API. */
function barred({ gate, rules, exchange }: Way, index: number | null): Refusal | null {
  const { clientIp } = exchange.request.peer
  const rule = rules.networks.blocking(clientIp, gate.clock.wallMs())
  if (rule !== null) return blockedBy(rule)
  const why = index === null ? null : (rules.networksOf[index]?.(clientIp) ?? null)
  return why === null ? null : networkBlocked(why)
}

/** Signatures of attacks stand in the record; a refusal where the API wants one. */
function attackIn({ exchange, draft }: Way, { signatures = 'off' }: Api): Refusal | null {
  if (signatures === 'off') return null
  draft.signatures = signaturesIn(exchange.request)
  return signatures === 'refuse' && draft.signatures.length > 0 ? payloadRefused(draft.signatures) : null
}

/** Whether the request fits what its API is held to, for its answer; null where the way ends here. */
async function fitting(way: Way, { api, index }: RouteMatch, { headers }: LimitVerdict): Promise<Contracted | null> {
  const plan = way.rules.contractsOf[index] ?? null
  if (plan === null) return uncontracted
  const inspected = await inspectRequest(way.exchange, plan)
  if (inspected.kind === 'failure') {
    await fail(way, inspected, headers)
    return null
  }
  const { operation, refusal: why, refuses } = inspected
  if (why !== null) {
    if (refuses && api.mode !== 'observe') {
      await refuse(way, why, headers)
      return null
    }
    wouldRefuse(way.draft, why)
  }
  return { plan, operation }
}

/** Roles, beside the scopes. Which of them permitted it stands in the record. */
function permit({ rules, exchange, draft }: Way, { index }: RouteMatch, principal: Principal): Refusal | null {
  const { method, path } = exchange.request
  const found = rules.roles.permit(principal, { index, method, path })
  if (found.kind === 'refused') return found.refusal
  draft.role = found.role
  return null
}

const none: Headers = []
const noLimits = compileLimits([])
/** One protection space (RFC 9110 11.5): what a caller sends as Host is not for us to repeat. */
const realm = 'api'

/** What the stages came to. */
interface Decided {
  readonly strip: readonly string[]
  readonly limit: LimitVerdict
  readonly principal: Principal
  /** Null where the bodies are not looked at. */
  readonly looking: ExchangeFacts | null
  readonly contracted: Contracted
}

/** Sends the request on, and the upstream's answer back, by the durability of the API. */
async function forward(way: Way, api: Api, route: Route, decided: Decided): Promise<void> {
  const { strip, limit, principal, looking, contracted } = decided
  const { gate, exchange, rules, draft } = way
  const { request } = exchange
  const pool = gate.upstreams.poolOf(api)
  const checks = answerMode(contracted)
  const plan = {
    target: request.query === '' ? request.path : `${request.path}?${request.query}`,
    strip,
    add: checks.add,
    bodyBytesMax: route.bodyBytesMax,
    deadlineMs: request.startedMs + route.deadlineMs,
    holdBytesMax: Math.max(api.durability === 'durable' ? rules.holdBytesMax : 0, checks.holdBytesMax),
    holdMsMax: checks.mode === 'refuse' ? route.deadlineMs : holdMs,
    tap: looking,
  }
  const consumerId = principal.kind === 'consumer' ? principal.consumerId : null
  const choice = { consumerId, clientIp: request.peer.clientIp, headers: request.headers }
  const { reply, endpoint } = await sendOn({ exchange, draft, pool, choice, plan, clock: gate.clock })
  if (reply.kind === 'failure') {
    draft.facts = looking?.finish(null, null) ?? null
    return await fail(way, reply, limit.headers)
  }
  draft.status = reply.status
  draft.upstreamStatus = reply.status
  draft.upstreamFirstByteUs = Math.round(reply.firstByteMs * 1000)
  const unfit = inspectAnswer(contracted, reply, checks)
  if (unfit !== null) {
    if (checks.mode === 'refuse' && api.mode !== 'observe') {
      draft.facts = looking?.finish(reply, reply.complete ? reply.held : null) ?? null
      arrived({ pool, endpoint }, draft, gate.clock.monotonicMs())
      return await refuse(way, unfit, limit.headers)
    }
    wouldRefuse(draft, unfit)
  }
  const headers = answerHeaders(reply, request.id, [...limit.headers, ...noticesBeside(reply.headers, way.notices)])
  if (reply.complete) {
    draft.facts = looking?.finish(reply, reply.held) ?? null
    return await deliver(way, { status: reply.status, headers, body: reply.held, close: false })
  }
  looking?.follow(reply.held)
  try {
    await stream(way, api, { status: reply.status, headers }, looking)
  } finally {
    arrived({ pool, endpoint }, draft, gate.clock.monotonicMs())
  }
}

/** A chunked answer that trickles is not held longer than this after its head; then it is streamed behind an `opened` record. */
const holdMs = 100

function answerHeaders(reply: UpstreamReply, requestId: string, more: Headers): Headers {
  const headers: string[] = []
  for (let i = 0; i < reply.headers.length; i += 2) {
    const name = reply.headers[i] ?? ''
    if (name !== 'x-request-id' && name !== 'ratelimit' && name !== 'ratelimit-policy') {
      headers.push(name, reply.headers[i + 1] ?? '')
    }
  }
  headers.push('x-request-id', requestId, ...more)
  return headers
}

/** A whole answer: its record is written, and durable where the API asks for it, before the first byte leaves. */
async function deliver(
  way: Way,
  answer: { status: number; headers: Headers; body: readonly Uint8Array[]; close: boolean },
): Promise<void> {
  const { exchange, draft, reservation } = way
  let bytes = 0
  for (const chunk of answer.body) bytes += chunk.length
  draft.responseBytes = bytes
  finish(way)
  if (draft.durability !== 'buffered') {
    const durable = reservation === null ? 'durable' : await reservation.durable()
    // An observing API fails open; everyone else gets no answer whose record is not on disk.
    if (durable !== 'durable' && draft.mode !== 'observe') return await withhold(way, durable)
  }
  reservation?.released()
  amend(way, await exchange.answer(answer))
}

/** The upstream answered, or we refused, but the record is not on disk in time: the client is told so, and the record too. */
async function withhold(way: Way, durable: 'stalled' | 'failed'): Promise<void> {
  const { exchange, draft, gate, reservation } = way
  const reason: Reason = durable === 'stalled' ? 'ledger_stalled' : 'ledger_failed'
  const withheld = refusal(reason, 'The audit ledger cannot take records now', { headers: ['retry-after', '2'] })
  reservation?.released()
  const delivery = await exchange.answer(problemAnswer(draft.id, withheld, none))
  gate.log.append({
    ...draft,
    kind: 'amended',
    outcome: 'failed',
    reason,
    status: delivery.begun ? 503 : 0,
    note: 'response withheld: not durable in time',
  })
}

/** An answer that cannot be held: `opened` is durable before its first byte, the terminal record follows its last. */
async function stream(
  way: Way,
  api: Api,
  head: { status: number; headers: Headers },
  looking: ExchangeFacts | null,
): Promise<void> {
  const { exchange, draft, reservation } = way
  if (api.durability === 'durable' && reservation !== null) {
    const opened = await reservation.opened({ ...draft, kind: 'opened', durationUs: elapsedUs(way) })
    if (!opened && draft.mode !== 'observe') {
      const reason: Reason = way.gate.log.failed ? 'ledger_failed' : 'ledger_stalled'
      return await refuse(
        way,
        refusal(reason, 'The audit ledger cannot take records now', { headers: ['retry-after', '2'] }),
        none,
      )
    }
  }
  reservation?.released()
  const end = await exchange.stream(head)
  draft.responseBytes = end.bytes
  draft.facts = looking?.finish(head, null) ?? null
  if (end.reason !== null) {
    draft.outcome = outcomeOf(end.reason)
    draft.reason = end.reason
    draft.note = end.note
  }
  finish(way)
}

/** No usable answer from the upstream, or the client's body was at fault, or the client left. */
async function fail(way: Way, failure: ForwardFailure, headers: Headers): Promise<void> {
  if (failure.reason === 'client_abort') {
    way.draft.outcome = 'aborted'
    way.draft.reason = 'client_abort'
    way.draft.note = failure.note
    finish(way)
    way.exchange.drop()
    return
  }
  await refuse(way, failureRefusal(failure), headers)
}

/** Answers with a problem, recorded like every other end. */
async function refuse(way: Way, why: Refusal, headers: Headers): Promise<void> {
  const { draft, exchange } = way
  const violated =
    why.reason === 'quota_exceeded' ? draft.limits.filter((limit) => !limit.admitted).map((limit) => limit.name) : []
  const answer = problemAnswer(draft.id, why, [...headers, ...way.notices], violated)
  draft.status = answer.status
  draft.outcome = outcomeOf(why.reason)
  draft.reason = why.reason
  draft.note = why.note
  if (answer.status === 0) {
    finish(way)
    exchange.drop()
    return
  }
  await deliver(way, answer)
}

function unrouted(match: Match | null): Refusal {
  if (match !== null && match.kind === 'method_not_allowed') {
    return refusal('method_not_allowed', 'This resource does not answer to that method', {
      headers: ['allow', match.allow.join(', ')],
    })
  }
  return refusal('no_route', 'No such resource')
}

function noRoom(gate: Gate): Refusal {
  if (gate.log.failed) return refusal('ledger_failed', 'The audit ledger has failed', { headers: ['retry-after', '2'] })
  return refusal('ledger_full', 'The audit ledger cannot take more records now', { headers: ['retry-after', '2'] })
}

function wouldRefuse(draft: Draft, why: Refusal): void {
  draft.wouldRefuse ??= why.reason
  if (draft.note === '') draft.note = why.note
}

/** Writes the terminal record; through the queue of late records where there was no room for a reservation. */
function finish(way: Way): void {
  const { draft, exchange, gate, reservation } = way
  draft.durationUs = elapsedUs(way)
  draft.requestBytes = exchange.bodyBytesRead
  way.recorded = true
  if (reservation === null) gate.log.append(draft)
  else reservation.finish(draft)
}

/** The terminal record stands; that its answer did not arrive is learnt later and said in a second one. */
function amend(way: Way, delivery: Delivery): void {
  if (delivery.delivered || delivery.reason === null) return
  const note = delivery.begun ? 'the answer was cut off' : 'the answer was not sent'
  way.gate.log.append({
    ...way.draft,
    kind: 'amended',
    outcome: 'aborted',
    reason: delivery.reason,
    responseBytes: delivery.bytes,
    note,
    durationUs: elapsedUs(way),
  })
}

function elapsedUs(way: Way): number {
  return Math.round((way.gate.clock.monotonicMs() - way.exchange.request.startedMs) * 1000)
}

function noteOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
