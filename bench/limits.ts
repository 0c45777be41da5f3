/**
 * Suite `limits`: what one decision costs, exact over all threads, beside the in-process limiter that is used most.
 *
 * CPU time of the deciding threads per decision, rounds in turn, medians. Keys are drawn evenly over all of them: with a
 * million keys nearly every decision misses every cache. The clock is moved by hand, so that reading it is in no figure and
 * everything is admitted, which costs more than refusing.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { type LimitPolicy, type Principal } from '../src/core/mod.ts'
import {
  compileLimits,
  type CounterShared,
  type CounterStore,
  createCounters,
  createLimiter,
  openCounterTable,
} from '../src/gate/limits/mod.ts'
import { barOf, type BenchBar, type BenchOptions, type BenchResult, type BenchRow, median } from './harness.ts'

/** Takes of one claim each, over so many keys. */
export interface TakePlan {
  readonly firstKey: number
  readonly keys: number
  readonly takes: number
  /** Differs between threads that draw at once. */
  readonly draw: number
  /** The time of the first take, and how much later each next one is. */
  readonly startMs: number
  readonly stepMs: number
  /** Each key once, to fill the table, instead of drawing. */
  readonly inTurn: boolean
}

/** What some decisions cost together. */
export interface Cost {
  readonly decisions: number
  /** Of the threads that decided. */
  readonly cpuUs: number
  readonly wallUs: number
}

/** One line of the table; measured once per round. */
interface Subject {
  readonly product: string
  readonly does: string
  /** Not needed for a bar. */
  readonly beside: boolean
  measure(): Cost | Promise<Cost>
}

const keysMax = 1_000_000
const manyKeys = 10_000
/** In the small cells, and above what the clock lets pass in a window. */
const policy: LimitPolicy = { name: 'bench', per: 'consumer', limit: 65_000, windowMs: 60_000 }
const roundsMin = 5

/** Takes about a minute, a fourth of that when quick. */
export async function run(options: Partial<BenchOptions> = {}): Promise<BenchResult> {
  const { quick = false, say = () => undefined } = options
  const [rounds, takes] = quick ? [roundsMin, 300_000] : [9, 1_000_000]
  const shared = createCounters({ keysMax, threadsMax: 2 })
  const store = openCounterTable(shared, 0)
  await using other = await startOther(shared)
  const plans = plansOf(takes)
  takeMany(store, { ...plans.million(), takes: keysMax, inTurn: true }) // every key is there
  const subjects = [...oursOf(store, plans), ...twoThreadsOf(store, other, plans), ...besideOf(store, takes)].filter(
    ({ beside }) => !quick || !beside,
  )
  const costs = new Map(subjects.map((subject): [Subject, Cost[]] => [subject, []]))
  // The first round is thrown away: code is not compiled yet, and a million keys are not yet there.
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const [subject, measured] of costs) {
      const cost = await subject.measure()
      if (round > 0) measured.push(cost)
    }
  }
  return { rows: [...costs].map(([subject, measured]) => rowOf(subject, measured)), bars: barsOf(costs, shared) }
}

/** Takes, and measures what it cost this thread. */
export function takeMany(store: CounterStore, plan: TakePlan): Cost {
  const { firstKey, keys, takes, draw, startMs, stepMs, inTurn } = plan
  const { limit, windowMs } = policy
  const key = { a: 0, b: 0, c: 0, d: 0 }
  const claims = [{ key, coarserKey: null, limit, windowMs }]
  let admitted = 0
  const cost = costOf(takes, () => {
    for (let i = 0; i < takes; i++) {
      const number = firstKey + (inTurn ? i : stirred(i + draw) % keys)
      key.a = stirred(number) | 0 // signed, as the words of a hash are
      key.b = stirred(number ^ 0x5bd1e995) | 0
      key.c = number
      if (store.take(claims, startMs + i * stepMs)[0]?.admitted === true) admitted++
    }
  })
  if (admitted < takes * 0.99) throw new Error(`Only ${admitted} of ${takes} were admitted: refusals were measured`)
  return cost
}

function costOf(decisions: number, decide: () => void): Cost {
  const wall = performance.now()
  const cpu = process.threadCpuUsage()
  decide()
  const { user, system } = process.threadCpuUsage(cpu)
  return { decisions, cpuUs: user + system, wallUs: (performance.now() - wall) * 1000 }
}

/** What to take next: each goes on where it was before. */
interface Plans {
  readonly hot: () => TakePlan
  readonly sixteen: () => TakePlan
  readonly many: () => TakePlan
  readonly million: () => TakePlan
}

/** A thousand takes a second on a few keys, a million a second on many, which so never expire. */
function plansOf(takes: number): Plans {
  const million = series({ firstKey: 0, keys: keysMax, takes, stepMs: 0.001 })
  return {
    hot: series({ firstKey: keysMax, keys: 1, takes, stepMs: 1 }),
    sixteen: series({ firstKey: keysMax + 1, keys: 16, takes, stepMs: 1 }),
    many: () => ({ ...million(), keys: manyKeys }),
    million,
  }
}

function series(plan: Pick<TakePlan, 'firstKey' | 'keys' | 'takes' | 'stepMs'>): () => TakePlan {
  let taken = 0
  return () => {
    const next = { ...plan, draw: taken, startMs: 1_000_000 + taken * plan.stepMs, inTurn: false }
    taken += plan.takes
    return next
  }
}

