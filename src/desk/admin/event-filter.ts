import type { AccessEvent, Outcome } from '../../core/mod.ts'
import type { EventSketch } from './held-events.ts'
import type { RecentEvents } from './recent-events.ts'
import type { ShownEvent } from './shown.ts'

/** Which events are wanted: all that is given must hold. */
export interface EventFilter {
  /** Any of these. */
  readonly outcomes?: readonly Outcome[] | undefined
  readonly kinds?: readonly AccessEvent['kind'][] | undefined
  /** The consumer's name. */
  readonly consumer?: string | undefined
  /** Any of these: `404`, or `4xx` for a class. */
  readonly statuses?: readonly string[] | undefined
  /** What the path begins with. */
  readonly path?: string | undefined
}

export function matches(filter: EventFilter, event: Omit<EventSketch, 'id'>): boolean {
  const { outcomes, kinds, consumer, statuses, path } = filter
  if (outcomes !== undefined && !outcomes.includes(event.outcome)) return false
  if (kinds !== undefined && !kinds.includes(event.kind)) return false
  if (consumer !== undefined && consumer !== event.consumer) return false
  if (path !== undefined && !event.path.startsWith(path)) return false
  return (
    statuses === undefined || statuses.includes(String(event.status)) || statuses.includes(statusClass(event.status))
  )
}

/** `4xx` for 404; `none` when there was no answer. */
export function statusClass(status: number): string {
  return status === 0 ? 'none' : `${Math.floor(status / 100)}xx`
}

/** One page of a list, newest first. `next` is the `before` of the following page, null when nothing older is held. */
export interface EventPage {
  readonly items: readonly ShownEvent[]
  readonly next: number | null
}

export function listEvents(
  events: RecentEvents,
  filter: EventFilter,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): EventPage {
  const items: ShownEvent[] = []
  for (let seq = Math.min(before ?? events.next, events.next) - 1; seq >= events.first; seq--) {
    const sketch = events.sketch(seq)
    if (sketch === null || !matches(filter, sketch)) continue
    if (items.length === limit) return { items, next: seq + 1 }
    const shown = events.at(seq)
    if (shown !== null) items.push(shown)
  }
  return { items, next: null }
}
