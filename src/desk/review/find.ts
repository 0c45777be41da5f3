import { accessEventOf, type Credential, decodeAuditEvent, type LedgerRecord } from '../../core/mod.ts'
import { decodeHex } from '../../tlog/mod.ts'
import { type CheckContext, resultOf } from './check.ts'
import { checks } from './checks.ts'
import { differencesOf } from './differences.ts'
import { canonicalOf, digestOf } from './digest.ts'
import type { ReviewLedger } from './ledger.ts'
import type { Pin } from './pin.ts'
import type { ReviewPeriod, ReviewPlan } from './plan.ts'
import { addToProfile, openProfile, type Profile } from './profile.ts'
import type { CheckResult, Differences, Digests, PeriodSpan, Sample, SampledRecord, StratumName } from './results.ts'
import {
  allotted,
  drawn,
  openStrataIndex,
  seedOf,
  type StrataIndex,
  strataInOrder,
  stratumOf,
  stratumWith,
} from './sample.ts'
import { scan, type ScanReport } from './scan.ts'

/** What is looked at: everything that decides what will be found. */
export interface Ranges {
  readonly plan: ReviewPlan
  readonly period: ReviewPeriod
  readonly pins: { readonly access: Pin; readonly audit: Pin }
  /** Label of the period before, '' when the ledger has nothing of it. */
  readonly against: string
  readonly before: Omit<PeriodSpan, 'requests'>
  readonly now: Omit<PeriodSpan, 'requests'>
}

export interface FindParts {
  readonly ledger: ReviewLedger
  readonly credentials: readonly Credential[]
  readonly consumerNames: ReadonlyMap<string, string>
  readonly nowMs: number
  readonly signal?: AbortSignal
}

/** What the ledger says, and how completely it could be read. */
export interface FoundInRanges {
  readonly checks: readonly CheckResult[]
  readonly differences: Differences
  readonly sample: Sample
  readonly digests: Digests
  readonly reading: Reading
}

/** How the reading went; part of what a review rests on, and not of what it found. */
export interface Reading {
  readonly access: ScanReport
  readonly audit: ScanReport
  /** Answers that were begun in the range and whose end is not in it. */
  readonly unended: number
  readonly amended: number
  readonly gateStarts: number
  readonly clockSteps: number
}

/**
 * Reads the pinned ranges once and finds everything that a run tells of them. The same ranges over the same ledger give the same
 * digests, at any time and on any machine.
 */
export async function findIn(ranges: Ranges, parts: FindParts): Promise<FoundInRanges> {
  const { plan, period, pins } = ranges
  const before = await profileOf(ranges, parts)
  const reader = openReader({ ...parts, before, pin: pins.access })
  const { ledger, signal } = parts
  const how = signal === undefined ? {} : { signal }
  const audit = await scan(pins.audit, ledger, { ...how, visit: reader.audit })
  const access = await scan(pins.access, ledger, { ...how, visit: reader.access })
  const differences: Differences = {
    against: ranges.against,
    before: { ...ranges.before, requests: before?.requests ?? 0 },
    now: { ...ranges.now, requests: reader.profile.requests },
    ...(before === null
      ? { entries: [], beyond: 0 }
      : differencesOf({ now: reader.profile, before, nowMs: ranges.now.spanMs, beforeMs: ranges.before.spanMs })),
  }
  const found = {
    checks: reader.results(),
    differences,
    sample: await sampleOf(
      { seed: seedOf(decodeHex(pins.access.root), plan.name, period.label), strata: reader.strata, plan },
      ledger,
    ),
  }
  return { ...canonical(found), digests: digestsOf(found), reading: { access, audit, ...reader.counts() } }
}

/** Of the parts that follow from the ledger alone. */
export function digestsOf({
  checks: ran,
  differences,
  sample,
}: Pick<FoundInRanges, 'checks' | 'differences' | 'sample'>): Digests {
  return {
    checks: digestOf(ran.filter(({ source }) => source !== 'desk')),
    differences: digestOf(differences),
    sample: digestOf(sample),
  }
}

