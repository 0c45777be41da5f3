import { type AccessEvent, type Reason, reasons } from '../../core/mod.ts'

/** Kinds of refusals, as a person thinks of them. */
export type RefusalGroup = 'unauthenticated' | 'denied' | 'limited' | 'malformed' | 'other'

/** What is counted of each stretch of time. */
export interface Tallies<T> {
  readonly served2xx3xx: T
  readonly served4xx: T
  readonly served5xx: T
  readonly refused: Readonly<Record<RefusalGroup, T>>
  readonly failed: T
}

/** Null where nothing was measured. */
export interface Quantiles<T> {
  readonly p50Us: T
  readonly p95Us: T
  /** What Gatehouse itself added, where the whole answer was held: without the wait for the upstream's first byte. */
  readonly gatewayP95Us: T
}

/** Requests counted in stretches of five seconds, for the last hour. */
export interface OverviewSeries {
  note(event: AccessEvent, atMs: number): void
  /** Every step from `fromMs` (at a step's begin) up to `toMs`, one entry each. */
  steps(range: { readonly fromMs: number; readonly toMs: number; readonly everyMs: number }): {
    readonly tallies: Tallies<number[]>
    readonly quantiles: Quantiles<(number | null)[]>
  }
  /** Everything since `fromMs`, what is under way too. */
  sum(fromMs: number): Tallies<number> & Quantiles<number | null> & { readonly requests: number }
}

/** How long a stretch is. */
export const stretchMs = 5_000
/** An hour, the stretch under way, and one that is being cleared. */
const stretches = 722

const refusalGroups: readonly RefusalGroup[] = ['unauthenticated', 'denied', 'limited', 'malformed', 'other']
/** Columns of a stretch; the refusals stand from 3 on in the order of the groups. */
const columns = { served2xx3xx: 0, served4xx: 1, served5xx: 2, refused: 3, failed: 8, requests: 9, count: 10 } as const

/** Durations in bins that grow by a twelfth of a doubling, from 16 µs to 4 minutes: an error of at most 3 %. */
const binsPerDoubling = 12
const binBase = 4 * binsPerDoubling
const bins = 24 * binsPerDoubling

/** Bounded: about 2 MB, whatever comes. */
export function openOverviewSeries(): OverviewSeries {
  const ring = openRing()
  return {
    note: (event, atMs) => ring.note(event, Math.floor(atMs / stretchMs)),
    steps: ({ fromMs, toMs, everyMs }) => {
      const gathered: Gathered[] = []
      for (let atMs = fromMs; atMs < toMs; atMs += everyMs)
        gathered.push(ring.gather(Math.floor(atMs / stretchMs), Math.floor((atMs + everyMs) / stretchMs)))
      return {
        tallies: talliesOf((column) => gathered.map((one) => one.counts[column] ?? 0)),
        quantiles: {
          p50Us: gathered.map((one) => quantile(one.totals, 0.5)),
          p95Us: gathered.map((one) => quantile(one.totals, 0.95)),
          gatewayP95Us: gathered.map((one) => quantile(one.added, 0.95)),
        },
      }
    },
    sum: (fromMs) => {
      const first = Math.floor(fromMs / stretchMs)
      const all = ring.gather(first, first + stretches)
      return {
        requests: all.counts[columns.requests] ?? 0,
        ...talliesOf((column) => all.counts[column] ?? 0),
        p50Us: quantile(all.totals, 0.5),
        p95Us: quantile(all.totals, 0.95),
        gatewayP95Us: quantile(all.added, 0.95),
      }
    },
  }
}

interface Ring {
  note(event: AccessEvent, number: number): void
  /** The sum of the stretches from the first one up to the last one, which does not belong to it. */
  gather(first: number, last: number): Gathered
}

