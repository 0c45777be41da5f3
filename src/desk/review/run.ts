import type { ReviewPeriod, ReviewPlan } from './plan.ts'
import type { Item, ReviewResults } from './results.ts'

/**
 * Where a run is: `collecting` reads the ledger; `ready`: found, nothing decided yet; `in_review`: decisions are being made;
 * `signed`: for good; `missed`: it could not be made in its time, for good.
 */
export type RunState = 'collecting' | 'ready' | 'in_review' | 'signed' | 'missed'

/** What can be said of an item, in the order of the keys 1 to 6. */
export const dispositions = [
  'benign-explained',
  'expected-change',
  'suspicious',
  'fix-required',
  'accept-risk',
  'cannot-tell',
] as const

export type Disposition = (typeof dispositions)[number]

/** What somebody decided about an item. A later decision takes the place of an earlier one; the audit log has both. */
export interface Decision {
  readonly disposition: Disposition
  readonly note: string
  /** How long a risk is accepted; null for every other disposition. */
  readonly untilMs: number | null
  readonly by: string
  readonly atMs: number
}

/** The end of a review. */
export interface SignOff {
  /** As the signer gave it. */
  readonly name: string
  /** Who acted: `admin:<name>`, `socket` or `token`. */
  readonly actor: string
  readonly atMs: number
  readonly note: string
  readonly statement: string
  readonly limitations: readonly string[]
  /** SHA-256 of the manifest's canonical JSON, hex; it stands in the audit log too. */
  readonly manifestDigest: string
}

/** One review of one period, as far as it is. */
export interface ReviewRun {
  readonly id: string
  readonly plan: ReviewPlan
  readonly planDigest: string
  readonly period: ReviewPeriod
  /** When it was due to run; of one that somebody asked for, when he asked. */
  readonly scheduledAtMs: number
  readonly openedAtMs: number
  readonly openedBy: string
  /** Until when it must be signed. */
  readonly dueAtMs: number
  /** '' for one that came in time. */
  readonly lateReason: string
  readonly state: RunState
  /** What `collecting` waits for, or why it was `missed`; '' else. */
  readonly waiting: string
  /** When it was told that it is overdue; null while it is not. */
  readonly overdueAtMs: number | null
  readonly resultsDigest: string
  readonly decisions: Readonly<Record<string, Decision>>
  readonly signOff: SignOff | null
}

/** A run in a list. */
export interface RunSummary extends Omit<ReviewRun, 'decisions' | 'plan'> {
  readonly plan: string
  readonly overdue: boolean
  readonly items: { readonly total: number; readonly open: number }
}

/** A run with everything that was found and decided; no results while it is being collected. */
export interface RunView extends RunSummary {
  readonly results: ReviewResults | null
  readonly items: RunSummary['items'] & { readonly list: readonly DecidedItem[] }
}

/** An item with its decision, null while it is open. */
export interface DecidedItem extends Item {
  readonly decision: Decision | null
}

/** Of an item's decision; null while it is open. */
export function decidedItems(run: ReviewRun, results: ReviewResults | null): DecidedItem[] {
  return (results?.items ?? []).map((item) => ({ ...item, decision: run.decisions[item.id] ?? null }))
}

/** For a list; `itemsTotal` is the number of items of its results. */
export function summaryOf(run: ReviewRun, itemsTotal: number, nowMs: number): RunSummary {
  const { decisions, plan, ...rest } = run
  const isDone = run.state === 'signed' || run.state === 'missed'
  return {
    ...rest,
    plan: plan.name,
    overdue: !isDone && run.dueAtMs <= nowMs,
    items: { total: itemsTotal, open: itemsTotal - Object.keys(decisions).length },
  }
}
