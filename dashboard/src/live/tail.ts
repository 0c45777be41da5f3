import type { EventPage, LiveBatch, ShownEvent } from '../api/types.ts'
import { type LiveFilter, matchesFilter } from './filter.ts'

/** Records that the stream did not carry because there were more than it carries; they can be fetched. */
export interface Gap {
  readonly kind: 'gap'
  /** After this place and up to the other one. */
  readonly afterSeq: number
  readonly toSeq: number
  readonly count: number
}

export interface TailRecord {
  readonly kind: 'record'
  readonly shown: ShownEvent
  /** Came by the stream just now, and so few at once that each may be seen to arrive. */
  readonly isNew: boolean
}

export type TailRow = TailRecord | Gap

/** What a live tail shows, and what it keeps back while its reader reads. */
export interface Tail {
  readonly filter: LiveFilter
  /** The newest first. */
  readonly rows: readonly TailRow[]
  /** Held back since it was paused; the newest first. */
  readonly waiting: readonly TailRow[]
  readonly paused: boolean
  /** Since the tail began: records that the server found to match, how many of them it sent, how many it did not. */
  readonly matched: number
  readonly sent: number
  /** Of those that were sent, how many the filter wants: the server knows only a part of it. */
  readonly kept: number
  readonly dropped: number
  /** Everything up to this place is accounted for. */
  readonly seenSeq: number
  /** `before` of the next older page; null when there is none. */
  readonly older: number | null
}

/** Rows that one tail holds: older ones make room, and can be fetched again. */
export const rowsMax = 20_000
/** Rows that wait while one reads: what is beyond is a gap. */
export const waitingMax = 5_000

/** More rows at once than one can follow with the eye. */
const arrivalsMax = 10

/** A tail that begins behind `next`, the first place that the stream will tell of. */
export function beginTail(filter: LiveFilter, next: number): Tail {
  return {
    filter,
    rows: [],
    waiting: [],
    paused: false,
    matched: 0,
    sent: 0,
    kept: 0,
    dropped: 0,
    seenSeq: next - 1,
    older: next,
  }
}

/** Takes what the stream brought; `toSeq` is the last place that it accounts for. */
export function takeBatch(tail: Tail, batch: LiveBatch, toSeq: number): Tail {
  const fresh = batch.events.filter(({ seq }) => seq > tail.seenSeq)
  // A desk that has just started may tell once more of what was seen before: no gap is wider than its places.
  const skipped = Math.max(0, Math.min(batch.skipped, toSeq - tail.seenSeq - fresh.length))
  const wanted = fresh.filter((shown) => matchesFilter(tail.filter, shown))
  const isNew = wanted.length <= arrivalsMax
  const records = wanted.map((shown): TailRow => ({ kind: 'record', shown, isNew })).toReversed()
  const gap: TailRow[] = skipped === 0 ? [] : [{ kind: 'gap', afterSeq: tail.seenSeq, toSeq, count: skipped }]
  const news = [...records, ...gap]
  const counted = {
    matched: tail.matched + fresh.length + skipped,
    sent: tail.sent + fresh.length,
    kept: tail.kept + wanted.length,
    dropped: tail.dropped + skipped,
    seenSeq: Math.max(tail.seenSeq, toSeq),
  }
  if (news.length === 0) return { ...tail, ...counted }
  if (tail.paused) return { ...tail, ...counted, waiting: bounded([...news, ...tail.waiting], waitingMax) }
  return withRoom({ ...tail, ...counted, rows: [...news, ...tail.rows] })
}

/** What is held back does not grow without end: its oldest become a gap. */
function bounded(rows: readonly TailRow[], max: number): readonly TailRow[] {
  if (rows.length <= max) return rows
  const cut = rows.slice(max - 1)
  const first = cut[0]
  const last = cut.at(-1)
  if (first === undefined || last === undefined) return rows
  const count = cut.reduce((sum, row) => sum + (row.kind === 'gap' ? row.count : 1), 0)
  return [...rows.slice(0, max - 1), { kind: 'gap', afterSeq: beginOf(last), toSeq: seqOf(first), count }]
}

function withRoom(tail: Tail): Tail {
  if (tail.rows.length <= rowsMax) return tail
  const rows = tail.rows.slice(0, rowsMax)
  const last = rows.at(-1)
  return { ...tail, rows, older: last === undefined ? tail.older : beginOf(last) + (last.kind === 'gap' ? 1 : 0) }
}

/** The newest place that a row speaks of. */
export function seqOf(row: TailRow): number {
  return row.kind === 'gap' ? row.toSeq : row.shown.seq
}

function beginOf(row: TailRow): number {
  return row.kind === 'gap' ? row.afterSeq : row.shown.seq
}

/** Adds an older page. */
export function takePage(tail: Tail, { items, next }: EventPage): Tail {
  const known = new Set(tail.rows.flatMap((row) => (row.kind === 'record' ? [row.shown.seq] : [])))
  const records = items
    .filter((shown) => !known.has(shown.seq) && matchesFilter(tail.filter, shown))
    .map((shown): TailRow => ({ kind: 'record', shown, isNew: false }))
  return { ...tail, rows: [...tail.rows, ...records].slice(0, rowsMax), older: next }
}

/** Puts what was fetched in place of a gap; what it does not reach stays one. */
export function fillGap(tail: Tail, gap: Gap, { items, next }: EventPage): Tail {
  const held = new Set([...tail.rows, ...tail.waiting].flatMap((row) => (row.kind === 'record' ? [row.shown.seq] : [])))
  const inside = items.filter(({ seq }) => seq > gap.afterSeq && seq <= gap.toSeq && !held.has(seq))
  const found = inside
    .filter((shown) => matchesFilter(tail.filter, shown))
    .map((shown): TailRow => ({ kind: 'record', shown, isNew: false }))
  const isShort = next !== null && next > gap.afterSeq + 1 && inside.length < gap.count
  const rest: TailRow[] = isShort ? [{ ...gap, toSeq: next - 1, count: gap.count - inside.length }] : []
  const rows = tail.rows.filter((row) => row !== gap)
  return { ...tail, rows: [...rows, ...found, ...rest].toSorted((a, b) => seqOf(b) - seqOf(a)).slice(0, rowsMax) }
}

/** Holds back what comes from now on. */
export function pause(tail: Tail): Tail {
  return tail.paused ? tail : { ...tail, paused: true }
}

/** Shows what was held back. */
export function resume(tail: Tail): Tail {
  if (!tail.paused) return tail
  return withRoom({ ...tail, paused: false, waiting: [], rows: [...tail.waiting, ...tail.rows] })
}

/** Records that wait, those of gaps too. */
export function waitingCount({ waiting }: Tail): number {
  return waiting.reduce((sum, row) => sum + (row.kind === 'gap' ? row.count : 1), 0)
}
