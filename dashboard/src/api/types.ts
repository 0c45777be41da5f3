/** What the admin API answers, in the words of those who answer it: the compiler holds the console against them. */
export type { LimitReading, Outcome } from '../../../src/core/access-event.ts'
export type { AccessEvent } from '../../../src/core/access-event.ts'
export type { Evidence, Severity } from '../../../src/core/finding.ts'
export type { GateStatus } from '../../../src/core/gate-status.ts'
export { reasons, type Reason } from '../../../src/core/refusal.ts'
export type { Incident, IncidentFinding, IncidentState, TimelineEntry } from '../../../src/desk/alert/incident.ts'
export type { EventPage } from '../../../src/desk/admin/event-filter.ts'
export type { LiveBatch } from '../../../src/desk/admin/live-batch.ts'
export type { OverviewAnswer } from '../../../src/desk/admin/overview-answer.ts'
export type { OverviewChange } from '../../../src/desk/admin/overview-changes.ts'
export type { ShownAudit } from '../../../src/desk/admin/recent-audit.ts'
export type { IncidentPage, ShownIncident } from '../../../src/desk/admin/schemas-incidents.ts'
export type { ShownEvent, ShownRequest } from '../../../src/desk/admin/shown.ts'
export type { Answered } from '../../../src/desk/query/ask.ts'
export type { DecisionWish } from '../../../src/desk/review/decide.ts'
export type { PlanView } from '../../../src/desk/review/mod.ts'
export type { Item, ReviewResults } from '../../../src/desk/review/results.ts'
export { dispositions, type DecidedItem, type Disposition } from '../../../src/desk/review/run.ts'
export type { RunSummary, RunView } from '../../../src/desk/review/run.ts'

/** Who is signed in. */
export interface Session {
  readonly name: string
  readonly role: 'owner' | 'auditor'
  readonly expiresAtMs: number | null
  readonly idleMs: number | null
}
