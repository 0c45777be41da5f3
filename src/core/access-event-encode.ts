import type { AccessEvent, LimitReading } from './access-event.ts'
import type { Facts } from './facts.ts'
import type { TextWriter } from './text-writer.ts'
import type { TlsFacts } from './tls.ts'

/** Where the two parts of a record are written, each one canonical JSON object with sorted members. */
export interface PartWriters {
  /** What anybody who sees the log may see. */
  readonly public: TextWriter
  /** What tells who and what it was about; to be encrypted. */
  readonly sealed: TextWriter
}

/**
 * Splits an event into its parts: public are boot (`b`), outcome (`d`), kind (`k`), method (`m`), whole milliseconds (`ms`),
 * opening (`o`), API and route (`rt`), status (`st`) and time (`t`); sealed is all the rest under its own names. Null and
 * empty members are left out.
 */
export function encodeAccessEvent(event: AccessEvent, boot: string, parts: PartWriters): void {
  const shown = { method: publicMethods.has(event.method), route: isPublicRoute(event, parts.public.charsMax) }
  writePublic(event, { boot, shown }, parts.public)
  writeSealed(event, shown, parts.sealed)
}

/** Which of the members that a caller may have a hand in are public. */
interface Shown {
  readonly method: boolean
  readonly route: boolean
}

/** A caller can send any method; only these say nothing but what it wants to do. */
const publicMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  'TRACE',
  'CONNECT',
])

/** API and route are one text that is taken apart at its first space; false where that would not give both back. */
function isPublicRoute({ api, route }: AccessEvent, charsMax: number): boolean {
  return api !== null && route !== null && api.length + 1 + route.length <= charsMax && !api.includes(' ')
}

function writePublic(event: AccessEvent, { boot, shown }: { boot: string; shown: Shown }, out: TextWriter): void {
  out.literal('{"b":"')
  out.literal(boot)
  out.literal('","d":"')
  out.literal(event.outcome)
  out.literal('","k":"')
  out.literal(event.kind)
  out.literal('"')
  if (shown.method) out.member(',"m":', event.method)
  out.numberMember(',"ms":', Math.floor(event.durationUs / 1000))
  out.nullable(',"o":', event.opening)
  if (shown.route) {
    out.literal(',"rt":')
    out.pair(event.api ?? '', event.route ?? '')
  }
  out.numberMember(',"st":', event.status)
  out.numberMember(',"t":', event.receivedAtMs)
  out.literal('}')
}

function writeSealed(event: AccessEvent, shown: Shown, out: TextWriter): void {
  const { cut, tls, upstreamFirstByteUs, upstreamStatus } = event
  if (shown.route || event.api === null) out.literal('{"attempts":')
  else {
    out.literal('{"api":')
    out.text(event.api)
    out.literal(',"attempts":')
  }
  out.number(event.attempts)
  out.member(',"clientIp":', event.clientIp)
  out.nullable(',"consumer":', event.consumer)
  out.nullable(',"consumerId":', event.consumerId)
  out.nullable(',"credentialId":', event.credentialId)
  if (cut !== null) {
    out.numberMember(',"cut":{"bytes":', cut.bytes)
    out.member(',"sha256":', cut.sha256)
    out.literal('}')
  }
  out.nullable(',"durability":', event.durability)
  out.numberMember(',"durationUs":', event.durationUs)
  if (event.facts !== null) writeFacts(event.facts, out)
  out.foreignMember(',"host":', event.host)
  out.member(',"id":', event.id)
  out.nullable(',"identifiedBy":', event.identifiedBy)
  writeLimits(event.limits, out)
  if (!shown.method) out.foreignMember(',"method":', event.method)
  out.nullable(',"mode":', event.mode)
  out.foreignMember(',"note":', event.note)
  out.foreignMember(',"path":', event.path)
  out.member(',"peer":', event.peer)
  out.numberMember(',"peerPort":', event.peerPort)
  out.member(',"protocol":', event.protocol)
  out.foreignMember(',"query":', event.query)
  out.nullable(',"reason":', event.reason)
  out.numberMember(',"requestBytes":', event.requestBytes)
  out.numberMember(',"responseBytes":', event.responseBytes)
  out.numberMember(',"revision":', event.revision)
  out.nullable(',"role":', event.role)
  if (!shown.route) out.nullable(',"route":', event.route)
  out.member(',"scheme":', event.scheme)
  out.listMember(',"scopesHeld":', event.scopesHeld)
  out.listMember(',"scopesNeeded":', event.scopesNeeded)
  out.listMember(',"signatures":', event.signatures)
  out.numberMember(',"thread":', event.thread)
  if (tls !== null) writeTls(tls, out)
  out.member(',"traceId":', event.traceId)
  out.nullable(',"trustedHop":', event.trustedHop)
  out.listMember(',"unknown":', event.unknown)
  out.nullable(',"upstream":', event.upstream)
  if (upstreamFirstByteUs !== null) out.numberMember(',"upstreamFirstByteUs":', upstreamFirstByteUs)
  if (upstreamStatus !== null) out.numberMember(',"upstreamStatus":', upstreamStatus)
  if (event.userAgent !== null) {
    out.literal(',"userAgent":')
    out.foreign(event.userAgent)
  }
  out.nullable(',"wouldRefuse":', event.wouldRefuse)
  out.literal('}')
}

/** Empty members are left out, as everywhere; what was asked for stands always. */
function writeFacts(facts: Facts, out: TextWriter): void {
  out.literal(',"facts":{"asked":')
  out.list(facts.asked)
  out.listMember(',"errors":', facts.errors)
  out.listMember(',"given":', facts.given)
  if (facts.givenCount !== 0) out.numberMember(',"givenCount":', facts.givenCount)
  out.nullable(',"login":', facts.login)
  out.listMember(',"requestClasses":', facts.requestClasses)
  out.listMember(',"requestFields":', facts.requestFields)
  out.nullable(',"requestShape":', facts.requestShape)
  out.listMember(',"responseClasses":', facts.responseClasses)
  out.listMember(',"responseFields":', facts.responseFields)
  out.nullable(',"responseShape":', facts.responseShape)
  out.listMember(',"skipped":', facts.skipped)
  out.literal('}')
}

function writeTls({ version, cipher, clientCert }: TlsFacts, out: TextWriter): void {
  out.literal(',"tls":{"cipher":')
  out.text(cipher)
  out.literal(',"clientCert":')
  if (clientCert === null) out.literal('null')
  else out.text(clientCert)
  out.literal(',"version":')
  out.text(version)
  out.literal('}')
}

function writeLimits(limits: readonly LimitReading[], out: TextWriter): void {
  if (limits.length === 0) return
  let before = ',"limits":[{"admitted":'
  for (const reading of limits) {
    out.literal(before)
    out.literal(reading.admitted ? 'true,"coarser":' : 'false,"coarser":')
    out.literal(reading.coarser ? 'true,"limit":' : 'false,"limit":')
    out.number(reading.limit)
    out.literal(',"name":')
    out.text(reading.name)
    out.literal(',"per":')
    out.text(reading.per)
    out.numberMember(',"resetMs":', reading.resetMs)
    out.numberMember(',"used":', reading.used)
    out.numberMember(',"windowMs":', reading.windowMs)
    out.literal('}')
    before = ',{"admitted":'
  }
  out.literal(']')
}
