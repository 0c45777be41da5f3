import type { LedgerLog } from '../../core/mod.ts'
import type { Pin } from './pin.ts'
import type { ReviewPeriod, ReviewPlan } from './plan.ts'

// What a run found, as it is kept and exported. Canonical JSON can hold all of it: no null, no fraction. Once written it is
// never changed; what people decide about it stands beside it.

/** `high` asks for a note whatever is decided; `low` asks for none where it is benign. */
export type Severity = 'high' | 'low'

/** Where in which log something stands. */
export interface Place {
  readonly log: LedgerLog
  readonly seq: number
}

/** One thing that a check found. */
export interface CheckRow {
  /** What it is about; the same thing has the same key in every run. */
  readonly key: string
  readonly text: string
  readonly count: number
  /** Of the first records, at most five. */
  readonly places: readonly Place[]
  /** The administrator whose act it was, where it was one. */
  readonly actor?: string | undefined
}

/** A check that ran, also when it found nothing. */
export interface CheckResult {
  readonly id: string
  /** Raised whenever what it looks for changes. */
  readonly version: number
  readonly title: string
  /** What it looks for and why. */
  readonly about: string
  readonly severity: Severity
  /** `desk`: what stood in the control store when it ran; all others can be run again over the same records. */
  readonly source: LedgerLog | 'both' | 'desk'
  /** Shows its records in the query language; '' where that cannot say it. */
  readonly query: string
  /** Records that it hit. */
  readonly hits: number
  /** Different things that it found; `rows` are the most frequent of them. */
  readonly found: number
  readonly rows: readonly CheckRow[]
}

/** What differs from the period before. */
export interface Difference {
  readonly dimension: 'consumer' | 'credential' | 'route' | 'network' | 'userAgent' | 'reason' | 'volume' | 'errors'
  readonly change: 'new' | 'vanished' | 'more' | 'less'
  readonly key: string
  readonly text: string
  readonly before: number
  readonly now: number
  /** Ranks them: how unlikely it is that nothing changed, and how much it would matter; from 0 to 999. */
  readonly score: number
  readonly places: readonly Place[]
}

/** Records that are compared, and how long they took: a log that began in the middle of a period has only a part of it. */
export interface PeriodSpan {
  readonly from: number
  readonly to: number
  readonly spanMs: number
  readonly requests: number
}

export interface Differences {
  /** Label of the period before; '' when the ledger has nothing of it. */
  readonly against: string
  readonly before: PeriodSpan
  readonly now: PeriodSpan
  readonly entries: readonly Difference[]
  /** Differences that were found and are not listed, for there are too many. */
  readonly beyond: number
}

export type StratumName = 'privileged' | 'refused' | 'errors' | 'ordinary'

export interface Stratum {
  readonly name: StratumName
  /** Requests of the range that belong to it. */
  readonly size: number
  readonly drawn: number
  /** A kind of request that makes up this share of the stratum, in thousandths, is in the sample with 95 % certainty. */
  readonly seenPerMille: number
}

/** A record that was drawn. */
export interface SampledRecord {
  readonly stratum: StratumName
  /** Which of the stratum's records, from 0, in the order of the log. */
  readonly index: number
  readonly seq: number
  readonly requestId: string
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly route: string
  readonly status: number
  readonly outcome: string
  readonly reason: string
  readonly consumer: string
  readonly credentialId: string
  readonly clientIp: string
  readonly userAgent: string
  readonly durationUs: number
}

export interface Sample {
  /** Hex. */
  readonly seed: string
  readonly strata: readonly Stratum[]
  readonly records: readonly SampledRecord[]
}

/** Whether the review can rest on what it read. */
export interface TrustFact {
  readonly id: string
  readonly title: string
  readonly state: 'ok' | 'limited'
  readonly text: string
}

export interface Trust {
  readonly facts: readonly TrustFact[]
  /** What has to stand in a sign-off; empty for a clean one. */
  readonly limitations: readonly string[]
}

/** Something to decide on. */
export interface Item {
  /** `check-scope_refusals`, `sample-41022`. */
  readonly id: string
  readonly kind: 'check' | 'difference' | 'sample'
  readonly severity: Severity
  readonly title: string
  readonly text: string
  /** Items with the same one may be decided together; only sampled records that look alike share one. */
  readonly fingerprint: string
  readonly places: readonly Place[]
  /** Who did it, where it is about an act of an administrator; '' else. */
  readonly actor: string
}

/** Everything that a run found. */
export interface ReviewResults {
  readonly format: 'gatehouse-review/1'
  readonly run: string
  readonly plan: ReviewPlan
  readonly planDigest: string
  readonly period: ReviewPeriod
  readonly collectedAtMs: number
  readonly pins: { readonly access: Pin; readonly audit: Pin }
  readonly trust: Trust
  readonly checks: readonly CheckResult[]
  readonly differences: Differences
  readonly sample: Sample
  readonly items: readonly Item[]
  /** SHA-256, hex, of the canonical JSON of the parts that can be found again from the ledger alone. */
  readonly digests: Digests
  /** The inclusion proof of each sampled record (c2sp.org/tlog-proof), by its sequence number; '' where there was none. */
  readonly proofs: Readonly<Record<string, string>>
}

export interface Digests {
  readonly checks: string
  readonly differences: string
  readonly sample: string
}