function oursOf(store: CounterStore, plans: Plans): readonly Subject[] {
  const subject = (does: string, plan: () => TakePlan, beside: boolean): Subject => ({
    product: 'gatehouse',
    does,
    beside,
    measure: () => takeMany(store, plan()),
  })
  return [
    subject(hot, plans.hot, false),
    subject('one claim, 10,000 keys', plans.many, true),
    subject(million, plans.million, false),
  ]
}

const hot = 'one claim, one key'
const million = 'one claim, 1,000,000 keys'

/** Both threads begin within the time of a message, a thousandth of what they then take. */
function twoThreadsOf(store: CounterStore, other: Other, plans: Plans): readonly Subject[] {
  const subject = (does: string, plan: () => TakePlan): Subject => ({
    product: 'gatehouse, 2 threads',
    does,
    beside: true,
    measure: async () => {
      const mine = plan()
      const theirs = other.take({ ...mine, draw: mine.draw + 500_000_000 })
      const costs = [takeMany(store, mine), await theirs]
      return {
        decisions: sumOf(costs, (cost) => cost.decisions),
        cpuUs: sumOf(costs, (cost) => cost.cpuUs),
        wallUs: Math.max(...costs.map((cost) => cost.wallUs)),
      }
    },
  })
  return [subject('one claim, 16 keys', plans.sixteen), subject(million, plans.million)]
}

function besideOf(store: CounterStore, takes: number): readonly Subject[] {
  const limiter = createLimiter({ store, seed: 1, rateLimitHeaders: true })
  const limits = compileLimits([policy, { ...policy, name: 'day', windowMs: 86_400_000, limit: 4e9 }])
  const principals = Array.from({ length: manyKeys }, (_, i) => principalOf(`consumer-${i}`))
  let nowMs = 1_000_000
  const decide = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const principal = principals[stirred(i) % manyKeys]
      if (principal !== undefined) limiter.take(limits, principal, '192.0.2.1', (nowMs += 0.01))
    }
  }
  return [
    {
      product: 'gatehouse',
      does: 'two limits, 10,000 keys, with readings and header fields',
      beside: true,
      measure: () => costOf(takes / 2, () => decide(takes / 2)),
    },
    {
      product: 'rate-limiter-flexible',
      does: 'fixed window, one key',
      beside: true,
      measure: () => peer(takes / 2, 1),
    },
    {
      product: 'rate-limiter-flexible',
      does: 'fixed window, 10,000 keys',
      beside: true,
      measure: () => peer(takes / 2, manyKeys),
    },
  ]
}

const peerLimiter = new RateLimiterMemory({ points: 1e9, duration: 60 })

async function peer(takes: number, keys: number): Promise<Cost> {
  const names = Array.from({ length: keys }, (_, i) => `consumer-${i}`)
  const wall = performance.now()
  const cpu = process.threadCpuUsage()
  for (let i = 0; i < takes; i++) await peerLimiter.consume(names[stirred(i) % keys] ?? '')
  const { user, system } = process.threadCpuUsage(cpu)
  return { decisions: takes, cpuUs: user + system, wallUs: (performance.now() - wall) * 1000 }
}

function principalOf(consumerId: string): Principal {
  return {
    kind: 'consumer',
    consumerId,
    consumerName: consumerId,
    credentialId: consumerId,
    via: 'api-key',
    environment: 'live',
    scopes: new Set(),
    roles: [],
    deprecation: null,
  }
}

/** The second thread. */
interface Other extends AsyncDisposable {
  take(plan: TakePlan): Promise<Cost>
}

async function startOther(shared: CounterShared): Promise<Other> {
  const worker = new Worker(new URL('limits-thread.ts', import.meta.url), { workerData: { shared } })
  await once(worker, 'message')
  return {
    take: async (plan) => {
      worker.postMessage(plan, [])
      const [cost] = (await once(worker, 'message')) as [Cost]
      return cost
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

function rowOf({ product, does }: Subject, costs: readonly Cost[]): BenchRow {
  const cpuNs = costs.map((cost) => cpuUsOf(cost) * 1000)
  return {
    product,
    does,
    cpuNsPerDecision: Math.round(median(cpuNs) ?? 0),
    cpuNsMin: Math.round(Math.min(...cpuNs)),
    cpuNsMax: Math.round(Math.max(...cpuNs)),
    perSecond: Math.round(median(costs.map(({ decisions, wallUs }) => (decisions / wallUs) * 1e6)) ?? 0),
    rounds: costs.length,
  }
}

function barsOf(costs: ReadonlyMap<Subject, readonly Cost[]>, shared: CounterShared): readonly BenchBar[] {
  const cpuOf = (does: string): number | null => {
    const found = [...costs].find(([subject]) => subject.product === 'gatehouse' && subject.does === does)
    return median((found?.[1] ?? []).map(cpuUsOf))
  }
  const bar = { unit: 'µs CPU', better: 'lower' } as const
  return [
    barOf({ ...bar, name: 'one decision, one key', value: cpuOf(hot), goal: 0.15 }),
    barOf({ ...bar, name: 'one decision, 1,000,000 keys', value: cpuOf(million), goal: 0.6 }),
    barOf({
      name: 'memory per key',
      value: shared.memory.byteLength / keysMax,
      unit: 'bytes',
      goal: 160,
      better: 'lower',
    }),
  ]
}

function cpuUsOf({ cpuUs, decisions }: Cost): number {
  return cpuUs / decisions
}

function sumOf(costs: readonly Cost[], of: (cost: Cost) => number): number {
  return costs.reduce((sum, cost) => sum + of(cost), 0)
}

/** Spreads a number over 32 bits, bijectively. */
function stirred(number: number): number {
  let word = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
