import { type Documents, GatehouseError, type Told } from '../../core/mod.ts'
import { newRun, openedTold } from './agenda.ts'
import type { CollectParts } from './collect.ts'
import { decided, type DecisionWish } from './decide.ts'
import { exportOf, type ReviewExport } from './export.ts'
import { nextMoment, periodAsked, type ReviewPlan, runIdOf } from './plan.ts'
import { type Replay, replayed } from './replay.ts'
import type { ReviewResults } from './results.ts'
import { decidedItems, type ReviewRun, type RunSummary, type RunView, summaryOf } from './run.ts'
import { openRunStore, type RunStore } from './run-store.ts'
import { signed, type SignWish } from './sign.ts'
import { openTurns, openWork, type Work, type WorkParts } from './work.ts'

/** A plan, and when it runs next. */
export interface PlanView extends ReviewPlan {
  /** Null for one that never comes again. */
  readonly nextAtMs: number | null
}

/** What reviews are opened with. */
export interface ReviewsOptions extends Omit<WorkParts, 'store' | 'inTurn'> {
  readonly documents: Documents
}

/**
 * Regular reviews of what the logs say: opened when they are due, decided item by item, signed, and never changed after that.
 * Every act is in the audit log with whoever did it. Errors: `not_found`, `conflict`, `not_allowed` and `invalid_argument` say what
 * was wrong; `store_unreadable` when the store failed, and then nothing was changed.
 */
export interface Reviews extends AsyncDisposable {
  plans(): readonly PlanView[]
  /** The newest first, at most 200. */
  list(): Promise<readonly RunSummary[]>
  show(id: string): Promise<RunView>
  /** Opens a run of a plan over a period; it is collected in the background. */
  run(wish: RunWish, actor: string): Promise<RunSummary>
  decide(id: string, item: string, act: { readonly wish: DecisionWish; readonly actor: string }): Promise<RunView>
  sign(id: string, wish: SignWish, actor: string): Promise<RunView>
  report(id: string): Promise<ReviewExport>
  /** Begins to run the checks once more, or says how far that is. Of a replay that has ended, `again` begins another. */
  replay(id: string, again?: { readonly again: true }): Promise<Replay>
  /** Does what is due now: opens runs, collects one after the other, tells of overdue ones. To be called every half minute. */
  tick(): Promise<void>
}

export interface RunWish {
  readonly plan: string
  /** As `periodAsked` has it. @default previous */
  readonly period?: string | undefined
}

const listMax = 200
/** Replays whose answers are kept. */
const replaysMax = 20

/** Closing ends what reads the ledger; it begins anew at the next start. */
export function openReviews(options: ReviewsOptions): Reviews {
  const { clock, plans } = options
  const store = openRunStore(options.documents)
  const closing = new AbortController()
  const inTurn = openTurns()
  const parts = { ...options, signal: closing.signal }
  const work = openWork({ ...parts, store, inTurn })
  return {
    plans: () => plans.map((plan) => ({ ...plan, nextAtMs: nextMoment(plan, clock.wallMs()) })),
    list: async () => {
      const runs = await store.list(listMax)
      return await Promise.all(runs.map(async (run) => summaryOf(run, await store.itemsOf(run.id), clock.wallMs())))
    },
    show: async (id) => await viewOf(await found(store, id), store, clock.wallMs()),
    run: async (wish, actor) => {
      const run = await inTurn(async () => await opened(wish, { actor, plans, store, nowMs: clock.wallMs() }))
      void work.tick()
      return summaryOf(run, 0, clock.wallMs())
    },
    ...actsOn({ store, inTurn, clock }),
    report: async (id) => {
      const run = await found(store, id)
      return exportOf(run, await collected(store, run))
    },
    replay: openReplays(store, { parts, work }),
    tick: work.tick,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await work.idle()
    },
  }
}

