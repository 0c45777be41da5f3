import { Cron } from 'croner'
import { GatehouseError } from '../../core/mod.ts'
import { type CanonicalObject, canonicalJson, encodeUtf8, encodeHex, sha256 } from '../../tlog/mod.ts'
import { dayAfter, dayText, localDayAt, type LocalDay, parseDay, startOfDay, weekdayOf } from './time-zone.ts'

/** Which stretch of the past a run of a plan looks at: the whole day, week (from Monday) or month before. */
export type PeriodRule = 'day' | 'week' | 'month'

/** A review that comes regularly. */
export interface ReviewPlan {
  readonly name: string
  /** Five fields: minute, hour, day, month, weekday; in `timeZone`. */
  readonly cron: string
  /** IANA name. */
  readonly timeZone: string
  readonly period: PeriodRule
  /** Records to draw. */
  readonly sample: number
  /** From the scheduled moment to the one by which it must be signed. */
  readonly dueMs: number
  /** Who may sign; empty: everybody who may change things here. */
  readonly signers: readonly string[]
}

/** From its first moment to before its last, ms. */
export interface ReviewPeriod {
  /** Names it within its plan: `2026-11-24`, `2026-W47` (ISO 8601), `2026-10`, or two moments. */
  readonly label: string
  readonly fromMs: number
  readonly toMs: number
}

/** Tells two versions of a plan apart: SHA-256 of its canonical JSON, hex. */
export function planDigest(plan: ReviewPlan): string {
  return encodeHex(sha256(encodeUtf8(canonicalJson({ ...plan } satisfies CanonicalObject))))
}

/** The moments after `afterMs` up to and with `toMs` at which the plan is due to run, oldest first; the newest `max` of them. */
export function momentsBetween(plan: ReviewPlan, range: { afterMs: number; toMs: number }, max: number): number[] {
  return cronOf(plan)
    .previousRuns(max, new Date(range.toMs + 1))
    .map((date) => date.getTime())
    .filter((atMs) => atMs > range.afterMs && atMs <= range.toMs)
    .toSorted((a, b) => a - b)
}

/** The next moment after this one; null for a plan that never comes again. */
export function nextMoment(plan: ReviewPlan, afterMs: number): number | null {
  return cronOf(plan).nextRun(new Date(afterMs))?.getTime() ?? null
}

/** What a run at this moment looks at. */
export function periodBefore(plan: ReviewPlan, momentMs: number): ReviewPeriod {
  const today = localDayAt(momentMs, plan.timeZone)
  if (plan.period === 'day') return wholePeriod(plan, dayAfter(today, -1), today)
  if (plan.period === 'week') {
    const monday = dayAfter(today, -((weekdayOf(today) + 6) % 7))
    return wholePeriod(plan, dayAfter(monday, -7), monday)
  }
  const first = { ...today, day: 1 }
  return wholePeriod(plan, { ...dayAfter(first, -1), day: 1 }, first)
}

/**
 * What somebody asks for: `previous`, `today` (so far), a day, a number of hours or days up to now (`24h`, `7d`), or two moments
 * of ISO 8601 with `/` between them. Nothing reaches beyond now. Throws `invalid_argument` for anything else.
 */
export function periodAsked(plan: ReviewPlan, text: string, nowMs: number): ReviewPeriod {
  if (text === 'previous') return periodBefore(plan, nowMs)
  const today = localDayAt(nowMs, plan.timeZone)
  if (text === 'today') return stretch(startOfDay(today, plan.timeZone), nowMs)
  const length = /^([1-9]\d{0,3})([hd])$/.exec(text)
  if (length !== null) return stretch(nowMs - Number(length[1]) * (length[2] === 'h' ? hourMs : 24 * hourMs), nowMs)
  const day = parseDay(text)
  if (day !== null && startOfDay(dayAfter(day, 1), plan.timeZone) <= nowMs)
    return wholePeriod(plan, day, dayAfter(day, 1))
  const [from = Number.NaN, to = Number.NaN] = text
    .split('/')
    .map((moment) => (isMoment(moment) ? Date.parse(moment) : Number.NaN))
  if (day === null && from < to && to <= nowMs && text.split('/').length === 2) return stretch(from, to)
  throw new GatehouseError(
    'invalid_argument',
    `Cannot review the period ${JSON.stringify(text.slice(0, 80))}: write previous, today, a day that has ended such as 2026-11-24, ` +
      'a length such as 24h or 7d, or two moments that have passed such as 2026-11-24T08:00Z/2026-11-24T12:00Z',
  )
}

/** The stretch of the same kind that ends where this one begins: what differences are told against. */
export function periodBeforeThat(plan: ReviewPlan, period: ReviewPeriod): ReviewPeriod {
  const first = localDayAt(period.fromMs, plan.timeZone)
  const isWhole = periodNamed(plan, period.label)
  if (!isWhole) return stretch(period.fromMs - (period.toMs - period.fromMs), period.fromMs)
  if (plan.period === 'day') return wholePeriod(plan, dayAfter(first, -1), first)
  if (plan.period === 'week') return wholePeriod(plan, dayAfter(first, -7), first)
  return wholePeriod(plan, { ...dayAfter(first, -1), day: 1 }, first)
}

/** The name of one run of a plan over one period: the same period has the same id, whoever asks. */
export function runIdOf(plan: Pick<ReviewPlan, 'name'>, period: ReviewPeriod): string {
  return `${plan.name}-${period.label.replaceAll('/', '-')}`
}

const hourMs = 3_600_000

function periodNamed({ period }: ReviewPlan, label: string): boolean {
  return { day: /^\d{4}-\d{2}-\d{2}$/, week: /^\d{4}-W\d{2}$/, month: /^\d{4}-\d{2}$/ }[period].test(label)
}

function isMoment(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
}

function wholePeriod(plan: ReviewPlan, first: LocalDay, end: LocalDay): ReviewPeriod {
  const days = Math.round(
    (Date.UTC(end.year, end.month - 1, end.day) - Date.UTC(first.year, first.month - 1, first.day)) / (24 * hourMs),
  )
  const label = days === 1 ? dayText(first) : days === 7 ? weekText(first) : dayText(first).slice(0, 7)
  return { label, fromMs: startOfDay(first, plan.timeZone), toMs: startOfDay(end, plan.timeZone) }
}

/** The week of this Monday as ISO 8601 counts: the year and number are those of its Thursday. */
function weekText(monday: LocalDay): string {
  const thursday = dayAfter(monday, 3)
  const dayOfYear =
    (Date.UTC(thursday.year, thursday.month - 1, thursday.day) - Date.UTC(thursday.year, 0, 1)) / (24 * hourMs)
  return `${thursday.year}-W${String(Math.floor(dayOfYear / 7) + 1).padStart(2, '0')}`
}

/** `20261124T080000Z/20261124T120000Z`, to the second; moments are cut to whole seconds so that the label says all. */
function stretch(fromMs: number, toMs: number): ReviewPeriod {
  const [from, to] = [fromMs, toMs].map((ms) => Math.floor(ms / 1000) * 1000) as [number, number] // two in, two out
  return { label: `${compact(from)}/${compact(to)}`, fromMs: from, toMs: to }
}

function compact(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

const crons = new Map<string, Cron>()

function cronOf({ cron, timeZone }: ReviewPlan): Cron {
  const key = `${timeZone} ${cron}`
  const made = crons.get(key) ?? new Cron(cron, { timezone: timeZone, mode: '5-part' })
  crons.set(key, made)
  return made
}
