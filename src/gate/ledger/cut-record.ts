import { type AccessEvent, decodeAccessEvent, emptyEvent, encodeAccessEvent, fieldCharsMax } from '../../core/mod.ts'

/** The event, cut where it is too long. Most are told by their length alone: a UTF-16 unit is at most three bytes. */
export function fitRecord(json: string, bytesMax: number): string {
  return json.length * 3 <= bytesMax || Buffer.byteLength(json) <= bytesMax ? json : cutRecord(json, bytesMax)
}

/** Room that the shortest form of any event fits into; no reservation is smaller. */
export const cutBytesMin = 2048

/**
 * The same event in at most `bytesMax` (at least `cutBytesMin`) bytes: free texts become shorter and lists lose their ends,
 * in steps and for all members alike, until it fits. What is cut ends in `…(n)`, n being its length before.
 * The result depends on nothing but the arguments.
 */
export function cutRecord(json: string, bytesMax: number): string {
  const event = decodeAccessEvent(Buffer.from(json))
  for (const charsMax of [512, 128, 32]) {
    const shorter = encodeAccessEvent(shortened(event, charsMax))
    if (Buffer.byteLength(shorter) <= bytesMax) return shorter
  }
  return encodeAccessEvent(bare(event))
}

/** Longest first in what callers control; ids and closed lists are never cut. */
const texts = [
  'path',
  'query',
  'userAgent',
  'host',
  'note',
  'method',
  'protocol',
  'peer',
  'clientIp',
  'trustedHop',
] as const
const names = ['api', 'route', 'consumerId', 'consumer', 'credentialId', 'identifiedBy', 'upstream'] as const

function shortened(event: AccessEvent, charsMax: number): AccessEvent {
  const cut: Record<string, string | null> = {}
  for (const name of [...texts, ...names]) cut[name] = cutText(event[name], charsMax)
  const listMax = charsMax >> 4
  return {
    ...event,
    ...cut,
    scopesNeeded: cutList(event.scopesNeeded, listMax, charsMax),
    scopesHeld: cutList(event.scopesHeld, listMax, charsMax),
    limits: event.limits.slice(0, listMax).map((limit) => ({ ...limit, name: cutText(limit.name, charsMax) ?? '' })),
    unknown: event.unknown,
  }
}

const longMark = /…\(\d+\)$/

function cutText(value: string | null, charsMax: number): string | null {
  if (value === null || value.length <= charsMax) return value
  // A text that was cut before keeps the length that it had at first.
  const mark = value.length > fieldCharsMax ? (longMark.exec(value)?.[0] ?? null) : null
  return `${value.slice(0, charsMax)}${mark ?? `…(${value.length})`}`
}

function cutList(values: readonly string[], countMax: number, charsMax: number): readonly string[] {
  const kept = values.slice(0, countMax).map((value) => cutText(value, charsMax) ?? '')
  return values.length > countMax ? [...kept, `…(${values.length})`] : kept
}

/** Who, when and how it ended: numbers, ids and members of closed lists alone. */
function bare(event: AccessEvent): AccessEvent {
  const {
    kind,
    id,
    traceId,
    receivedAtMs,
    durationUs,
    upstreamFirstByteUs,
    peerPort,
    scheme,
    requestBytes,
    responseBytes,
  } = event
  const { mode, durability, revision, outcome, reason, wouldRefuse, status, upstreamStatus, attempts, thread } = event
  const facts = {
    kind,
    id,
    traceId,
    receivedAtMs,
    durationUs,
    upstreamFirstByteUs,
    peerPort,
    scheme,
    requestBytes,
    responseBytes,
  }
  const verdict = { mode, durability, revision, outcome, reason, wouldRefuse, status, upstreamStatus, attempts, thread }
  return {
    ...emptyEvent,
    ...facts,
    ...verdict,
    note: 'cut: the event was too long',
    unknown: [...texts, ...names, 'scopesNeeded', 'scopesHeld', 'limits'],
  }
}
