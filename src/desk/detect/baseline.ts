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
const indexMin = 0.05

/**
 * What is usual for one caller, in requests a minute: a level that follows slowly, times an index of the hour of the week.
 * The index leans on that of the hour of the day until its own hour was seen three times, and both on 1. Beside it stands
 * how much the minutes scatter: variance over mean, at least 1.
 */
export interface Baseline {
  /** Minutes seen. */
  minutes: number
  level: number
  dispersion: number
  /** Requests of the hour that is under way. */
  hourCount: number
  /** Index and visits: 168 of the week, then 24 of the day; null until the first hour was over. */
  hours: { readonly index: Float32Array; readonly visits: Uint8Array } | null
}

export function newBaseline(): Baseline {
  return { minutes: 0, level: 0, dispersion: 1, hourCount: 0, hours: null }
}

/** Requests that are usual in this minute (minutes since the epoch). */
export function usual(baseline: Baseline, minute: number): number {
  return baseline.level * indexAt(baseline, Math.floor(minute / 60))
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
  baseline.hourCount = 0
  baseline.hours ??= {
    index: new Float32Array(hoursOfWeek + hoursOfDay),
    visits: new Uint8Array(hoursOfWeek + hoursOfDay),
  }
  visit(baseline.hours, hour % hoursOfWeek, { ratio, visitsMax: weekVisitsMax })
  visit(baseline.hours, hoursOfWeek + (hour % hoursOfDay), { ratio, visitsMax: dayVisitsMax })
}

function visit(
  { index, visits }: NonNullable<Baseline['hours']>,
  at: number,
  { ratio, visitsMax }: { ratio: number; visitsMax: number },
): void {
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

function shrunk({ index, visits }: NonNullable<Baseline['hours']>, at: number, towards: number): number {
  const seen = visits[at] ?? 0
  return ((index[at] ?? 0) * seen + towards * shrinkage) / (seen + shrinkage)
}

/** As JSON keeps it. */
export function keptBaseline({ minutes, level, dispersion, hourCount, hours }: Baseline): readonly unknown[] {
  const kept = hours === null ? null : [base64(hours.index), base64(hours.visits)]
  return [minutes, level, dispersion, hourCount, kept]
}

/** What `keptBaseline` gave. */
export function restoredBaseline(kept: unknown): Baseline {
  // Our own snapshot, out of a sealed store.
  const [minutes, level, dispersion, hourCount, hours] = kept as [
    number,
    number,
    number,
    number,
    [string, string] | null,
  ]
  return { minutes, level, dispersion, hourCount, hours: hours === null ? null : restoredHours(hours) }
}

function restoredHours([index, visits]: [string, string]): NonNullable<Baseline['hours']> {
  // Copied, so that the numbers begin at an address that fits them.
  return {
    index: new Float32Array(Uint8Array.from(Buffer.from(index, 'base64')).buffer),
    visits: Uint8Array.from(Buffer.from(visits, 'base64')),
  }
}

function base64(numbers: Float32Array | Uint8Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}
