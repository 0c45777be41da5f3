import { messageOf } from '../../core/mod.ts'
import { minutesText, openDue, openedTold } from './agenda.ts'
import { collect, type CollectParts } from './collect.ts'
import type { ReviewPlan } from './plan.ts'
import { resultsDigestOf, type RunStore } from './run-store.ts'
import type { ReviewRun, RunSummary } from './run.ts'
import type { SeenBefore } from './trust.ts'

/** Whoever is told that a review is overdue. */
export type OnOverdue = (run: Pick<RunSummary, 'id' | 'plan' | 'period' | 'dueAtMs'>) => void

export interface WorkParts extends CollectParts {
  readonly plans: readonly ReviewPlan[]
  readonly store: RunStore
  readonly inTurn: InTurn
  /** Called once for each run that is overdue, after the audit log was told. @default nobody */
  readonly onOverdue?: OnOverdue
  /** Told what went wrong without failing a call. @default nobody */
  readonly onProblem?: (text: string) => void
}

/** Runs among which the one before is looked for. */
const listMax = 200

/** What goes on without being asked for. */
export interface Work {
  readonly tick: () => Promise<void>
  /** After whatever reads the ledger now: one reader at a time. */
  alone(job: () => Promise<unknown>): Promise<void>
  idle(): Promise<void>
}

/** One job after the other, in the order of calls. */
export type InTurn = <T>(job: () => Promise<T>) => Promise<T>

/** Opens, collects and tells: one reading of the ledger at a time. */
export function openWork(parts: WorkParts): Work {
  const { clock, plans, store, inTurn, onProblem = (): void => {} } = parts
  const reading = openTurns()
  let ticking: Promise<void> | null = null
  let isWanted = false
  const once = async (): Promise<void> => {
    isWanted = false
    for (const plan of plans) await inTurn(async () => await openDue(plan, store, clock.wallMs()))
    for (const run of await store.pending()) {
      if (parts.signal?.aborted === true) return
      if (run.state === 'collecting') await reading(async () => await collectInto(run, parts))
    }
    for (const { id } of await store.pending()) await inTurn(async () => await tellOverdue(id, parts))
    await inTurn(async () => await store.trim())
  }
  const untilNobodyAsks = async (): Promise<void> => {
    await once().catch((error: unknown) => onProblem(messageOf(error)))
    if (isWanted && parts.signal?.aborted !== true) await untilNobodyAsks()
  }
  return {
    tick: async () => {
      isWanted = true
      ticking ??= untilNobodyAsks().finally(() => (ticking = null))
      await ticking
    },
    alone: async (job) => {
      await reading(job).catch((error: unknown) => onProblem(messageOf(error)))
    },
    idle: async () => {
      await ticking
      await reading(async () => {})
    },
  }
}

async function collectInto(run: ReviewRun, parts: WorkParts): Promise<void> {
  const { store, inTurn, clock, onProblem = (): void => {} } = parts
  const lateMs = clock.wallMs() - run.openedAtMs
  const lateReason =
    run.lateReason === '' && lateMs > lateMsMin
      ? `Collected ${minutesText(lateMs)} late: ${run.waiting}`
      : run.lateReason
  try {
    const results = await collect({ ...run, lateReason }, { ...parts, seenBefore: await lastSeen(run, store) })
    const ready = { ...run, lateReason, state: 'ready' as const, waiting: '', resultsDigest: resultsDigestOf(results) }
    await inTurn(async () => await store.put(ready, { results }))
  } catch (error) {
    if (parts.signal?.aborted === true) return
    const waiting = messageOf(error)
    if (waiting !== run.waiting) onProblem(`The review ${run.id} waits: ${waiting}`)
    const isOver = clock.wallMs() >= run.dueAtMs
    const kept: ReviewRun = { ...run, waiting, state: isOver ? 'missed' : 'collecting' }
    if (isOver || waiting !== run.waiting)
      await inTurn(async () => await store.put(kept, isOver ? { told: [openedTold(kept)] } : {}))
  }
}

/** A run whose results come later than this after its opening is late. */
const lateMsMin = 10 * 60_000

/** What the newest collected run before this one saw. */
async function lastSeen(run: ReviewRun, store: RunStore): Promise<SeenBefore | null> {
  const earlier = (await store.list(listMax)).find(({ id, resultsDigest }) => id !== run.id && resultsDigest !== '')
  const results = earlier === undefined ? null : await store.results(earlier.id)
  if (results === null) return null
  const { access, audit } = results.pins
  return {
    run: results.run,
    access: { size: access.checkpointSize, root: access.checkpointRoot },
    audit: { size: audit.checkpointSize, root: audit.checkpointRoot },
  }
}

async function tellOverdue(id: string, { store, clock, onOverdue }: WorkParts): Promise<void> {
  const run = await store.get(id)
  const nowMs = clock.wallMs()
  if (run === null || run.state === 'signed' || run.overdueAtMs !== null) return
  if (run.state !== 'missed' && run.dueAtMs > nowMs) return
  const { plan, period, dueAtMs, state, waiting } = run
  const why = waiting === '' ? {} : { why: waiting }
  const details = { run: id, plan: plan.name, due: new Date(dueAtMs).toISOString(), state, ...why }
  await store.put({ ...run, overdueAtMs: nowMs }, { told: [{ kind: 'review.overdue', details }] })
  onOverdue?.({ id, plan: plan.name, period, dueAtMs })
}

/** A queue of jobs, of which one that fails does not hold up the next. */
export function openTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return async (job) => {
    const turn = last.then(job)
    last = turn.catch(() => {})
    return await turn
  }
}
