import { type Clock, decodeAccessEvent, emptyEvent, GatehouseError, type LedgerRecord } from '../../core/mod.ts'
import type { Coverage as Held, QueryBase, QueryRange, Shortfall } from '../../desk/query/mod.ts'
import type { Coverage, Part } from './query-answers.ts'
import { rowOf, type RowValues } from './query-columns.ts'
import type { Folder, Segment, Span } from './query-folder.ts'
import { createRowsBuilder, type Rows, type RowsBuilder } from './query-rows.ts'

export interface StoreOptions {
  readonly folder: Folder
  readonly clock: Clock
  /** Rows of a segment: so many are held in memory before they are written. */
  readonly segmentRowsMax: number
  /** The oldest row waits at most so long to be written. */
  readonly segmentMsMax: number
}

/** What follows the log and what is on disk, as one sequence of rows. Used by one thread alone. */
export interface Store {
  /** First place that is not here yet. */
  readonly next: number
  /** Takes records in order; what was taken is passed over. */
  follow(records: readonly LedgerRecord[]): void
  /** Told how long the log is: a longer index is of another log. */
  begin(logSize: number): void
  /** What is read from the ledger again, null for nothing: the next records of the first gap. */
  gap(): Span | null
  /** Takes records of `gap`, in order. */
  fill(records: readonly LedgerRecord[]): void
  /** Writes what has waited long enough, and removes what is too old. */
  tick(): void
  /** Writes everything. */
  flush(): void
  cover(query: QueryBase): Coverage
  held(): Held
}

/** Records without any row that are written as a segment of none, so that the durable cursor moves. */
const emptyRecordsMax = 65_536

export function openStore(options: StoreOptions): Store {
  const { folder, clock, segmentRowsMax, segmentMsMax } = options
  let tail = openTail(folder.seqNext)
  let filling: (Tail & Span) | null = null
  let logSize = 0
  /** Of which log: places mean something else in each. */
  let log = 0

  const flush = (): void => {
    write(folder, tail)
    tail = openTail(tail.next)
  }
  const flushFull = (): void => {
    if (tail.rows.count >= segmentRowsMax || tail.next - tail.seqFrom >= emptyRecordsMax) flush()
  }
  return {
    get next() {
      return tail.next
    },
    follow: (records) => {
      for (const record of records) {
        // Before, not after: what could not be written is tried again and must not grow.
        flushFull()
        if (record.seq >= tail.next) add(tail, record, clock)
      }
      flushFull()
    },
    begin: (size) => {
      logSize = size
      if (tail.next <= size) return
      folder.clear()
      log++
      tail = openTail(0)
      filling = null
    },
    gap: () => {
      const gap = folder.gaps(tail.seqFrom)[0]
      if (gap === undefined || gap.seqTo > logSize) return null
      if (filling?.seqTo !== gap.seqTo || filling.seqFrom !== gap.seqFrom)
        filling = { ...openTail(gap.seqFrom), seqTo: gap.seqTo }
      return { seqFrom: filling.next, seqTo: gap.seqTo }
    },
    fill: (records) => {
      if (filling === null) return
      const { seqTo } = filling
      // What could not be written is tried again and must not grow.
      if (filling.rows.count < segmentRowsMax)
        for (const record of records) if (record.seq >= filling.next && record.seq < seqTo) add(filling, record, clock)
      if (filling.next < seqTo && filling.rows.count < segmentRowsMax) return
      write(folder, filling)
      filling = null
    },
    tick: () => {
      if (tail.sinceMs !== null && clock.monotonicMs() - tail.sinceMs >= segmentMsMax) flush()
      folder.prune()
    },
    flush,
    cover: (query) => coverOf(query, { folder, tail, logSize, log }),
    held: () => heldOf(folder, tail),
  }
}

function heldOf({ segments }: Folder, { rows, seqFrom, next }: Tail): Held {
  return {
    seqFirst: segments[0]?.seqFrom ?? seqFrom,
    seqNext: next,
    rows: segments.reduce((sum, one) => sum + one.rows, rows.count),
    bytes: segments.reduce((sum, one) => sum + one.bytes, 0),
  }
}

/** Records that are not in a segment yet. */
interface Tail {
  readonly rows: RowsBuilder
  readonly seqFrom: number
  next: number
  /** When the first of them came; null for none. */
  sinceMs: number | null
}

