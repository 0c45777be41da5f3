import {
  type AccessEvent,
  accessEventOf,
  decodeAccessEvent,
  emptyEvent,
  type Follower,
  GatehouseError,
  type LedgerRecord,
} from '../../core/mod.ts'
import { createHeldEvents, type EventSketch } from './held-events.ts'
import type { ShownEvent, ShownRequest } from './shown.ts'

/**
 * The newest records in memory, for everything that looks at them: lists, the live stream, metrics, last
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
  /** The little of it by which it is looked for, without decoding it. */
  sketch(seq: number): EventSketch | null
  /** All that is held of one request, by its id; null when that is nothing. */
  request(id: string): ShownRequest | null
  /** Calls back with every record, in order, until disposed of. A listener must not throw: its batch would come forever. */
  listen(listener: (shown: ShownEvent) => void): Disposable
}

export interface RecentEventsOptions {
  /** @default 50,000 */
  readonly eventsMax?: number
  /** Bound of the records' bytes as they are in the ledger; they are held so. @default 48 MiB */
  readonly bytesMax?: number
}

export function openRecentEvents({
  eventsMax = 50_000,
  bytesMax = 48 * 1024 * 1024,
}: RecentEventsOptions = {}): RecentEvents {
  const listeners = new Set<(shown: ShownEvent) => void>()
  let begun = false
  let liveFrom = 0
  const held = createHeldEvents({ eventsMax, bytesMax })

  const begin = (ledgerSize: number): void => {
    // A ledger that is shorter than what was read of it is another one.
    if (begun && held.next <= ledgerSize) return
    begun = true
    liveFrom = ledgerSize
    held.clear(Math.max(0, ledgerSize - eventsMax))
  }
  const take = (record: LedgerRecord): void => {
    if (record.seq < held.next) return
    if (record.seq > held.next)
      throw new GatehouseError('link_broken', `Record ${held.next} is missing before ${record.seq}`)
    const shown: ShownEvent = {
      seq: record.seq,
      recordedAtUs: record.recordedAtUs,
      event: readable(() => accessEventOf(record)),
    }
    held.push(record, shown.event)
    for (const listener of listeners) listener(shown)
  }
  const at = (seq: number): ShownEvent | null => {
    const record = held.record(seq)
    return record === null ? null : { seq, recordedAtUs: record.recordedAtUs, event: eventOf(record.bytes) }
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
    at,
    sketch: (seq) => held.sketch(seq),
    request: (id) => joinedRequest(held.places(id).flatMap((seq) => at(seq) ?? [])),
    listen: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}

/** A record that cannot be read must not stop all that follow; it is shown as one of which nothing is known. */
export function eventOf(bytes: Uint8Array): AccessEvent {
  return readable(() => decodeAccessEvent(bytes))
}

function readable(read: () => AccessEvent): AccessEvent {
  try {
    return read()
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
