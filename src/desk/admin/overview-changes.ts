import { type Span, type Tally, type TopKind, topKinds } from './overview-tops.ts'

/** One thing that is otherwise than it was in the hour before. */
export interface OverviewChange {
  readonly kind: TopKind
  readonly value: string
  /** What is otherwise, for people: `94 % of refused, 3 % before`. */
  readonly text: string
  /** Of all that was refused; null for what is only new. */
  readonly share: number | null
  readonly tone: 'bad' | 'warn' | 'anomaly'
  /** The records behind it, in the language of `gatehouse query`. */
  readonly query: string
}

export interface ChangeSpans {
  readonly now: Span
  readonly before: Span
  /** Minutes of the span before of which anything is known. */
  readonly minutesBefore: number
  readonly minutesNow: number
}

const changesMax = 12
/** Without so much of a past nothing can be called new. */
const pastMinutesMin = 10
/** Fewer refusals than that are no pattern. */
const refusedMin = 10
const refusedMinWithoutPast = 50
const shareMin = 0.1
const shareMinWithoutPast = 0.3
/** Networks come and go; a new one is worth a line from so many requests on. */
const newMin: Readonly<Partial<Record<TopKind, number>>> = { consumer: 1, route: 1, network: 50 }

/** What stands out among what was refused, and who and what is new; what needs a person first. */
export function changesOf(spans: ChangeSpans): readonly OverviewChange[] {
  const found = topKinds.flatMap((kind) => {
    const grown = grownOf(kind, spans)
    const told = new Set(grown.map(({ value }) => value))
    return [...grown, ...newOf(kind, spans).filter(({ value }) => !told.has(value))]
  })
  return found
    .toSorted((a, b) => tones.indexOf(a.tone) - tones.indexOf(b.tone) || (b.share ?? 0) - (a.share ?? 0))
    .slice(0, changesMax)
}

const tones = ['bad', 'warn', 'anomaly'] as const

/** Values that make up much more of what was refused than they did. */
function grownOf(kind: TopKind, { now, before, minutesBefore, minutesNow }: ChangeSpans): OverviewChange[] {
  const hasPast = minutesBefore >= pastMinutesMin
  const perMinute = now.all.refused / minutesNow
  const isSurge = !hasPast || perMinute > 3 * (before.all.refused / minutesBefore)
  return [...now.of[kind]].flatMap(([value, { refused }]) => {
    if (refused < (hasPast ? refusedMin : refusedMinWithoutPast)) return []
    const share = refused / now.all.refused
    const was = shareOf(before.of[kind].get(value), before)
    if (share < (hasPast ? shareMin : shareMinWithoutPast)) return []
    if (hasPast && (share < 2 * was || share - was < shareMin)) return []
    const text = hasPast ? `${percent(share)} of refused, ${percent(was)} before` : `${percent(share)} of refused`
    const isActor = kind === 'network' || kind === 'consumer' || kind === 'userAgent'
    const tone = isActor && isSurge && share >= 0.5 ? 'bad' : 'warn'
    return [{ kind, value, text, share, tone, query: `outcome:refused ${termOf(kind, value)}` } as const]
  })
}

/** Callers, routes and networks of which the hour before knows nothing. */
function newOf(kind: TopKind, { now, before, minutesBefore }: ChangeSpans): OverviewChange[] {
  const min = newMin[kind]
  if (min === undefined || minutesBefore < pastMinutesMin) return []
  return [...now.of[kind]].flatMap(([value, { requests, refused }]) => {
    if (requests < min || before.of[kind].has(value)) return []
    const text = refused === 0 ? `new: ${requests} requests` : `new: ${requests} requests, ${refused} refused`
    return [{ kind, value, text, share: null, tone: 'anomaly', query: termOf(kind, value) } as const]
  })
}

function shareOf(tally: Tally | undefined, { all }: Span): number {
  return tally === undefined || all.refused === 0 ? 0 : tally.refused / all.refused
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

const fields: Readonly<Record<TopKind, string>> = {
  network: 'ip',
  route: 'route',
  consumer: 'consumer',
  userAgent: 'agent',
  reason: 'reason',
}

function termOf(kind: TopKind, value: string): string {
  const plain = /^[\w./:-]+$/.test(value)
  return `${fields[kind]}:${plain ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`}`
}