function canonical<T>(value: T): T {
  return canonicalOf(value) as T // the same members; only half characters are replaced
}

async function profileOf({ before, against }: Ranges, { ledger, signal }: FindParts): Promise<Profile | null> {
  if (against === '') return null
  const profile = openProfile()
  await scan({ log: 'access', from: before.from, to: before.to }, ledger, {
    ...(signal === undefined ? {} : { signal }),
    visit: (record) => {
      const event = accessEventOf(record)
      if (event.kind === 'request') addToProfile(profile, event, record.seq)
    },
  })
  return profile
}

interface Reader {
  readonly profile: Profile
  readonly strata: StrataIndex
  readonly access: (record: LedgerRecord) => void
  readonly audit: (record: LedgerRecord) => void
  results(): CheckResult[]
  counts(): Omit<Reading, 'access' | 'audit'>
}

/** Answers that may be open at one time; beyond that they are not followed. */
const openingsMax = 100_000

function openReader({ pin, ...context }: CheckContext & { readonly pin: Pin }): Reader {
  const running = checks.map((check) => ({ check, run: check.begin(context) }))
  const profile = openProfile()
  const strata = openStrataIndex(pin.from, pin.to)
  const openings = new Set<string>()
  const counts = { amended: 0, gateStarts: 0, clockSteps: 0 }
  return {
    profile,
    strata,
    access: (record) => {
      const event = accessEventOf(record)
      if (event.kind === 'amended') counts.amended++
      if (event.opening !== null && event.kind === 'opened' && openings.size < openingsMax) openings.add(event.opening)
      if (event.kind !== 'request') return
      if (event.opening !== null) openings.delete(event.opening)
      addToProfile(profile, event, record.seq)
      strata.add(record.seq, stratumOf(event))
      const atMs = record.recordedAtUs / 1000
      for (const { run } of running) run.access?.(event, record.seq, atMs)
    },
    audit: (record) => {
      const event = decodeAuditEvent(record.bytes)
      if (event.kind === 'gate.started') counts.gateStarts++
      if (event.kind === 'clock.stepped') counts.clockSteps++
      for (const { run } of running) run.audit?.(event, record.seq)
    },
    results: () => running.map(({ check, run }) => resultOf(check, run.end())),
    counts: () => ({ ...counts, unended: openings.size }),
  }
}

async function sampleOf(
  { seed, strata, plan }: { readonly seed: Uint8Array; readonly strata: StrataIndex; readonly plan: ReviewPlan },
  ledger: ReviewLedger,
): Promise<Sample> {
  const counts = allotted(plan.sample, strata.sizes)
  const records: SampledRecord[] = []
  for (const stratum of strataInOrder) {
    const indices = drawn(seed, stratum, { size: strata.sizes[stratum], count: counts[stratum] })
    const places = strata.places(stratum, indices)
    for (const [at, index] of indices.entries()) {
      const [record] = await ledger.records('access', places[at] ?? 0, 1)
      if (record !== undefined) records.push(sampled(record, { stratum, index }))
    }
  }
  return {
    seed: Buffer.from(seed).toString('hex'),
    strata: strataInOrder.map((name) => stratumWith(name, strata.sizes[name], counts[name])),
    records,
  }
}

function sampled(record: LedgerRecord, { stratum, index }: { stratum: StratumName; index: number }): SampledRecord {
  const event = accessEventOf(record)
  return {
    stratum,
    index,
    seq: record.seq,
    requestId: event.id,
    atMs: Math.floor(record.recordedAtUs / 1000),
    method: event.method,
    path: event.path.slice(0, textCharsMax),
    route: event.route === null ? '' : `${event.api ?? ''} ${event.route}`.trim(),
    status: event.status,
    outcome: event.outcome,
    reason: event.reason ?? '',
    consumer: event.consumer ?? '',
    credentialId: event.credentialId ?? '',
    clientIp: event.clientIp,
    userAgent: (event.userAgent ?? '').slice(0, textCharsMax),
    durationUs: event.durationUs,
  }
}

/** Of a path or a user agent; the whole stands in the record. */
const textCharsMax = 300