function openRing(): Ring {
  /** The number of the stretch that stands in a slot. */
  const numbers = new Float64Array(stretches).fill(-1)
  const counts = new Uint32Array(stretches * columns.count)
  const totals = new Uint32Array(stretches * bins)
  const added = new Uint32Array(stretches * bins)
  const slotFor = (number: number): number => {
    const slot = number % stretches
    const held = numbers[slot] ?? -1
    if (held === number) return slot
    if (held > number) return -1
    numbers[slot] = number
    counts.fill(0, slot * columns.count, (slot + 1) * columns.count)
    totals.fill(0, slot * bins, (slot + 1) * bins)
    added.fill(0, slot * bins, (slot + 1) * bins)
    return slot
  }
  return {
    note: (event, number) => {
      const slot = slotFor(number)
      if (slot < 0) return
      const row = slot * columns.count
      increment(counts, row + columns.requests)
      const column = columnOf(event)
      if (column >= 0) increment(counts, row + column)
      if (event.outcome !== 'served') return
      increment(totals, slot * bins + binOf(event.durationUs))
      if (event.upstreamFirstByteUs !== null && event.opening === null)
        increment(added, slot * bins + binOf(event.durationUs - event.upstreamFirstByteUs))
    },
    gather: (first, last) => {
      const sum = {
        counts: new Float64Array(columns.count),
        totals: new Float64Array(bins),
        added: new Float64Array(bins),
      }
      for (let number = first; number < last; number++) {
        const slot = number % stretches
        if (numbers[slot] !== number) continue
        addUp(sum.counts, counts, slot)
        addUp(sum.totals, totals, slot)
        addUp(sum.added, added, slot)
      }
      return sum
    },
  }
}

interface Gathered {
  readonly counts: Float64Array
  readonly totals: Float64Array
  readonly added: Float64Array
}

function increment(of: Uint32Array, at: number): void {
  of[at] = (of[at] ?? 0) + 1
}

/** Adds a slot's row to the sum. */
function addUp(sum: Float64Array, rows: Uint32Array, slot: number): void {
  const start = slot * sum.length
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (rows[start + i] ?? 0)
}

function talliesOf<T>(column: (at: number) => T): Tallies<T> {
  return {
    served2xx3xx: column(columns.served2xx3xx),
    served4xx: column(columns.served4xx),
    served5xx: column(columns.served5xx),
    refused: {
      unauthenticated: column(columns.refused),
      denied: column(columns.refused + 1),
      limited: column(columns.refused + 2),
      malformed: column(columns.refused + 3),
      other: column(columns.refused + 4),
    },
    failed: column(columns.failed),
  }
}

/** -1 for a client that went away, which is nobody's failure. */
function columnOf({ outcome, status, reason }: AccessEvent): number {
  switch (outcome) {
    case 'served':
      return status >= 500 ? columns.served5xx : status >= 400 ? columns.served4xx : columns.served2xx3xx
    case 'refused':
      return columns.refused + (reason === null ? refusalGroups.indexOf('other') : groupAt(reason))
    case 'failed':
      return columns.failed
    case 'aborted':
      return reason === 'client_abort' || reason === 'client_too_slow' ? -1 : columns.failed
    default:
      return -1
  }
}

const groups = new Map<Reason, number>()

function groupAt(reason: Reason): number {
  const known = groups.get(reason)
  if (known !== undefined) return known
  const found = refusalGroups.indexOf(groupOf(reason))
  groups.set(reason, found)
  return found
}

const malformed: ReadonlySet<number> = new Set([400, 408, 411, 413, 414, 415, 417, 421, 431, 501, 505])

/** By the status that a caller gets for it. */
export function groupOf(reason: Reason): RefusalGroup {
  const { status } = reasons[reason]
  if (status === 401) return 'unauthenticated'
  if (status === 403) return 'denied'
  if (status === 429) return 'limited'
  return malformed.has(status) ? 'malformed' : 'other'
}

function binOf(us: number): number {
  return us < 17 ? 0 : Math.min(bins - 1, Math.floor(Math.log2(us) * binsPerDoubling) - binBase)
}

/** The middle of the bin in which the quantile lies; null of nothing. */
function quantile(histogram: Float64Array, share: number): number | null {
  let count = 0
  for (const one of histogram) count += one
  if (count === 0) return null
  let left = Math.max(1, Math.ceil(count * share))
  for (const [bin, one] of histogram.entries()) {
    left -= one
    if (left <= 0) return Math.round(2 ** ((bin + binBase + 0.5) / binsPerDoubling))
  }
  return null
}
