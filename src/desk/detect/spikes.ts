import type { AccessEvent, Evidence, Finding } from '../../core/mod.ts'
import { createActors } from './actors.ts'
import {
  type Baseline,
  keptBaseline,
  learn,
  learnSilence,
  newBaseline,
  notePeak,
  restoredBaseline,
  usual,
  usualPeak,
} from './baseline.ts'
import { actorsMaxDefault, type Detector, type DetectorOptions, type EventPlace, nothing } from './detector.ts'
import { createSignIns, failureOf } from './failures.ts'
import { type Rule, rules } from './rules.ts'
import { alarmAt, upperTail } from './tail.ts'

const slotMs = 5_000
const slotsOfMinute = 12
const slots = 60
/** No alarm before so many minutes were seen. */
const minutesMin = 30
/** No alarm below so many requests a minute, below twice the usual or the usual peak: what is small or slight is no spike. */
const requestsMin = 50
const timesUsualMin = 2
const pMax = 1e-9
const cooldownMs = 2 * 3_600_000
const evidenceMax = 20

/** One consumer, or all callers of one API. */
interface Series {
  readonly name: string
  /** Number of the newest slot of five seconds, and the counts of the last sixty in a ring. */
  slot: number
  readonly counts: number[]
  /** Requests of the last minute and of the last five. */
  sum1: number
  sum5: number
  /** The minute that is under way, and its requests so far. */
  minute: number
  minuteCount: number
  readonly baseline: Baseline
  /** From where on it is a spike, in one minute and in five; 0 when not yet reckoned for this minute. */
  alarm1: number
  alarm5: number
  spike: Spike | null
  /** A ring of the newest records. */
  readonly places: Evidence[]
  placed: number
}

interface Spike {
  readonly firstSeq: number
  readonly sinceMs: number
  toldCount: number
}

/**
 * Consumers and APIs that get far more requests than is usual for them at this hour: improbable both in the last minute and
 * in the last five, by the upper tail of their own distribution. Failed authentications are counted elsewhere, and what we
 * refused is no load of the API.
 */
export function createSpikes({ tag, actorsMax = actorsMaxDefault }: DetectorOptions): Detector {
  let consumers = createActors<Series>(actorsMax, () => false)
  let apis = createActors<Series>(apisMax, () => false)
  const isSignIn = createSignIns()
  const count = (of: typeof apis, name: string, { rule, event, place }: Counted): readonly Finding[] => {
    let series = of.get(name)
    if (series === undefined) {
      series = newSeries(name, place.timeMs)
      of.add(name, series, place.timeMs)
    } else if (Math.floor(place.timeMs / 60_000) > series.minute) of.touch(name, series)
    return observe(series, { rule, event, place, tag })
  }
  return {
    name: 'spikes',
    observe: (event, place) => {
      if (failureOf(event, isSignIn(event)) !== null) return nothing
      const ofConsumer =
        event.consumer === null
          ? nothing
          : count(consumers, event.consumer, { rule: rules['spike-consumer'], event, place })
      if (event.api === null || event.attempts === 0) return ofConsumer
      const ofApi = count(apis, event.api, { rule: rules['spike-api'], event, place })
      return ofApi.length === 0 ? ofConsumer : [...ofConsumer, ...ofApi]
    },
    flush: () => nothing,
    snapshot: () => ({
      consumers: [...consumers.entries()].map(([, series]) => keptSeries(series)),
      apis: [...apis.entries()].map(([, series]) => keptSeries(series)),
    }),
    restore: (state) => {
      // Our own snapshot, out of a sealed store.
      const kept = state as { consumers?: unknown[]; apis?: unknown[] } | null
      consumers = createActors<Series>(actorsMax, () => false)
      apis = createActors<Series>(apisMax, () => false)
      for (const series of (kept?.consumers ?? []).map(restoredSeries)) consumers.add(series.name, series, 0)
      for (const series of (kept?.apis ?? []).map(restoredSeries)) apis.add(series.name, series, 0)
    },
    get evicted() {
      return consumers.evicted + apis.evicted
    },
  }
}

const apisMax = 10_000

interface Counted {
  readonly rule: Rule
  readonly event: AccessEvent
  readonly place: EventPlace
}

function newSeries(name: string, timeMs: number): Series {
  return {
    name,
    slot: Math.floor(timeMs / slotMs),
    counts: Array.from({ length: slots }, () => 0),
    sum1: 0,
    sum5: 0,
    minute: Math.floor(timeMs / 60_000),
    minuteCount: 0,
    baseline: newBaseline(),
    alarm1: 0,
    alarm5: 0,
    spike: null,
    places: [],
    placed: 0,
  }
}

