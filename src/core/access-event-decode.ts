import { emptyEvent } from './access-event-empty.ts'
import type { AccessEvent } from './access-event.ts'
import { noFacts } from './facts.ts'

/**
 * Both parts of a record as one JSON object under the names of AccessEvent: what followers get. The sealed part is taken over
 * as it stands, unread. Without one, because its key is gone, the event says what is unknown.
 */
export function joinAccessEvent(publicPart: Uint8Array, sealedPart: Uint8Array | null): Uint8Array {
  const known = encoder.encode(JSON.stringify(publicMembers(publicPart)))
  return spliced(known, sealedPart ?? encoder.encode(JSON.stringify({ unknown: sealedMembers })))
}

/** Two JSON objects without white space as one; neither is empty. */
function spliced(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length - 1)
  joined.set(first)
  joined[first.length - 1] = comma
  joined.set(second.subarray(1), first.length)
  return joined
}

const comma = 0x2c

/** Reads an event that `joinAccessEvent` gave, or its two parts. Throws a SyntaxError on anything that is not JSON. */
export function decodeAccessEvent(bytes: Uint8Array, sealedPart?: Uint8Array): AccessEvent {
  const joined = sealedPart === undefined ? bytes : joinAccessEvent(bytes, sealedPart)
  // The ledger holds only what encodeAccessEvent wrote, behind a MAC; it is not parsed a second time.
  const known = JSON.parse(decoder.decode(joined)) as Partial<AccessEvent>
  const { facts = null } = known
  return { ...blank, ...known, facts: facts === null ? null : { ...noFacts, ...facts } }
}

/** The mark that pairs an `opened` record and its terminal one, told from the public part alone; null for all others. */
export function openingOf(
  publicPart: Uint8Array,
): { readonly kind: AccessEvent['kind']; readonly opening: string } | null {
  const text = decoder.decode(publicPart)
  if (!text.includes('"o":"')) return null // in a string the quotes would be escaped
  const { k, o } = JSON.parse(text) as PublicMembers
  return k === undefined || o === undefined ? null : { kind: k, opening: o }
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** What is left out of a record was null or empty. */
const blank: AccessEvent = { ...emptyEvent, id: '', traceId: '', scheme: '' }

interface PublicMembers {
  readonly d?: AccessEvent['outcome']
  readonly k?: AccessEvent['kind']
  readonly m?: string
  readonly o?: string
  readonly rt?: string
  readonly st?: number
  readonly t?: number
}

function publicMembers(publicPart: Uint8Array): Partial<AccessEvent> {
  const { d, k, m, o, rt, st, t } = JSON.parse(decoder.decode(publicPart)) as PublicMembers
  const known: { -readonly [K in keyof AccessEvent]?: AccessEvent[K] } = {}
  if (k !== undefined) known.kind = k
  if (o !== undefined) known.opening = o
  if (t !== undefined) known.receivedAtMs = t
  if (m !== undefined) known.method = m
  if (rt !== undefined) {
    const space = rt.indexOf(' ')
    known.api = rt.slice(0, space)
    known.route = rt.slice(space + 1)
  }
  if (d !== undefined) known.outcome = d
  if (st !== undefined) known.status = st
  return known
}

const publicNames: ReadonlySet<string> = new Set([
  'kind',
  'opening',
  'receivedAtMs',
  'method',
  'api',
  'route',
  'outcome',
  'status',
])
const sealedMembers = Object.keys(emptyEvent).filter(
  (name) => !publicNames.has(name) && name !== 'unknown' && name !== 'cut',
)
