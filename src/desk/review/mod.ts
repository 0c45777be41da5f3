/**
 * Regular reviews of the logs: opened on time, pinned to a range of the ledger, decided item by item, signed for good.
 *
 * Architecture invariant: what a review finds follows from the ledger alone, so that anybody can find it again; what people decide
 * about it is told to the audit log in the same transaction.
 * @module
 */
export {
  dispositions,
  type Decision,
  type DecidedItem,
  type Disposition,
  type ReviewRun,
  type RunState,
} from './run.ts'
export type { RunSummary, RunView, SignOff } from './run.ts'
export type { DecisionWish } from './decide.ts'
export type { ReviewExport } from './export.ts'
export type { ReviewLedger } from './ledger.ts'
export type { PeriodRule, ReviewPeriod, ReviewPlan } from './plan.ts'
export type { Replay } from './replay.ts'
export type * from './results.ts'
export { openReviews, type PlanView, type Reviews, type ReviewsOptions, type RunWish } from './reviews.ts'
export type { SignWish } from './sign.ts'
export type { IndexCount } from './trust.ts'
export type { OnOverdue } from './work.ts'
