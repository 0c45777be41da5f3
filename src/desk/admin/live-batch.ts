import { type EventFilter, matches } from './event-filter.ts'
import type { RecentEvents } from './recent-events.ts'
import type { ShownEvent } from './shown.ts'

/** What one client of the live stream gets at once. */
export interface LiveBatch {
  readonly events: readonly ShownEvent[]
  /** Matching events since the last batch that are not in this one; of those that are no longer held, all are counted. */
  readonly skipped: number
}

/** Where one client stands. All that is kept of it: what it has not seen lies in the ring of recent events. */
export interface LivePlace {
  /** The first record that it has not seen. */
  readonly next: number
  /** Up to here it resumes, and nothing that is still held is skipped. */
  readonly resumeTo: number
}

/** Most events of one batch. */
export const rowsMax = 200

/**
 * The client's next batch and its new place. While it resumes, it gets everything in order. After that it gets what is
 * new: of more than fits, what did not end well goes before what was served, and the newest before the older.
 */
export function nextBatch(
  events: RecentEvents,
  filter: EventFilter,
  place: LivePlace,
): { batch: LiveBatch; place: LivePlace } {
  // A place behind the end is one in another ledger.
  const wanted = Math.min(place.next, events.next)
  const from = Math.max(wanted, events.first)
  const lost = from - wanted
  const { rows, next } = from < place.resumeTo ? inOrder(events, filter, from) : newest(events, filter, from)
  const skipped = lost + rows.skipped
  return { batch: { events: rows.sent, skipped }, place: { ...place, next } }
}

interface Picked {
  readonly rows: { readonly sent: readonly ShownEvent[]; readonly skipped: number }
  readonly next: number
}

function inOrder(events: RecentEvents, filter: EventFilter, from: number): Picked {
  const sent: ShownEvent[] = []
  let seq = from
  for (; seq < events.next && sent.length < rowsMax; seq++) {
    const sketch = events.sketch(seq)
    const shown = sketch !== null && matches(filter, sketch) ? events.at(seq) : null
    if (shown !== null) sent.push(shown)
  }
  return { rows: { sent, skipped: 0 }, next: seq }
}

function newest(events: RecentEvents, filter: EventFilter, from: number): Picked {
  const served: number[] = []
  const others: number[] = []
  for (let seq = from; seq < events.next; seq++) {
    const sketch = events.sketch(seq)
    if (sketch === null || !matches(filter, sketch)) continue
    if (sketch.outcome === 'served') served.push(seq)
    else others.push(seq)
  }
  const first = others.slice(-rowsMax)
  const room = rowsMax - first.length
  const sent = [...first, ...(room === 0 ? [] : served.slice(-room))]
    .toSorted((a, b) => a - b)
    .flatMap((seq) => events.at(seq) ?? [])
  return { rows: { sent, skipped: served.length + others.length - sent.length }, next: events.next }
}
