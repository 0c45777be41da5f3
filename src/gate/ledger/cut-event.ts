import { createHash } from 'node:crypto'
import {
  type AccessEvent,
  type AuditEvent,
  type CutMark,
  encodeAccessEvent,
  encodeAuditEvent,
  fieldCharsMax,
  type PartWriters,
  TextWriter,
} from '../../core/mod.ts'

/** Room that the shortest form of any event fits into; no reservation is smaller. */
export const cutBytesMin = 2560

/** Where the texts of one record are written. */
export interface TextPlace {
  /** Begins anew. */
  begin(charsMax: number): PartWriters
  /** Bytes of both texts since. */
  readonly textBytes: number
}

/** What the ledger adds to an event. */
export interface Given {
  readonly boot: string
  /** 32 hex digits, fresh. */
  readonly salt: string
}

/**
 * Writes the texts of an event in at most `bytesMax` (at least `cutBytesMin`) bytes. What is too long is cut in steps and for
 * all members alike, until it fits; each text that is cut ends in `…(n)`, n being its length before, and `cut` tells the size
 * and the SHA-256 of the whole. The result depends on nothing but the arguments.
 */
export function writeAccessEvent(
  event: AccessEvent,
  boot: string,
  { place, bytesMax }: { readonly place: TextPlace; readonly bytesMax: number },
): void {
  encodeAccessEvent(event, boot, place.begin(fieldCharsMax))
  const bytes = place.textBytes
  // A text that was cut leaves more than its limit: most events are shorter as a whole.
  if (bytes <= bytesMax && (bytes <= fieldCharsMax || event.cut !== null || !hasLong(event))) return
  const cut = event.cut ?? wholeOf((parts) => encodeAccessEvent(event, boot, parts))
  for (const charsMax of [fieldCharsMax, 512, 128, 32]) {
    encodeAccessEvent({ ...shortened(event, charsMax >> 4), cut }, boot, place.begin(charsMax))
    if (place.textBytes <= bytesMax) return
  }
  encodeAccessEvent({ ...bare(event), cut }, boot, place.begin(barestCharsMax))
}

/** The same for an event of the audit log. */
export function writeAuditEvent(
  event: AuditEvent,
  given: Given,
  { place, bytesMax }: { readonly place: TextPlace; readonly bytesMax: number },
): void {
  for (const charsMax of [fieldCharsMax, 512, 128]) {
    encodeAuditEvent(event, given, place.begin(charsMax))
    if (place.textBytes <= bytesMax) return
  }
  const { bytes, sha256 } = wholeOf((parts) => encodeAuditEvent(event, given, parts))
  const details = { cut: sha256, cutBytes: bytes }
  encodeAuditEvent({ ...event, details }, given, place.begin(128))
}

/** Members that can be too long. */
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
  'api',
  'route',
  'consumerId',
  'consumer',
  'credentialId',
  'identifiedBy',
  'upstream',
  'scheme',
] as const
const lists = ['scopesNeeded', 'scopesHeld', 'unknown'] as const

function hasLong(event: AccessEvent): boolean {
  return (
    texts.some((name) => isLong(event[name])) ||
    lists.some((name) => event[name].some(isLong)) ||
    event.limits.some(({ name }) => isLong(name))
  )
}

function isLong(text: string | null): boolean {
  return text !== null && text.length > fieldCharsMax
}

/** Size and digest of the sealed text with nothing cut. */
function wholeOf(encode: (parts: PartWriters) => void): CutMark {
  for (let bytes = wholeBytes; ; bytes *= 2) {
    const memory = Buffer.alloc(bytes)
    const sealed = new TextWriter(memory)
    const parts = { public: new TextWriter(Buffer.alloc(bytes)), sealed }
    for (const part of [parts.public, parts.sealed]) part.charsMax = Number.POSITIVE_INFINITY
    encode(parts)
    if (!sealed.fits) continue
    return { bytes: sealed.at, sha256: createHash('sha256').update(memory.subarray(0, sealed.at)).digest('hex') }
  }
}

const wholeBytes = 256 * 1024

/** Lists lose their ends. */
function shortened(event: AccessEvent, countMax: number): AccessEvent {
  return {
    ...event,
    scopesNeeded: cutList(event.scopesNeeded, countMax),
    scopesHeld: cutList(event.scopesHeld, countMax),
    limits: event.limits.slice(0, countMax),
  }
}

function cutList(values: readonly string[], countMax: number): readonly string[] {
  return values.length > countMax ? [...values.slice(0, countMax), `…(${values.length})`] : values
}

const barestCharsMax = 64

/** Who, when and how it ended: numbers, ids and members of closed lists alone. */
function bare(event: AccessEvent): AccessEvent {
  return { ...event, ...nothing, note: 'cut: the event was too long', unknown: Object.keys(nothing) }
}

const nothing = {
  path: '',
  query: '',
  userAgent: null,
  host: '',
  method: '',
  protocol: '',
  peer: '',
  clientIp: '',
  trustedHop: null,
  api: null,
  route: null,
  consumerId: null,
  consumer: null,
  credentialId: null,
  identifiedBy: null,
  upstream: null,
  scheme: '',
  tls: null,
  scopesNeeded: [],
  scopesHeld: [],
  limits: [],
  facts: null,
  signatures: [],
} satisfies Partial<AccessEvent>
