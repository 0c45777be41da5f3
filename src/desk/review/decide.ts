import { GatehouseError } from '../../core/mod.ts'
import type { Item, ReviewResults } from './results.ts'
import type { Decision, Disposition, ReviewRun } from './run.ts'

/** What somebody says of an item. */
export interface DecisionWish {
  readonly disposition: Disposition
  /** Needed for everything but a benign item of low severity. @default '' */
  readonly note?: string | undefined
  /** Needed for an accepted risk, and only for it: until when, ms. @default none */
  readonly untilMs?: number | undefined
  /** Say the same of all open items that look exactly alike. @default false */
  readonly alike?: boolean | undefined
}

export const noteCharsMax = 2_000
/** Longest time for which a risk is accepted in one go. */
const acceptMsMax = 366 * 86_400_000

/** Who decides, and when. */
export interface Deciding {
  readonly actor: string
  readonly nowMs: number
}

/** The run with the decision, and the items that it is about. Throws `conflict`, `not_found` or `invalid_argument`. */
export function decided(
  { run, results }: { readonly run: ReviewRun; readonly results: ReviewResults | null },
  itemId: string,
  { wish, actor, nowMs }: Deciding & { readonly wish: DecisionWish },
): { readonly run: ReviewRun; readonly items: readonly Item[] } {
  assertOpen(run)
  const item = results?.items.find(({ id }) => id === itemId)
  if (results === null || item === undefined)
    throw new GatehouseError('not_found', `The review ${run.id} has no item ${JSON.stringify(itemId.slice(0, 80))}`)
  const decision = decisionOf(item, { wish, actor, nowMs })
  const items = wish.alike === true ? alike(item, { run, results }) : [item]
  return {
    items,
    run: {
      ...run,
      state: 'in_review',
      decisions: { ...run.decisions, ...Object.fromEntries(items.map(({ id }) => [id, decision])) },
    },
  }
}

/** Throws `conflict` for a run of which nothing may be changed. */
export function assertOpen(run: ReviewRun): void {
  if (run.state === 'signed')
    throw new GatehouseError('conflict', `The review ${run.id} is signed, and what is signed does not change`)
  if (run.state === 'missed') throw new GatehouseError('conflict', `The review ${run.id} was missed: ${run.waiting}`)
  if (run.state === 'collecting')
    throw new GatehouseError(
      'conflict',
      `The review ${run.id} is still being collected${run.waiting === '' ? '' : `: ${run.waiting}`}`,
    )
}

function decisionOf(item: Item, { wish, actor, nowMs }: Deciding & { readonly wish: DecisionWish }): Decision {
  const { disposition, note = '', untilMs } = wish
  if (note.length > noteCharsMax)
    throw new GatehouseError('invalid_argument', `A note has at most ${noteCharsMax} characters, not ${note.length}`)
  const mayBeSilent = disposition === 'benign-explained' && item.severity === 'low'
  if (note.trim() === '' && !mayBeSilent)
    throw new GatehouseError('invalid_argument', `Say why ${item.id} is ${disposition}: a note is needed`)
  if (disposition === 'accept-risk' && (untilMs === undefined || untilMs <= nowMs || untilMs > nowMs + acceptMsMax))
    throw new GatehouseError(
      'invalid_argument',
      `Say until when the risk of ${item.id} is accepted: a moment within a year`,
    )
  if (disposition !== 'accept-risk' && untilMs !== undefined)
    throw new GatehouseError('invalid_argument', `Only accept-risk takes an end, not ${disposition}`)
  return { disposition, note: note.trim(), untilMs: untilMs ?? null, by: actor, atMs: nowMs }
}

/** The item itself, and every open one with the same fingerprint. */
function alike(item: Item, { run, results }: { readonly run: ReviewRun; readonly results: ReviewResults }): Item[] {
  return results.items.filter(
    ({ id, fingerprint }) => id === item.id || (fingerprint === item.fingerprint && run.decisions[id] === undefined),
  )
}
