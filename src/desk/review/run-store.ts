import type { Documents, Told } from '../../core/mod.ts'
import { digestOf } from './digest.ts'
import type { ReviewResults } from './results.ts'
import type { ReviewRun } from './run.ts'

/** What is kept of reviews: runs and their results apart, for results never change and runs change with each decision. */
export interface RunStore {
  get(id: string): Promise<ReviewRun | null>
  results(id: string): Promise<ReviewResults | null>
  /** The newest first. */
  list(max: number): Promise<readonly ReviewRun[]>
  /** Runs of which something may come due: those being collected, and those not signed of which it was not told that they are overdue. */
  pending(): Promise<readonly ReviewRun[]>
  /** Together with the audit events that tell of it, in one transaction. */
  put(run: ReviewRun, options?: PutOptions): Promise<void>
  /** Until when the moments of a plan have been seen to; null for one that is new. */
  seenTo(plan: string): Promise<number | null>
  sawTo(plan: string, atMs: number): Promise<void>
  itemsOf(id: string): Promise<number>
  /** Forgets the oldest beyond `runsMax` of them that are done; what was signed stands in the audit log. */
  trim(): Promise<void>
}

export interface PutOptions {
  readonly results?: ReviewResults
  readonly told?: readonly Told[]
  /** @default desk */
  readonly actor?: string
}

/** Runs that are kept: more than five years of daily ones. */
export const runsMax = 2_000

const collections = { runs: 'reviews', results: 'review-results', plans: 'review-plans' } as const

/** Ids of runs are names of plans and periods, positions are moments: nothing personal stands in the open. */
export function openRunStore(documents: Documents): RunStore {
  const itemCounts = new Map<string, number>()
  let pending: Map<string, ReviewRun> | null = null
  const list = async (max: number): Promise<readonly ReviewRun[]> =>
    (await documents.list(collections.runs, { max, newestFirst: true })).map(({ value }) => value as ReviewRun)
  // What these collections hold was written here, of these types.
  const resultsOf = async (id: string): Promise<ReviewResults | null> =>
    (await documents.get(collections.results, id)) as ReviewResults | null
  return {
    get: async (id) => (await documents.get(collections.runs, id)) as ReviewRun | null,
    results: resultsOf,
    list,
    pending: async () => {
      pending ??= new Map((await list(runsMax)).filter(isPending).map((run) => [run.id, run]))
      return [...pending.values()].toSorted((a, b) => a.scheduledAtMs - b.scheduledAtMs)
    },
    put: async (run, { results, told = [], actor = 'desk' } = {}) => {
      const writes = [{ collection: collections.runs, id: run.id, position: run.scheduledAtMs, value: run }]
      const more = results === undefined ? [] : [{ collection: collections.results, id: run.id, value: results }]
      await documents.write([...writes, ...more], told, actor)
      if (results !== undefined) itemCounts.set(run.id, results.items.length)
      if (isPending(run)) pending?.set(run.id, run)
      else pending?.delete(run.id)
    },
    seenTo: async (plan) => {
      const kept = (await documents.get(collections.plans, plan)) as { readonly seenToMs: number } | null
      return kept?.seenToMs ?? null
    },
    sawTo: async (plan, seenToMs) =>
      await documents.write([{ collection: collections.plans, id: plan, value: { seenToMs } }]),
    itemsOf: async (id) => {
      const known = itemCounts.get(id)
      if (known !== undefined) return known
      const count = (await resultsOf(id))?.items.length ?? 0
      if (itemCounts.size > runsMax) itemCounts.clear()
      itemCounts.set(id, count)
      return count
    },
    trim: async () => {
      const beyond = (await documents.count(collections.runs)) - runsMax
      if (beyond <= 0) return
      const oldest = await documents.list(collections.runs, { max: beyond })
      const done = oldest.filter(({ value }) => ['signed', 'missed'].includes((value as ReviewRun).state))
      await documents.write(
        done.flatMap(({ id }) => [
          { collection: collections.runs, id, value: null },
          { collection: collections.results, id, value: null },
        ]),
      )
    },
  }
}

function isPending({ state, overdueAtMs }: ReviewRun): boolean {
  return state === 'collecting' || (state !== 'signed' && overdueAtMs === null)
}

/** The digest of results as they are kept. */
export function resultsDigestOf(results: ReviewResults): string {
  return digestOf(results)
}
