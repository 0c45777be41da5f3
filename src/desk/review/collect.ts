import type { Clock, Consumer, Credential, GateStatus } from '../../core/mod.ts'
import { type Sha256, sha256, type VerifySignature } from '../../tlog/mod.ts'
import { canonicalOf } from './digest.ts'
import { findIn, type Ranges } from './find.ts'
import { itemsOf } from './items.ts'
import type { ReviewLedger } from './ledger.ts'
import { firstAt, type Pin, pinRange } from './pin.ts'
import { periodBeforeThat } from './plan.ts'
import type { ReviewResults } from './results.ts'
import type { ReviewRun } from './run.ts'
import { type IndexCount, type SeenBefore, trustOf } from './trust.ts'

/** What a run is collected from. */
export interface CollectParts {
  readonly ledger: ReviewLedger
  readonly verify: VerifySignature
  /** @default tlog's own, in plain arithmetic; `crypto` has a faster one */
  readonly hash?: Sha256
  readonly clock: Clock
  readonly credentials: () => readonly Credential[]
  readonly consumers: () => readonly Consumer[]
  /** Null when no gate is connected. */
  readonly status: () => GateStatus | null
  /** @default none: then nothing is said of the index */
  readonly index?: IndexCount | null
  /** Between two looks for a checkpoint. @default 500 */
  readonly lookMs?: number
  readonly signal?: AbortSignal
}

/**
 * Reads everything that a run is about and puts it together. Throws `unreachable` while there is no gate, or no checkpoint over
 * the period; nothing was kept then, and it can be done again.
 */
export async function collect(
  run: ReviewRun,
  parts: CollectParts & { readonly seenBefore: SeenBefore | null },
): Promise<ReviewResults> {
  const { ledger, clock } = parts
  const ranges = await rangesOf(run, parts)
  const found = await findIn(ranges, {
    ledger,
    credentials: parts.credentials(),
    consumerNames: new Map(parts.consumers().map(({ id, name }) => [id, name])),
    nowMs: clock.wallMs(),
    ...(parts.signal === undefined ? {} : { signal: parts.signal }),
  })
  const { trust, proofs } = await trustOf({
    ledger,
    verify: parts.verify,
    hash: parts.hash ?? sha256,
    pins: ranges.pins,
    reading: found.reading,
    sample: found.sample,
    requests: found.differences.now.requests,
    seenBefore: parts.seenBefore,
    status: parts.status(),
    index: parts.index ?? null,
    lateReason: run.lateReason,
  })
  const { checks, differences, sample, digests } = found
  const results: ReviewResults = {
    format: 'gatehouse-review/1',
    run: run.id,
    plan: run.plan,
    planDigest: run.planDigest,
    period: run.period,
    collectedAtMs: clock.wallMs(),
    pins: ranges.pins,
    trust,
    checks,
    differences,
    sample,
    items: itemsOf({ checks, differences, sample }),
    digests,
    proofs,
  }
  return canonicalOf(results) as unknown as ReviewResults // the same members; only half characters are replaced
}

async function rangesOf(run: ReviewRun, { ledger, verify, lookMs }: CollectParts): Promise<Ranges> {
  const { plan, period } = run
  const how = { ledger, verify, ...(lookMs === undefined ? {} : { lookMs }) }
  const access = await pinRange('access', period, how)
  const audit = await pinRange('audit', period, how)
  const earlier = periodBeforeThat(plan, period)
  const from = await firstAt('access', earlier.fromMs, { size: access.from, ledger })
  const beganMs = await beginningOf(access, ledger)
  return {
    plan,
    period,
    pins: { access, audit },
    against: from < access.from ? earlier.label : '',
    before: { from, to: access.from, spanMs: lengthOf(earlier, beganMs) },
    now: { from: access.from, to: access.to, spanMs: lengthOf(period, beganMs) },
  }
}

/** When the log took its first record, ms; 0 for an empty one. */
async function beginningOf({ to }: Pin, ledger: ReviewLedger): Promise<number> {
  if (to === 0) return 0
  const [first] = await ledger.records('access', 0, 1)
  return first === undefined ? 0 : Math.floor(first.recordedAtUs / 1000)
}

/** Of the part of a period in which there was a log. */
function lengthOf({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, beganMs: number): number {
  return Math.max(1, toMs - Math.max(fromMs, Math.min(beganMs, toMs)))
}
