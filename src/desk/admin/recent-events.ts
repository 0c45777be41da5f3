import { type AccessEvent, decodeAccessEvent, emptyEvent, type Follower, GatehouseError } from '../../core/mod.ts'
import type { LedgerRecord } from '../../core/mod.ts'
import type { ShownEvent, ShownRequest } from './shown.ts'

/**
 * The newest records in memory, decoded once, for everything that looks at them: lists, the live stream, metrics, last
 * uses. A follower whose place is lost with the process: each start reads the newest records of the ledger again.
 */
export interface RecentEvents extends Follower {
  /** To be called at each connection, with the number of records in the ledger, before the cursor is asked for. */
  begin(ledgerSize: number): void
  /** The first record held; `next` when there is none. */
  readonly first: number
  /** The first record that is not here yet. */
  readonly next: number
  /** Records before this one were in the ledger before this process began to look: they are no news. */
  readonly liveFrom: number
  /** Null for what is not held. */
  at(seq: number): ShownEvent | null
  /** All that is held of one request, by its id; null when that is nothing. */
  request(id: string): ShownRequest | null
  /** Calls back with every record, in order, until disposed of. A listener must not throw: its batch would come forever. */
  listen(listener: (shown: ShownEvent) => void): Disposable
}

export interface RecentEventsOptions {
  /** @default 50,000 */
  readonly eventsMax?: number
  /** Bound of the records' bytes as they are in the ledger; decoded they take about a third more. @default 64 MiB */
  readonly bytesMax?: number
}

export function openRecentEvents({
  eventsMax = 50_000,
  bytesMax = 64 * 1024 * 1024,
}: RecentEventsOptions = {}): RecentEvents {
  const listeners = new Set<(shown: ShownEvent) => void>()
  let begun = false
  let liveFrom = 0
  let held = createHeld(0, eventsMax)

  const begin = (ledgerSize: number): void => {
    // A ledger that is shorter than what was read of it is another one.
    if (begun && held.next <= ledgerSize) return
    begun = true
    liveFrom = ledgerSize
    held = createHeld(Math.max(0, ledgerSize - eventsMax), eventsMax)
  }
  const take = (record: LedgerRecord): void => {
    if (record.seq < held.next) return
    if (record.seq > held.next)
      throw new GatehouseError('link_broken', `Record ${held.next} is missing before ${record.seq}`)
    const shown: ShownEvent = { seq: record.seq, recordedAtUs: record.recordedAtUs, event: eventOf(record.bytes) }
    held.push(shown, record.bytes.length)
    while (held.bytes > bytesMax && held.next - held.first > 1) held.shift()
    for (const listener of listeners) listener(shown)
  }
  return {
    name: 'recent',
    cursor: async () => held.next,
    follow: async (batch) => {
      for (const record of batch) take(record)
    },
    begin,
    get first() {
      return held.first
    },
    get next() {
      return held.next
    },
    get liveFrom() {
      return liveFrom
    },
    at: (seq) => held.at(seq),
    request: (id) => joinedRequest(held.ofRequest(id)),
    listen: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}

/** A record that cannot be read must not stop all that follow; it is shown as one of which nothing is known. */
export function eventOf(bytes: Uint8Array): AccessEvent {
  try {
    return decodeAccessEvent(bytes)
  } catch {
    return { ...emptyEvent, note: 'This record is not readable', unknown: ['record'] }
  }
}

/** The records of one request, in order, as one; null for none. */
export function joinedRequest(records: readonly ShownEvent[]): ShownRequest | null {
  const of = (kind: AccessEvent['kind']): ShownEvent[] => records.filter(({ event }) => event.kind === kind)
  const newest = of('request')[0] ?? records.at(-1)
  if (newest === undefined) return null
  return { ...newest, opened: of('opened')[0] ?? null, amended: of('amended') }
}

/** Consecutive records in a ring, with an index by request. */
interface Held {
  readonly first: number
  readonly next: number
  readonly bytes: number
  push(shown: ShownEvent, bytes: number): void
  /** Drops the oldest. */
  shift(): void
  at(seq: number): ShownEvent | null
  ofRequest(id: string): readonly ShownEvent[]
}

function createHeld(from: number, eventsMax: number): Held {
  const slots: { readonly shown: ShownEvent; readonly bytes: number }[] = []
  const byId = new Map<string, ShownEvent[]>()
  let first = from
  let next = from
  let bytes = 0

  const shift = (): void => {
    const oldest = slots[first % eventsMax]
    if (oldest === undefined) return
    first++
    bytes -= oldest.bytes
    const { id } = oldest.shown.event
    const others = byId.get(id)?.slice(1) ?? []
    if (others.length === 0) byId.delete(id)
    else byId.set(id, others)
  }
  return {
    get first() {
      return first
    },
    get next() {
      return next
    },
    get bytes() {
      return bytes
    },
    push: (shown, size) => {
      if (next - first >= eventsMax) shift()
      slots[next % eventsMax] = { shown, bytes: size }
      next++
      bytes += size
      const { id } = shown.event
      const others = byId.get(id)
      if (others === undefined) byId.set(id, [shown])
      else others.push(shown)
    },
    shift,
    at: (seq) => (seq < first || seq >= next ? null : (slots[seq % eventsMax]?.shown ?? null)),
    ofRequest: (id) => byId.get(id) ?? [],
  }
}
