import type { Profile } from './profile.ts'
import type { Difference, Differences } from './results.ts'
import type { Tally } from './tally.ts'

/** Differences in one report; the rest is counted. */
export const differencesMax = 60

/** What each kind of change is worth before anything is counted: what is new in who may call weighs most. */
const weights = {
  consumer: { new: 900, vanished: 500 },
  credential: { new: 800, vanished: 400 },
  route: { new: 600, vanished: 300 },
  reason: { new: 500, vanished: 50 },
  network: { new: 300, vanished: 100 },
  userAgent: { new: 350, vanished: 100 },
} as const

/** Fewer requests than these, expected and seen, say nothing about a change of volume. */
const volumeMin = 20
/** Standard deviations that are taken for a change, and the least factor. */
const deviationsMin = 6
const factorMin = 2
/** Requests from which on a share of errors means something, and by how many hundredths it must have moved. */
const errorsOfMin = 50
const errorPointsMin = 10

/** What is given to compare. */
export interface Compared {
  readonly now: Profile
  readonly before: Profile
  /** Lengths of the periods, ms: a day of 23 hours is not one with fewer calls. */
  readonly nowMs: number
  readonly beforeMs: number
}

/** Everything that differs, the weightiest first. The same records give the same list. */
export function differencesOf(compared: Compared): Pick<Differences, 'entries' | 'beyond'> {
  const { now, before } = compared
  const found = [
    ...presence('consumer', now.consumers, before.consumers),
    ...presence('credential', now.credentials, before.credentials),
    ...presence('route', now.routes, before.routes),
    ...presence('network', now.networks, before.networks),
    ...presence('userAgent', now.userAgents, before.userAgents),
    ...presence('reason', now.reasons, before.reasons),
    ...volumes('consumer', [now.consumers, before.consumers], compared),
    ...volumes('route', [now.routes, before.routes], compared),
    ...errorShares('consumer', [now.consumers, before.consumers], [now.errorsByConsumer, before.errorsByConsumer]),
    ...errorShares('route', [now.routes, before.routes], [now.errorsByRoute, before.errorsByRoute]),
  ].toSorted((a, b) => b.score - a.score || (idOf(a) < idOf(b) ? -1 : 1))
  return { entries: found.slice(0, differencesMax), beyond: Math.max(0, found.length - differencesMax) }
}

/** The same difference has the same one. */
export function idOf({ dimension, change, key }: Pick<Difference, 'dimension' | 'change' | 'key'>): string {
  return `${dimension} ${change} ${key}`
}

function presence(dimension: keyof typeof weights, now: Tally, before: Tally): Difference[] {
  const weight = weights[dimension]
  const fresh = now
    .ranked()
    .filter(({ key }) => !before.has(key))
    .map(({ key, count, places }): Difference => ({
      dimension,
      change: 'new',
      key,
      text: `${nouns[dimension]} ${key}: new, ${count} ${plural(count, 'request')}`,
      before: 0,
      now: count,
      score: score(weight.new, count),
      places: places.map((seq) => ({ log: 'access', seq })),
    }))
  const gone = before
    .ranked()
    .filter(({ key }) => !now.has(key))
    .map(({ key, count, places }): Difference => ({
      dimension,
      change: 'vanished',
      key,
      text: `${nouns[dimension]} ${key}: not seen, before ${count} ${plural(count, 'request')}`,
      before: count,
      now: 0,
      score: score(weight.vanished, count),
      places: places.map((seq) => ({ log: 'access', seq })),
    }))
  return [...fresh, ...gone]
}

/** The more often it came, the more it matters: up to 99 on top of the weight. */
function score(base: number, count: number): number {
  return Math.min(999, base + Math.min(99, Math.floor(10 * Math.log2(count + 1))))
}

const nouns = {
  consumer: 'Consumer',
  credential: 'Key',
  route: 'Route',
  network: 'Network',
  userAgent: 'User agent',
  reason: 'Reason',
} as const

/** Against a Poisson distribution with the mean of before, scaled to the length of now. */
function volumes(
  of: 'consumer' | 'route',
  [now, before]: readonly [Tally, Tally],
  { nowMs, beforeMs }: Compared,
): Difference[] {
  return before.ranked().flatMap(({ key, count }): Difference[] => {
    const seen = now.get(key)
    if (seen === undefined) return []
    const expected = (count * nowMs) / Math.max(1, beforeMs)
    const deviations = Math.abs(seen.count - expected) / Math.sqrt(Math.max(1, expected))
    const factor = seen.count > expected ? seen.count / expected : expected / seen.count
    if (Math.max(seen.count, expected) < volumeMin || deviations < deviationsMin || factor < factorMin) return []
    return [
      {
        dimension: 'volume',
        change: seen.count > expected ? 'more' : 'less',
        key: `${of} ${key}`,
        text: `${nouns[of]} ${key}: ${seen.count} requests, before ${count} (${seen.count > expected ? '×' : '÷'} ${tenths(factor)})`,
        before: count,
        now: seen.count,
        score: Math.min(799, 200 + Math.floor(deviations)),
        places: seen.places.map((seq) => ({ log: 'access', seq })),
      },
    ]
  })
}

function errorShares(
  of: 'consumer' | 'route',
  [now, before]: readonly [Tally, Tally],
  [errorsNow, errorsBefore]: readonly [Tally, Tally],
): Difference[] {
  return before.ranked().flatMap(({ key, count }): Difference[] => {
    const seen = now.get(key)
    if (seen === undefined || seen.count < errorsOfMin || count < errorsOfMin) return []
    const shareNow = percent(errorsNow.get(key)?.count ?? 0, seen.count)
    const shareBefore = percent(errorsBefore.get(key)?.count ?? 0, count)
    if (Math.abs(shareNow - shareBefore) < errorPointsMin) return []
    return [
      {
        dimension: 'errors',
        change: shareNow > shareBefore ? 'more' : 'less',
        key: `${of} ${key}`,
        text: `${nouns[of]} ${key}: ${shareNow} % ended badly, before ${shareBefore} %`,
        before: shareBefore,
        now: shareNow,
        score: Math.min(799, 200 + 6 * Math.abs(shareNow - shareBefore)),
        places: (errorsNow.get(key)?.places ?? seen.places).map((seq) => ({ log: 'access', seq })),
      },
    ]
  })
}

function percent(part: number, whole: number): number {
  return Math.round((100 * part) / Math.max(1, whole))
}

function tenths(factor: number): string {
  return (Math.round(factor * 10) / 10).toFixed(1)
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`
}
