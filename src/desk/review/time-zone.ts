/** A day of the calendar, as people of a place count it; months from 1. */
export interface LocalDay {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Which day it is at this moment in this zone. */
export function localDayAt(atMs: number, timeZone: string): LocalDay {
  const [year = 0, month = 0, day = 0] = localNumbers(atMs, timeZone)
  return { year, month, day }
}

/** The day so many days later; calendars know nothing of zones. */
export function dayAfter({ year, month, day }: LocalDay, days: number): LocalDay {
  const date = new Date(Date.UTC(year, month - 1, day + days))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/**
 * The first moment of a day, in ms: midnight, or, where the clocks skip midnight, the moment at which they go on. Of a midnight
 * that comes twice it is the first.
 */
export function startOfDay(day: LocalDay, timeZone: string): number {
  const midnight = Date.UTC(day.year, day.month - 1, day.day)
  // No zone is further from UTC than 15 hours; the day begins where a half of this window stops being the day before.
  let before = midnight - 16 * hourMs
  let from = midnight + 16 * hourMs
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2)
    if (orderOf(localDayAt(middle, timeZone)) < orderOf(day)) before = middle
    else from = middle
  }
  return from
}

/** `2026-11-25`. */
export function dayText({ year, month, day }: LocalDay): string {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
}

/** Reads what `dayText` writes; null for anything else, and for days that no calendar has. */
export function parseDay(text: string): LocalDay | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (match === null) return null
  const [, year, month, day] = match.map(Number)
  const read = { year: year ?? 0, month: month ?? 0, day: day ?? 0 }
  return dayText(dayAfter(read, 0)) === text ? read : null
}

/** 0 is Sunday. */
export function weekdayOf({ year, month, day }: LocalDay): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay()
}

const hourMs = 3_600_000

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function orderOf({ year, month, day }: LocalDay): number {
  return (year * 16 + month) * 32 + day
}

function localNumbers(atMs: number, timeZone: string): number[] {
  const parts = formatOf(timeZone).formatToParts(atMs)
  return ['year', 'month', 'day'].map((type) => Number(parts.find((part) => part.type === type)?.value ?? 0))
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making a format costs more than using it a thousand times; there are as many as zones are configured. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  formats.set(timeZone, made)
  return made
}
