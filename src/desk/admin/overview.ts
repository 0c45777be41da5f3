import type { AccessEvent, Clock } from '../../core/mod.ts'
import { changesOf, type OverviewChange } from './overview-changes.ts'
import { type LimitFill, openOverviewLimits } from './overview-limits.ts'
import { openOverviewSeries, type OverviewSeries, type Quantiles, type Tallies } from './overview-series.ts'
import { openOverviewTops, type OverviewTops, type Span } from './overview-tops.ts'
import type { RecentEvents } from './recent-events.ts'

/** What is seen of the last minutes, from memory. */
export interface Overview {
  readonly nowMs: number
  /** How long a step of the series is. */
  readonly everyMs: number
  /** One entry for each whole step: when it began, how many requests ended in it and how. */
  readonly series: { readonly atMs: readonly number[] } & Tallies<readonly number[]> &
    Quantiles<readonly (number | null)[]>
  /** The same for all of the time, the step under way included. */
  readonly totals: Tallies<number> &
    Quantiles<number | null> & {
      /** All, those whose client went away too. */
      readonly requests: number
      /** The mean of the hour before; null while there are less than ten minutes of it. */
      readonly usual: { readonly requestsPerSecond: number; readonly refusedPerSecond: number } | null
    }
  /** The busiest first. */
  readonly consumers: readonly BusyConsumer[]
  readonly changes: readonly OverviewChange[]
  /** The fullest first. */
  readonly limits: readonly LimitFill[]
}

export interface BusyConsumer {
  readonly name: string
  readonly perSecond: number
  /** Of its requests. */
  readonly refusedShare: number
  /** Of its fullest limit, at its last request; null where none was counted of late. */
  readonly limitFill: number | null
}

/** Looks at every record once. */
export interface OverviewDesk extends Disposable {
  /** Of the last minutes, 1 to 60. */
  look(minutes: number): Overview
}

export interface OverviewOptions {
  readonly events: Pick<RecentEvents, 'listen'>
  readonly clock: Pick<Clock, 'wallMs'>
}

const consumersMax = 20
const limitsMax = 20
const pastMinutes = 60
const pastMinutesMin = 10

/** Follows the records from now on, and the newest of the past as they are read again at a start. */
export function openOverview({ events, clock }: OverviewOptions): OverviewDesk {
  const series = openOverviewSeries()
  const tops = openOverviewTops()
  const limits = openOverviewLimits()
  /** The first moment of which anything is known. */
  let sinceMs = clock.wallMs()
  const note = (event: AccessEvent, atMs: number): void => {
    if (atMs < sinceMs) sinceMs = atMs
    series.note(event, atMs)
    tops.note(event, atMs)
    limits.note(event, atMs)
  }
  const listening = events.listen(({ event, recordedAtUs }) => {
    if (event.kind === 'request') note(event, recordedAtUs / 1000)
  })
  const past = rememberedPast(tops)
  return {
    look: (minutes) => {
      const nowMs = clock.wallMs()
      const everyMs = minutes <= 15 ? 5_000 : minutes <= 30 ? 10_000 : 20_000
      const toMs = Math.floor(nowMs / everyMs) * everyMs
      const fromMs = toMs - minutes * 60_000
      const firstMinute = Math.floor(fromMs / 60_000)
      const now = tops.span(firstMinute, Math.floor(nowMs / 60_000) + 1)
      const before = past(firstMinute - pastMinutes, firstMinute)
      const knownMinutes = Math.min(pastMinutes, firstMinute - Math.floor(sinceMs / 60_000))
      const spanMs = Math.max(1_000, nowMs - Math.max(firstMinute * 60_000, sinceMs))
      return {
        nowMs,
        everyMs,
        ...drawn(series, { fromMs, toMs, everyMs, usual: usualOf(before, knownMinutes) }),
        consumers: busiest(now, { spanMs, fills: limits.byConsumer(nowMs) }),
        changes: changesOf({ now, before, minutesBefore: knownMinutes, minutesNow: spanMs / 60_000 }),
        limits: limits.fullest(nowMs, limitsMax),
      }
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}

/** The past changes once a minute, and is asked for each second. */
function rememberedPast(tops: OverviewTops): (from: number, to: number) => Span {
  let kept: { readonly from: number; readonly to: number; readonly span: Span } | null = null
  return (from, to) => {
    if (kept?.from !== from || kept.to !== to) kept = { from, to, span: tops.span(from, to) }
    return kept.span
  }
}

interface Drawing {
  readonly fromMs: number
  readonly toMs: number
  readonly everyMs: number
  readonly usual: Overview['totals']['usual']
}

function drawn(series: OverviewSeries, { usual, ...range }: Drawing): Pick<Overview, 'series' | 'totals'> {
  const { tallies, quantiles } = series.steps(range)
  const steps = Math.round((range.toMs - range.fromMs) / range.everyMs)
  const atMs = Array.from({ length: steps }, (_, step) => range.fromMs + step * range.everyMs)
  return { series: { atMs, ...tallies, ...quantiles }, totals: { ...series.sum(range.fromMs), usual } }
}

function usualOf({ all }: Span, knownMinutes: number): Overview['totals']['usual'] {
  if (knownMinutes < pastMinutesMin) return null
  const seconds = knownMinutes * 60
  return { requestsPerSecond: all.requests / seconds, refusedPerSecond: all.refused / seconds }
}

interface Busy {
  readonly spanMs: number
  readonly fills: ReadonlyMap<string, number>
}

function busiest({ of }: Span, { spanMs, fills }: Busy): readonly BusyConsumer[] {
  return [...of.consumer]
    .toSorted(([, a], [, b]) => b.requests - a.requests)
    .slice(0, consumersMax)
    .map(([name, { requests, refused }]) => ({
      name,
      perSecond: requests / (spanMs / 1000),
      refusedShare: refused / requests,
      limitFill: fills.get(name) ?? null,
    }))
}