function observe(series: Series, counted: Counted & { readonly tag: (text: string) => string }): readonly Finding[] {
  const { event, place } = counted
  closeMinutes(series, Math.floor(place.timeMs / 60_000))
  add(series, Math.floor(place.timeMs / slotMs))
  series.minuteCount++
  notePeak(series.baseline, series.sum1)
  series.places[series.placed++ % evidenceMax] = { seq: place.seq, requestId: event.id }
  if (series.sum1 < requestsMin || series.baseline.minutes < minutesMin) return nothing
  if (series.spike !== null && place.timeMs - series.spike.sinceMs < cooldownMs) {
    if (series.sum1 < series.spike.toldCount * 2) return nothing
    series.spike.toldCount = series.sum1
    return [spikeOf(series, series.spike, counted)]
  }
  if (!isSpike(series)) return nothing
  series.spike = { firstSeq: place.seq, sinceMs: place.timeMs, toldCount: series.sum1 }
  return [spikeOf(series, series.spike, counted)]
}

/** Learns the minutes that are over. */
function closeMinutes(series: Series, minute: number): void {
  if (minute <= series.minute) return
  learn(series.baseline, series.minute, series.minuteCount)
  learnSilence(series.baseline, series.minute + 1, minute)
  series.minute = minute
  series.minuteCount = 0
  series.alarm1 = 0
}

function add(series: Series, slot: number): void {
  const { counts } = series
  if (slot - series.slot >= slots) {
    counts.fill(0)
    series.sum1 = 0
    series.sum5 = 0
    series.slot = slot
  }
  while (series.slot < slot) {
    const next = ++series.slot
    series.sum1 -= counts[(next - slotsOfMinute) % slots] ?? 0
    series.sum5 -= counts[next % slots] ?? 0
    counts[next % slots] = 0
  }
  // One that comes late still counts where it belongs.
  if (series.slot - slot >= slots) return
  counts[slot % slots] = (counts[slot % slots] ?? 0) + 1
  series.sum5++
  if (series.slot - slot < slotsOfMinute) series.sum1++
}

function isSpike(series: Series): boolean {
  const mean = Math.max(usual(series.baseline, series.minute), meanMin)
  if (series.sum1 < mean * timesUsualMin) return false
  if (series.alarm1 === 0) {
    const { dispersion } = series.baseline
    const floor = Math.max(requestsMin, Math.ceil(usualPeak(series.baseline, series.minute) * timesUsualMin))
    series.alarm1 = alarmAt(mean, dispersion, { p: pMax, floor })
    series.alarm5 = alarmAt(mean * 5, dispersion, { p: pMax, floor: requestsMin })
  }
  return series.sum1 >= series.alarm1 && series.sum5 >= series.alarm5
}

/** Of somebody who never came at this hour a request now and then is still usual. */
const meanMin = 0.1

function spikeOf(
  series: Series,
  spike: Spike,
  { rule, event, place, tag }: Counted & { tag: (text: string) => string },
): Finding {
  const mean = Math.max(usual(series.baseline, series.minute), meanMin)
  const ofApi = rule.id === 'spike-api'
  const kind = ofApi ? 'api' : 'consumer'
  const whole = `${rule.id}\n${kind}\n${series.name}`
  return {
    id: tag(`finding\n${whole}\n${spike.firstSeq}`),
    fingerprint: tag(`fingerprint\n${whole}\n`),
    rule: { id: rule.id, version: rule.version },
    title: rule.title,
    severity: rule.severity,
    actor: { kind, value: series.name, group: series.name },
    api: ofApi ? series.name : event.api,
    route: null,
    firstSeenMs: Math.min(spike.sinceMs, place.timeMs),
    lastSeenMs: Math.max(spike.sinceMs, place.timeMs),
    count: series.sum1,
    baseline: {
      expected: Math.round(mean * 10) / 10,
      observed: series.sum1,
      windowMs: 60_000,
      p: upperTail(series.sum1, mean, series.baseline.dispersion),
    },
    evidence: series.places.toSorted((a, b) => a.seq - b.seq),
    tags: rule.tags,
    action: rule.action,
    note: '',
  }
}

function keptSeries({ baseline, ...series }: Series): unknown {
  return { ...series, baseline: keptBaseline(baseline) }
}

function restoredSeries(kept: unknown): Series {
  // Our own snapshot, out of a sealed store.
  const series = kept as Series
  return { ...series, baseline: restoredBaseline(series.baseline) }
}