function write(folder: Folder, { rows, seqFrom, next }: Tail): void {
  if (next > seqFrom) folder.write({ rows: rows.rows(), times: rows.times, seqFrom, seqTo: next })
}

function openTail(seqFrom: number): Tail {
  return { rows: createRowsBuilder(), seqFrom, next: seqFrom, sinceMs: null }
}

function add(tail: Tail, record: LedgerRecord, clock: Clock): void {
  if (record.seq !== tail.next)
    throw new GatehouseError('link_broken', `Record ${tail.next} is missing before ${record.seq}`)
  const row = readRow(record)
  if (row !== null) tail.rows.add(row)
  tail.next = record.seq + 1
  tail.sinceMs ??= clock.monotonicMs()
}

/** Null for what is no request of its own: openings and amendments. */
function readRow(record: LedgerRecord): RowValues | null {
  try {
    const event = decodeAccessEvent(record.bytes)
    return event.kind === 'request' ? rowOf(record, event) : null
  } catch {
    // It is shown as one of which nothing is known; it must not stop all that follow.
    const receivedAtMs = Math.floor(record.recordedAtUs / 1000)
    return rowOf(record, { ...emptyEvent, receivedAtMs, note: 'This record is not readable', unknown: ['record'] })
  }
}

interface Contents {
  readonly folder: Folder
  readonly tail: Tail
  readonly logSize: number
  readonly log: number
}

function coverOf(range: QueryRange, contents: Contents): Coverage {
  const { folder, tail, log } = contents
  const parts = [...folder.segments]
    .filter((segment) => touches(range, segment))
    .map((segment): Part => partOf(segment, { folder, log }))
    .toReversed()
  const { rows, seqFrom, next } = tail
  const span = { seqFrom, seqTo: next, timeFrom: rows.times.from, timeTo: rows.times.to, rows: rows.count }
  if (touches(range, span)) parts.unshift(tailPart(tail, log))
  return { parts, missing: missingOf(range, contents) }
}

function missingOf(range: QueryRange, { folder, tail, logSize }: Contents): readonly Shortfall[] {
  const { segments } = folder
  const missing: Shortfall[] = []
  const oldest = segments.find(({ rows }) => rows > 0)?.timeFrom ?? tail.rows.times.from
  const isCut = folder.seqFirst > 0
  const isPruned = 'fromMs' in range ? isCut && range.fromMs < oldest : range.seqFrom < folder.seqFirst
  const newest = Math.max(tail.rows.times.to, ...segments.slice(-1).map(({ timeTo }) => timeTo))
  const isBehind =
    'toMs' in range
      ? tail.next < logSize && range.toMs > newest
      : range.seqTo > tail.next && range.seqFrom < range.seqTo
  const gaps = folder.gaps(tail.seqFrom)
  // Of a gap the times are not known; what stands around it bounds them.
  const isOpen = gaps.some((gap) => ('seqTo' in range ? gap.seqFrom < range.seqTo && gap.seqTo > range.seqFrom : true))
  if (isBehind || isOpen) missing.push('behind')
  if (isPruned) missing.push('pruned')
  return missing
}

type Placed = Omit<Segment, 'name' | 'bytes'>

function touches(range: QueryRange, { rows, seqFrom, seqTo, timeFrom, timeTo }: Placed): boolean {
  if (rows === 0) return false
  return 'fromMs' in range
    ? timeFrom < range.toMs && timeTo >= range.fromMs
    : seqFrom < range.seqTo && seqTo > range.seqFrom
}

function partOf(segment: Segment, { folder, log }: Pick<Contents, 'folder' | 'log'>): Part {
  return { key: `${log}-${segment.name}`, rows: segment.rows, read: once(() => folder.read(segment)) }
}

/** A copy as of now: what is followed while it is asked comes into the next answer. */
function tailPart({ rows, seqFrom }: Tail, log: number): Part {
  const copy = rows.rows()
  return { key: `${log}-tail-${seqFrom}-${copy.count}`, rows: copy.count, read: () => copy }
}

function once(read: () => Rows | null): () => Rows | null {
  let kept: Rows | null | undefined
  return () => (kept === undefined ? (kept = read()) : kept)
}
