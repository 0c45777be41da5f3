import { messageOf } from '../../core/mod.ts'
import type { CollectParts } from './collect.ts'
import { digestOf } from './digest.ts'
import { findIn } from './find.ts'
import { beginsWith, pinRange } from './pin.ts'
import type { CheckResult, Digests, ReviewResults } from './results.ts'

/** What became of running the pinned checks once more. */
export type Replay =
  | { readonly state: 'running' }
  | { readonly state: 'failed'; readonly why: string }
  | {
      readonly state: 'done'
      readonly matches: boolean
      /** What differs, a sentence each; empty when all is as it was. */
      readonly differences: readonly string[]
      readonly digests: { readonly reviewed: Digests; readonly now: Digests }
      readonly atMs: number
    }

/**
 * Runs everything again that follows from the ledger alone, over the same records, and compares. What the control store said at
 * the time is not compared: it has gone on. Never rejects.
 */
export async function replayed(results: ReviewResults, parts: CollectParts): Promise<Replay> {
  try {
    const logs = await logDifferences(results, parts)
    const { plan, period, pins, differences } = results
    const again = await findIn(
      { plan, period, pins, against: differences.against, before: differences.before, now: differences.now },
      {
        ledger: parts.ledger,
        credentials: [],
        consumerNames: new Map(),
        nowMs: results.collectedAtMs,
        ...(parts.signal === undefined ? {} : { signal: parts.signal }),
      },
    )
    const found = [
      ...logs,
      ...checkDifferences(results.checks, again.checks),
      ...(results.digests.differences === again.digests.differences
        ? []
        : ['The differences from the period before are others']),
      ...(results.digests.sample === again.digests.sample ? [] : ['The sample is another']),
    ]
    return {
      state: 'done',
      matches: found.length === 0,
      differences: found,
      digests: { reviewed: results.digests, now: again.digests },
      atMs: parts.clock.wallMs(),
    }
  } catch (error) {
    return { state: 'failed', why: messageOf(error) }
  }
}

async function logDifferences({ pins, period }: ReviewResults, { ledger, verify }: CollectParts): Promise<string[]> {
  const found: string[] = []
  for (const then of [pins.access, pins.audit]) {
    const now = await pinRange(then.log, period, { ledger, verify })
    if (now.fault !== '') found.push(now.fault)
    if (!(await beginsWith(then.log, { size: then.to, root: then.root }, { ledger, verify })))
      found.push(`The ${then.log} log no longer begins with the ${then.to} records that were reviewed`)
    if (now.from !== then.from || now.to !== then.to)
      found.push(
        `The period has records ${now.from} to ${now.to} of the ${then.log} log, and had ${then.from} to ${then.to}`,
      )
  }
  return found
}

function checkDifferences(then: readonly CheckResult[], now: readonly CheckResult[]): string[] {
  const before = new Map(then.map((check) => [check.id, check]))
  const found: string[] = []
  for (const check of now.filter(({ source }) => source !== 'desk')) {
    const old = before.get(check.id)
    if (old === undefined) found.push(`The check ${check.id} did not run then`)
    else if (old.version !== check.version)
      found.push(`The check ${check.id} is of version ${check.version} now and was of version ${old.version}`)
    else if (digestOf(old) !== digestOf(check))
      found.push(`The check ${check.id} finds ${check.hits} now and found ${old.hits}, or finds them elsewhere`)
  }
  for (const { id, source } of then)
    if (source !== 'desk' && !now.some((check) => check.id === id)) found.push(`The check ${id} is no longer known`)
  return found
}