/** What people do with a run that was collected. */
function actsOn({
  store,
  inTurn,
  clock,
}: Pick<WorkParts, 'store' | 'inTurn' | 'clock'>): Pick<Reviews, 'decide' | 'sign'> {
  return {
    decide: async (id, item, { wish, actor }) =>
      await inTurn(async () => {
        const run = await found(store, id)
        const made = decided({ run, results: await store.results(id) }, item, { wish, actor, nowMs: clock.wallMs() })
        const items = made.items.map((one) => one.id)
        const note = wish.note?.trim() ?? ''
        const details = { run: id, items, disposition: wish.disposition, ...(note === '' ? {} : { note }) }
        await store.put(made.run, { told: [{ kind: 'review.decided', details }], actor })
        return await viewOf(made.run, store, clock.wallMs())
      }),
    sign: async (id, wish, actor) =>
      await inTurn(async () => {
        const [run, results] = [await found(store, id), await store.results(id)]
        const done = signed({ run, results }, { wish, actor, nowMs: clock.wallMs() })
        await store.put(done, { told: [signedTold(done, results)], actor })
        return await viewOf(done, store, clock.wallMs())
      }),
  }
}

function openReplays(
  store: RunStore,
  { parts, work }: { readonly parts: CollectParts; readonly work: Work },
): Reviews['replay'] {
  const replays = new Map<string, Replay>()
  return async (id, again) => {
    const known = replays.get(id)
    if (known !== undefined && (again === undefined || known.state === 'running')) return known
    const results = await collected(store, await found(store, id))
    const running: Replay = { state: 'running' }
    if (replays.size >= replaysMax) replays.delete(replays.keys().next().value ?? '')
    replays.set(id, running)
    void work.alone(async () => replays.set(id, await replayed(results, parts)))
    return running
  }
}

async function found(store: RunStore, id: string): Promise<ReviewRun> {
  const run = await store.get(id)
  if (run === null) throw new GatehouseError('not_found', `There is no review ${JSON.stringify(id.slice(0, 80))}`)
  return run
}

async function collected(store: RunStore, run: ReviewRun): Promise<ReviewResults> {
  const results = await store.results(run.id)
  if (results === null) throw new GatehouseError('conflict', `The review ${run.id} has no results: it is ${run.state}`)
  return results
}

async function viewOf(run: ReviewRun, store: RunStore, nowMs: number): Promise<RunView> {
  const results = await store.results(run.id)
  const list = decidedItems(run, results)
  const summary = summaryOf(run, list.length, nowMs)
  return { ...summary, results, items: { ...summary.items, list } }
}

async function opened(
  { plan: name, period: asked = 'previous' }: RunWish,
  given: {
    readonly actor: string
    readonly plans: readonly ReviewPlan[]
    readonly store: RunStore
    readonly nowMs: number
  },
): Promise<ReviewRun> {
  const { actor, plans, store, nowMs } = given
  const plan = plans.find((one) => one.name === name)
  if (plan === undefined) {
    const known = plans.map((one) => one.name).join(', ')
    throw new GatehouseError(
      'not_found',
      `There is no plan ${JSON.stringify(name.slice(0, 80))}; there is ${known || 'none'}`,
    )
  }
  const period = periodAsked(plan, asked, nowMs)
  if ((await store.get(runIdOf(plan, period))) !== null)
    throw new GatehouseError('conflict', `There is a review of this period already: ${runIdOf(plan, period)}`)
  const run = newRun({ plan, period, scheduledAtMs: nowMs, nowMs, openedBy: actor })
  await store.put(run, { told: [openedTold(run)], actor })
  return run
}

function signedTold(
  { id, plan, signOff }: ReviewRun & { readonly signOff: NonNullable<ReviewRun['signOff']> },
  results: ReviewResults | null,
): Told {
  const { access, audit } = results?.pins ?? {}
  return {
    kind: 'review.signed',
    details: {
      run: id,
      plan: plan.name,
      name: signOff.name,
      manifest: signOff.manifestDigest,
      accessFrom: access?.from ?? 0,
      accessTo: access?.to ?? 0,
      accessRoot: access?.root ?? '',
      auditFrom: audit?.from ?? 0,
      auditTo: audit?.to ?? 0,
      auditRoot: audit?.root ?? '',
      items: results?.items.length ?? 0,
      limitations: signOff.limitations,
    },
  }
}
