import { GatehouseError } from '../../core/mod.ts'
import type { CanonicalObject } from '../../tlog/mod.ts'
import { assertOpen, type Deciding, noteCharsMax } from './decide.ts'
import { canonicalOf, digestOf } from './digest.ts'
import type { Pin } from './pin.ts'
import type { ReviewResults } from './results.ts'
import { decidedItems, type DecidedItem, dispositions, type ReviewRun, type SignOff } from './run.ts'

/** What a signer says. */
export interface SignWish {
  /** The name that stands under it. */
  readonly name: string
  /** @default '' */
  readonly note?: string | undefined
}

/** Longest name of a signer. */
export const signerCharsMax = 120

/**
 * The signed run. Throws `conflict` while items are open or when it is signed already, `not_allowed` for somebody who is not one
 * of the plan's signers, `invalid_argument` without a name.
 */
export function signed(
  { run, results }: { readonly run: ReviewRun; readonly results: ReviewResults | null },
  { wish, actor, nowMs }: Deciding & { readonly wish: SignWish },
): ReviewRun & { readonly signOff: SignOff } {
  assertOpen(run)
  if (results === null) throw new GatehouseError('conflict', `The review ${run.id} has no results to sign`)
  const items = decidedItems(run, results)
  const open = items.filter(({ decision }) => decision === null)
  if (open.length > 0) {
    const named = open
      .slice(0, 5)
      .map(({ id }) => id)
      .join(', ')
    throw new GatehouseError(
      'conflict',
      `Cannot sign the review ${run.id}: ${open.length} of ${items.length} items are open: ${named}${open.length > 5 ? ' …' : ''}`,
    )
  }
  const name = wish.name.trim()
  if (name === '' || name.length > signerCharsMax)
    throw new GatehouseError('invalid_argument', `A signature needs a name of 1 to ${signerCharsMax} characters`)
  if ((wish.note ?? '').length > noteCharsMax)
    throw new GatehouseError('invalid_argument', `A note has at most ${noteCharsMax} characters`)
  assertSigner(run, { name, actor })
  const limitations = limitationsOf(items, { results, actor })
  const before = { name, actor, atMs: nowMs, note: (wish.note ?? '').trim(), limitations }
  const draft = { ...before, statement: statementOf({ run, results, items, limitations }), manifestDigest: '' }
  const signOff = { ...draft, manifestDigest: digestOf(manifestOf({ ...run, signOff: draft }, results)) }
  return { ...run, state: 'signed', signOff }
}

/** What is signed: enough to tell every other review from this one, and to find all of it again. */
export function manifestOf(run: ReviewRun, results: ReviewResults): CanonicalObject {
  const { signOff } = run
  const manifest = {
    format: 'gatehouse-review-manifest/1',
    run: run.id,
    plan: run.plan,
    planDigest: run.planDigest,
    period: run.period,
    openedAtMs: run.openedAtMs,
    dueAtMs: run.dueAtMs,
    lateReason: run.lateReason,
    ranges: { access: rangeOf(results.pins.access), audit: rangeOf(results.pins.audit) },
    resultsDigest: digestOf(results),
    digests: results.digests,
    decisions: decidedItems(run, results).flatMap(({ id, decision }) =>
      decision === null ? [] : [{ item: id, ...decision, untilMs: decision.untilMs ?? undefined }],
    ),
    ...(signOff === null
      ? {}
      : {
          signedBy: signOff.name,
          actor: signOff.actor,
          signedAtMs: signOff.atMs,
          note: signOff.note,
          statement: signOff.statement,
          limitations: signOff.limitations,
        }),
  }
  return canonicalOf(manifest) as CanonicalObject // an object literal
}

function rangeOf({ from, to, root, checkpointSize, checkpointRoot }: Pin): CanonicalObject {
  return { from, to, root, checkpointSize, checkpointRoot }
}

/** The names of a plan are those of administrators; over socket and token the name given has to be one of them. */
function assertSigner(
  { id, plan }: ReviewRun,
  { name, actor }: { readonly name: string; readonly actor: string },
): void {
  if (plan.signers.length === 0) return
  const acting = actor.startsWith('admin:') ? actor.slice('admin:'.length) : name
  if (plan.signers.includes(acting)) return
  throw new GatehouseError(
    'not_allowed',
    `${JSON.stringify(acting)} may not sign the review ${id}: its plan names ${plan.signers.join(', ')}`,
  )
}

/** Decisions that are made faster than this were hardly thought over. */
const hastyMs = 2_000
const hastyMin = 10

function limitationsOf(
  items: readonly DecidedItem[],
  { results, actor }: { readonly results: ReviewResults; readonly actor: string },
): string[] {
  const own = items.filter((item) => item.actor !== '' && item.decision?.by === item.actor)
  const times = [...new Set(items.map(({ decision }) => decision?.atMs ?? 0))].toSorted((a, b) => a - b)
  const hasty = times.filter((atMs, at) => at > 0 && atMs - (times[at - 1] ?? 0) < hastyMs).length
  return [
    ...results.trust.limitations,
    ...(own.length === 0
      ? []
      : [`${own.length} items are about acts of whoever decided them (${own[0]?.actor ?? actor})`]),
    ...(hasty < hastyMin ? [] : [`${hasty} items were decided within ${hastyMs / 1000} s of the one before`]),
  ]
}

function statementOf({
  run,
  results,
  items,
  limitations,
}: {
  readonly run: ReviewRun
  readonly results: ReviewResults
  readonly items: readonly DecidedItem[]
  readonly limitations: readonly string[]
}): string {
  const { access, audit } = results.pins
  const counts = dispositions
    .map(
      (disposition) =>
        [disposition, items.filter(({ decision }) => decision?.disposition === disposition).length] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([disposition, count]) => `${count} ${disposition}`)
  const period = [run.period.fromMs, run.period.toMs].map((ms) => new Date(ms).toISOString()).join(' to ')
  return [
    `I have reviewed the use of the APIs from ${period}: records ${access.from} to before ${access.to} of the access log and ${audit.from} to before ${audit.to} of the audit log.`,
    `${results.checks.length} checks ran, ${results.checks.filter(({ hits }) => hits > 0).length} of them found something; ${results.sample.records.length} records were drawn and looked at.`,
    items.length === 0 ? 'Nothing had to be decided.' : `${items.length} items were decided: ${counts.join(', ')}.`,
    limitations.length === 0 ? 'Without limitation.' : `With limitations: ${limitations.join('; ')}.`,
  ].join(' ')
}
