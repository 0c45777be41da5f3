import type { AccessEvent } from '../../core/mod.ts'
import { networkOf } from '../detect/mod.ts'

/** By what requests are told apart. */
export type TopKind = 'network' | 'route' | 'consumer' | 'userAgent' | 'reason'

export const topKinds: readonly TopKind[] = ['network', 'route', 'consumer', 'userAgent', 'reason']

/** What is counted of one value. */
export interface Tally {
  requests: number
  refused: number
}

/** What was counted in a span of whole minutes. */
export interface Span {
  readonly all: Tally
  readonly of: Readonly<Record<TopKind, ReadonlyMap<string, Tally>>>
}

/** Who and what was most frequent, minute by minute, for the last two hours. */
export interface OverviewTops {
  note(event: AccessEvent, atMs: number): void
  /** From one minute on, up to another one that does not belong to it; minutes since the epoch. */
  span(from: number, to: number): Span
}

const minutes = 122
/**
 * Values told apart in a minute, of each kind. Of more, the rarest are forgotten (Misra and Gries, 1982): a value that makes up more
 * than 1/256 of a minute's requests is always there, and never counted too high.
 */
const valuesMax = 256
const addressesMax = 4_096
const userAgentCharsMax = 120

interface Minute {
  number: number
  readonly all: Tally
  readonly of: Record<TopKind, Map<string, Tally>>
}

/** Bounded: about 15 MB when everything is full, some hundred KB in use. */
export function openOverviewTops(): OverviewTops {
  const ring: Minute[] = Array.from({ length: minutes }, () => emptyMinute())
  const groups = new Map<string, string>()
  const groupOf = (ip: string): string => {
    const known = groups.get(ip)
    if (known !== undefined) return known
    if (groups.size >= addressesMax) groups.clear()
    const group = networkOf(ip)?.group ?? ip
    groups.set(ip, group)
    return group
  }
  const minuteOf = (number: number): Minute | null => {
    const minute = ring[number % minutes]
    if (minute === undefined || minute.number > number) return null
    if (minute.number < number) clear(minute, number)
    return minute
  }
  return {
    note: (event, atMs) => {
      const minute = minuteOf(Math.floor(atMs / 60_000))
      if (minute === null) return
      const refused = event.outcome === 'refused' ? 1 : 0
      minute.all.requests++
      minute.all.refused += refused
      count(minute.of.network, groupOf(event.clientIp), refused)
      if (event.route !== null) count(minute.of.route, event.route, refused)
      if (event.consumer !== null) count(minute.of.consumer, event.consumer, refused)
      if (event.userAgent !== null) count(minute.of.userAgent, shortened(event.userAgent), refused)
      if (event.reason !== null) count(minute.of.reason, event.reason, refused)
    },
    span: (from, to) => {
      const sum = emptyMinute()
      for (let number = from; number < to; number++) {
        const minute = ring[number % minutes]
        if (minute === undefined || minute.number !== number) continue
        addTo(sum.all, minute.all)
        for (const kind of topKinds) merge(sum.of[kind], minute.of[kind])
      }
      return sum
    },
  }
}

function emptyMinute(): Minute {
  const of = { network: new Map(), route: new Map(), consumer: new Map(), userAgent: new Map(), reason: new Map() }
  return { number: -1, all: { requests: 0, refused: 0 }, of }
}

function clear(minute: Minute, number: number): void {
  minute.number = number
  minute.all.requests = 0
  minute.all.refused = 0
  for (const kind of topKinds) minute.of[kind].clear()
}

function shortened(text: string): string {
  return text.length > userAgentCharsMax ? text.slice(0, userAgentCharsMax) : text
}

function count(values: Map<string, Tally>, value: string, refused: number): void {
  const tally = values.get(value)
  if (tally !== undefined) {
    tally.requests++
    tally.refused += refused
  } else if (values.size < valuesMax) values.set(value, { requests: 1, refused })
  else decrement(values)
}

function decrement(values: Map<string, Tally>): void {
  for (const [value, tally] of values) {
    tally.requests--
    tally.refused = Math.min(tally.refused, tally.requests)
    if (tally.requests === 0) values.delete(value)
  }
}

function addTo(sum: Tally, { requests, refused }: Tally): void {
  sum.requests += requests
  sum.refused += refused
}

function merge(sum: Map<string, Tally>, values: ReadonlyMap<string, Tally>): void {
  for (const [value, tally] of values) {
    const known = sum.get(value)
    if (known === undefined) sum.set(value, { ...tally })
    else addTo(known, tally)
  }
}
