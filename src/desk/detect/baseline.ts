import { Buffer } from 'node:buffer'

/** Minutes after which the weight of the past has halved. */
const levelHalfMinutes = 12 * 60
const levelShare = 1 - 2 ** (-1 / levelHalfMinutes)
const dispersionHalfMinutes = 3 * 60
const dispersionShare = 1 - 2 ** (-1 / dispersionHalfMinutes)

const hoursOfWeek = 168
const hoursOfDay = 24
/** The weight of "as at any other hour" against what was seen: so many visits of an hour count as much. */
const shrinkage = 3
/** Visits of an hour over which its index is averaged. */
const weekVisitsMax = 4
const dayVisitsMax = 14
const indexMax = 20
/** What is left of a peak when its hour comes again without one. */
const weekPeakKept = 0.7
const dayPeakKept = 0.8
const indexMin = 0.05

/**
 * What is usual for one caller, in requests a minute: a level that follows slowly, times an index of the hour of the week.
 * The index leans on that of the hour of the day until its own hour was seen three times, and both on 1. Beside it stands
 * how much the minutes scatter: variance over mean, at least 1; and the busiest minute of each hour, for whoever does all
 * the work of a day at once.
 */
export interface Baseline {
  /** Minutes seen. */
  minutes: number
  level: number
  dispersion: number
  /** Requests of the hour that is under way. */
  hourCount: number
  /** Its busiest minute so far. */
  hourPeak: number
  /** 168 hours of the week, then 24 of the day; null until the first hour was over. */
  hours: Hours | null
}

interface Hours {
  readonly index: Float32Array
  readonly peak: Float32Array
  readonly visits: Uint8Array
}

export function newBaseline(): Baseline {
  return { minutes: 0, level: 0, dispersion: 1, hourCount: 0, hourPeak: 0, hours: null }
}

/** Requests that are usual in this minute (minutes since the epoch). */
export function usual(baseline: Baseline, minute: number): number {
  return baseline.level * indexAt(baseline, Math.floor(minute / 60))
}

/** Notes the requests of a minute that need not be over. */
export function notePeak(baseline: Baseline, count: number): void {
  if (count > baseline.hourPeak) baseline.hourPeak = count
}

/**
 * The busiest minute that is usual around this hour, of the day or of the week. Of an hour that was never seen, that of any
 * other: who does all the work at once has only not done it at this hour.
 */
export function usualPeak({ hours }: Baseline, minute: number): number {
  if (hours === null) return 0
  const hour = Math.floor(minute / 60)
  let peak = 0
  for (let near = hour - 1; near <= hour + 1; near++) {
    const day = hoursOfWeek + (near % hoursOfDay)
    peak = Math.max(peak, hours.peak[near % hoursOfWeek] ?? 0, hours.peak[day] ?? 0)
  }
  const isKnown = (hours.visits[hoursOfWeek + (hour % hoursOfDay)] ?? 0) > 0
  return isKnown ? peak : hours.peak.reduce((most, one) => Math.max(most, one), 0)
}

/** Learns a minute that is over, in which there were `count` requests. */
export function learn(baseline: Baseline, minute: number, count: number): void {
  const hour = Math.floor(minute / 60)
  const index = indexAt(baseline, hour)
  const expected = baseline.level * index
  baseline.minutes++
  const share = Math.max(levelShare, 1 / baseline.minutes)
  if (baseline.minutes > 5) {
    const scatter = (count - expected) ** 2 / Math.max(expected, 0.5)
    const dispersion =
      baseline.dispersion + Math.max(dispersionShare, 1 / baseline.minutes) * (scatter - baseline.dispersion)
    baseline.dispersion = Math.max(1, dispersion)
  }
  baseline.level += share * (count / index - baseline.level)
  baseline.hourCount += count
  if (minute % 60 === 59) closeHour(baseline, hour)
}

/** Minutes in which nothing came, from `from` to before `to`; beyond a week only the last one counts. */
export function learnSilence(baseline: Baseline, from: number, to: number): void {
  for (let minute = Math.max(from, to - silenceMinutesMax); minute < to; minute++) learn(baseline, minute, 0)
}

const silenceMinutesMax = 7 * 24 * 60

function closeHour(baseline: Baseline, hour: number): void {
  const ratio = baseline.level <= 0 ? 1 : Math.min(indexMax, baseline.hourCount / 60 / baseline.level)
  baseline.hours ??= {
    index: new Float32Array(hoursOfWeek + hoursOfDay),
    peak: new Float32Array(hoursOfWeek + hoursOfDay),
    visits: new Uint8Array(hoursOfWeek + hoursOfDay),
  }
  const [ofWeek, ofDay] = [hour % hoursOfWeek, hoursOfWeek + (hour % hoursOfDay)]
  visit(baseline.hours, ofWeek, { ratio, visitsMax: weekVisitsMax })
  visit(baseline.hours, ofDay, { ratio, visitsMax: dayVisitsMax })
  const { peak } = baseline.hours
  peak[ofWeek] = Math.max(baseline.hourPeak, (peak[ofWeek] ?? 0) * weekPeakKept)
  peak[ofDay] = Math.max(baseline.hourPeak, (peak[ofDay] ?? 0) * dayPeakKept)
  baseline.hourCount = 0
  baseline.hourPeak = 0
}

function visit({ index, visits }: Hours, at: number, { ratio, visitsMax }: { ratio: number; visitsMax: number }): void {
  const before = visits[at] ?? 0
  visits[at] = Math.min(255, before + 1)
  const seen = Math.min(before + 1, visitsMax)
  index[at] = (index[at] ?? 0) + (ratio - (index[at] ?? 0)) / seen
}

function indexAt({ hours }: Baseline, hour: number): number {
  if (hours === null) return 1
  const day = shrunk(hours, hoursOfWeek + (hour % hoursOfDay), 1)
  return Math.max(indexMin, shrunk(hours, hour % hoursOfWeek, day))
}

function shrunk({ index, visits }: Hours, at: number, towards: number): number {
  const seen = visits[at] ?? 0
  return ((index[at] ?? 0) * seen + towards * shrinkage) / (seen + shrinkage)
}

/** As JSON keeps it. */
export function keptBaseline({ hours, ...numbers }: Baseline): unknown {
  const kept = hours === null ? null : [base64(hours.index), base64(hours.peak), base64(hours.visits)]
  return { ...numbers, hours: kept }
}

/** What `keptBaseline` gave. */
export function restoredBaseline(kept: unknown): Baseline {
  // Our own snapshot, out of a sealed store.
  const { hours, ...numbers } = kept as Omit<Baseline, 'hours'> & { hours: [string, string, string] | null }
  return { ...numbers, hours: hours === null ? null : restoredHours(hours) }
}

function restoredHours([index, peak, visits]: [string, string, string]): Hours {
  return { index: floats(index), peak: floats(peak), visits: Uint8Array.from(Buffer.from(visits, 'base64')) }
}

/** Copied, so that the numbers begin at an address that fits them. */
function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)
}

function base64(numbers: Float32Array | Uint8Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}
