import type { RunSummary } from '../api/types.ts'
import { dateTime } from '../lib/format.ts'

/** The period of a run, for people: the day, or from when to when. */
export function periodText({ label, fromMs, toMs }: RunSummary['period']): string {
  if (label.length <= 24) return label
  const [from, to] = [dateTime(fromMs), dateTime(toMs)]
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} – ${to.slice(11)}` : `${from} – ${to}`
}
