import type { Told } from '../../core/mod.ts'
import { momentsBetween, periodBefore, planDigest, type ReviewPeriod, type ReviewPlan, runIdOf } from './plan.ts'
import type { ReviewRun } from './run.ts'
import type { RunStore } from './run-store.ts'

/** Runs of a plan that are made up for after Gatehouse was away, the newest; older ones are kept as missed. */
export const madeUpMax = 7
/** Runs that are kept as missed, of each plan and absence. */
export const missedMax = 31
/** A run that begins later than this after its moment is late. */
const lateMsMin = 10 * 60_000

/**
 * Opens the runs that have come due since the plan was last looked at, each period once. What was due while Gatehouse was away is
 * run late and says so, or, where too much was missed, is kept as missed and says so. Returns what was opened.
 */
export async function openDue(plan: ReviewPlan, store: RunStore, nowMs: number): Promise<ReviewRun[]> {
  const seenToMs = await store.seenTo(plan.name)
  if (seenToMs === null) {
    await store.sawTo(plan.name, nowMs)
    return []
  }
  const moments = momentsBetween(plan, { afterMs: seenToMs, toMs: nowMs }, madeUpMax + missedMax)
  const opened: ReviewRun[] = []
  for (const [at, momentMs] of moments.entries()) {
    const isMadeUp = at >= moments.length - madeUpMax
    const period = periodBefore(plan, momentMs)
    if ((await store.get(runIdOf(plan, period))) !== null) continue
    const run = newRun({ plan, period, scheduledAtMs: momentMs, nowMs, openedBy: 'desk' })
    const kept = isMadeUp ? run : { ...run, state: 'missed' as const, waiting: missedText(moments.length) }
    await store.put(kept, { told: [openedTold(kept)] })
    opened.push(kept)
  }
  if (moments.length > 0) await store.sawTo(plan.name, nowMs)
  return opened
}

/** A run before anything was read for it. */
export function newRun({
  plan,
  period,
  scheduledAtMs,
  nowMs,
  openedBy,
}: {
  readonly plan: ReviewPlan
  readonly period: ReviewPeriod
  readonly scheduledAtMs: number
  readonly nowMs: number
  readonly openedBy: string
}): ReviewRun {
  const lateMs = nowMs - scheduledAtMs
  return {
    id: runIdOf(plan, period),
    plan,
    planDigest: planDigest(plan),
    period,
    scheduledAtMs,
    openedAtMs: nowMs,
    openedBy,
    // Whoever gets a late run has as long for it as for any other.
    dueAtMs: (lateMs > lateMsMin ? nowMs : scheduledAtMs) + plan.dueMs,
    lateReason:
      lateMs > lateMsMin ? `Opened ${minutesText(lateMs)} late: Gatehouse was not running when the review was due` : '',
    state: 'collecting',
    waiting: '',
    overdueAtMs: null,
    resultsDigest: '',
    decisions: {},
    signOff: null,
  }
}

/** What the audit log is told of a run that was opened, or missed. */
export function openedTold({ id, plan, planDigest: digest, period, state, lateReason, waiting }: ReviewRun): Told {
  return {
    kind: 'review.opened',
    details: {
      run: id,
      plan: plan.name,
      planDigest: digest,
      from: new Date(period.fromMs).toISOString(),
      to: new Date(period.toMs).toISOString(),
      state,
      ...(lateReason === '' ? {} : { late: lateReason }),
      ...(waiting === '' ? {} : { why: waiting }),
    },
  }
}

/** `3 h 20 min`. */
export function minutesText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function missedText(count: number): string {
  return `Gatehouse was not running when the review was due; of ${count} or more that were missed the newest ${madeUpMax} were made up for`
}
