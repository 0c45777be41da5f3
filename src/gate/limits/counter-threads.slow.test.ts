import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { holderOf } from './counter-lock.ts'
import {
  createCounters,
  firstCellOf,
  heldWords,
  memoryOf,
  ringCells,
  type SlotTable,
  slotLock,
} from './counter-memory.ts'
import { counterStats } from './counter-stats.ts'
import { findSlot } from './counter-search.ts'
import type { Claim, CounterKey } from './counter-store.ts'
import { type CounterShared, openCounterTable, repairCounters } from './mod.ts'
import type { HammerOrder, HammerReport, HammerSetup } from './test/hammer.ts'
import type { HolderSetup } from './test/holder.ts'

const startMs = 86_400_123
const windowMs = 1000

function keyOf(number: number): CounterKey {
  return { a: number, b: Math.imul(number + 1, 0x9e3779b1), c: number, d: 7 }
}

function claimOf(number: number, limit: number): Claim {
  return { key: keyOf(number), coarserKey: null, limit, windowMs }
}

/** A hammering thread; ends with the test at the latest. */
interface Hammer extends AsyncDisposable {
  order(order: HammerOrder): Promise<HammerReport>
  terminate(): Promise<unknown>
}

async function startHammer(shared: CounterShared, thread: number): Promise<Hammer> {
  const workerData: HammerSetup = { shared, thread }
  const worker = new Worker(new URL('test/hammer.ts', import.meta.url), { workerData })
  await once(worker, 'message')
  return {
    order: async (order) => {
      worker.postMessage(order, [])
      const [report] = (await once(worker, 'message')) as [HammerReport]
      return report
    },
    terminate: () => worker.terminate(),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

/** Starts a thread that stops where it is told, and ends it there. */
async function dieHolding(setup: HolderSetup): Promise<void> {
  const worker = new Worker(new URL('test/holder.ts', import.meta.url), { workerData: setup })
  await once(worker, 'message')
  await worker.terminate()
}

/** A limit of nothing looks without taking. */
function usedOf(shared: CounterShared, thread: number, { number, nowMs }: { number: number; nowMs: number }): number {
  return openCounterTable(shared, thread).take([claimOf(number, 0)], nowMs)[0]?.used ?? -1
}

function admittedIn(reports: readonly HammerReport[], indexes: readonly number[]): number {
  let admitted = 0
  for (const report of reports) for (const index of indexes) admitted += report[index]?.admitted ?? 0
  return admitted
}

test('take() by several threads at once admits exactly as many as one thread would', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 4 })
  await using first = await startHammer(shared, 1)
  await using second = await startHammer(shared, 2)
  await using third = await startHammer(shared, 3)
  const hammers = [first, second, third]
  const [hot, plain] = [1, 2]
  const requests = [[claimOf(hot, 5000)], [claimOf(plain, 60_000)]]
  // Full, still full at the end of the window, empty, and in two halves of which one leaves before the other.
  const moments = [
    { atMs: 0, rounds: 3000, hotNew: 5000, plainUsed: 9000 },
    { atMs: 999, rounds: 500, hotNew: 0, plainUsed: 10_500 },
    { atMs: 1050, rounds: 800, hotNew: 2400, plainUsed: 3900 },
    { atMs: 1500, rounds: 1000, hotNew: 2600, plainUsed: 6900 },
    { atMs: 2100, rounds: 1000, hotNew: 2400, plainUsed: 6000 },
  ]
  for (const { atMs, rounds, hotNew, plainUsed } of moments) {
    const nowMs = startMs - (startMs % 50) + atMs
    const reports = await Promise.all(hammers.map((hammer) => hammer.order({ kind: 'turns', requests, rounds, nowMs })))
    assert.equal(admittedIn(reports, [0]), hotNew, `at ${atMs} ms`)
    assert.equal(admittedIn(reports, [1]), 3 * rounds, `at ${atMs} ms`)
    assert.equal(usedOf(shared, 0, { number: plain, nowMs }), plainUsed, `at ${atMs} ms`)
  }
})

test('take() of several limits by several threads neither hangs nor loses a count, in whatever order they are named', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 3 })
  await using first = await startHammer(shared, 1)
  await using second = await startHammer(shared, 2)
  const [a, b, c] = [claimOf(1, 9000), claimOf(2, 7000), claimOf(3, 50_000)]
  const requests = [[a], [a, b], [b, a], [c, a, b], [c], [b, c]]
  const reports = await Promise.all(
    [first, second].map((hammer) => hammer.order({ kind: 'turns', requests, rounds: 15_000, nowMs: startMs })),
  )
  const used = [1, 2, 3].map((number) => usedOf(shared, 0, { number, nowMs: startMs }))
  assert.deepEqual(used, [
    admittedIn(reports, [0, 1, 2, 3]),
    admittedIn(reports, [1, 2, 3, 5]),
    admittedIn(reports, [3, 4, 5]),
  ])
  assert.equal(used[0], 9000)
  assert.equal(used[1], 7000)
})

test('take() by threads that insert the same new keys gives each key one slot', async () => {
  const shared = createCounters({ keysMax: 3000, threadsMax: 3 })
  await using first = await startHammer(shared, 1)
  await using second = await startHammer(shared, 2)
  const requests = Array.from({ length: 3000 }, (_, number) => [claimOf(number, 5)])
  const order: HammerOrder = { kind: 'turns', requests, rounds: 4, nowMs: startMs }
  const reports = await Promise.all([first.order(order), second.order(order)])
  for (const [number] of requests.entries()) {
    assert.equal(admittedIn(reports, [number]), 5)
    assert.equal(usedOf(shared, 0, { number, nowMs: startMs }), 5)
  }
})

test('take() by threads whose time goes on, in a table too small, admits never more than the limit in any trailing window', async () => {
  const shared = createCounters({ keysMax: 4, threadsMax: 3 })
  await using first = await startHammer(shared, 0)
  await using second = await startHammer(shared, 1)
  await using third = await startHammer(shared, 2)
  const clock = new Int32Array(new SharedArrayBuffer(4))
  clock[0] = 1_000_000
  const endMs = clock[0] + 20 * windowMs
  const limits = Array.from({ length: 60 }, (_, number) => (number < 2 ? 40 : 3))
  // The second key is also taken together with the first; there are more keys than slots, and they come and go.
  const requests = limits.map((limit, number) => [claimOf(number, limit), ...(number === 1 ? [claimOf(0, 40)] : [])])
  const run = { kind: 'run', requests, clock, endMs } as const
  const reports = await Promise.all([
    first.order({ ...run, drivesAfter: 8 }),
    second.order({ ...run, drivesAfter: null }),
    third.order({ ...run, drivesAfter: null }),
  ])
  for (const [number, limit] of limits.entries()) {
    const indexes = number === 0 ? [0, 1] : [number]
    const spans = reports.flatMap((report) => indexes.flatMap((index) => pairs(report[index]?.spans ?? [])))
    assert.ok(mostWithin(spans) <= limit, `${mostWithin(spans)} of ${limit} admitted in one window`)
    if (number === 0) assert.ok(spans.length >= 10 * limit, `only ${spans.length} admitted in twenty windows`)
  }
  assert.ok(counterStats(shared).full > 0)
})

test('take() locks slots in the order in which they lie, not in which they are named', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  await using hammer = await startHammer(shared, 1)
  openCounterTable(shared, 0).take([claimOf(1, 9), claimOf(2, 9)], startMs)
  const [front = 0, back = 0] = [slotOf(shared, 1), slotOf(shared, 2)].toSorted((one, other) => one - other)
  const { words } = memoryOf(shared)
  for (const requests of [[[claimOf(1, 9), claimOf(2, 9)]], [[claimOf(2, 9), claimOf(1, 9)]]]) {
    words[front + slotLock] = nobody
    const report = hammer.order({ kind: 'turns', requests, rounds: 1, nowMs: startMs })
    await untilWaiting(shared, 1, front + slotLock)
    assert.equal(words[back + slotLock], 0)
    Atomics.store(words, front + slotLock, 0)
    assert.equal((await report)[0]?.admitted, 1)
    words.fill(0, heldRow(shared, 1), heldRow(shared, 1) + heldWords)
  }
})

test('take() looks for its key again when the slot became another one’s while it waited', async () => {
  for (const beside of [[], [claimOf(2, 9)]]) {
    const shared = createCounters({ keysMax: 100, threadsMax: 2 })
    await using hammer = await startHammer(shared, 1)
    const store = openCounterTable(shared, 0)
    store.take([claimOf(1, 9)], startMs)
    const slot = slotOf(shared, 1)
    const { words } = memoryOf(shared)
    words[slot + slotLock] = nobody
    const requests = [[claimOf(1, 9), ...beside]]
    const report = hammer.order({ kind: 'turns', requests, rounds: 1, nowMs: startMs })
    await untilWaiting(shared, 1, slot + slotLock)
    words[slot + 3] = otherPolicy.key.d
    Atomics.store(words, slot + slotLock, 0)
    assert.equal((await report)[0]?.admitted, 1)
    assert.notEqual(slotOf(shared, 1), slot)
    assert.equal(usedOf(shared, 0, { number: 1, nowMs: startMs }), 1)
    assert.equal(store.take([otherPolicy], startMs)[0]?.used, 2)
  }
})

test('take() gives a new key another slot when the one it chose was filled while it waited', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  await using hammer = await startHammer(shared, 1)
  const slot = countOnce(shared)
  const { words } = memoryOf(shared)
  const fill = emptySlot(shared, slot)
  words[slot + slotLock] = nobody
  const report = hammer.order({ kind: 'turns', requests: [[otherPolicy]], rounds: 1, nowMs: startMs })
  await untilWaiting(shared, 1, slot + slotLock)
  fill()
  Atomics.store(words, slot + slotLock, 0)
  assert.equal((await report)[0]?.admitted, 1)
  assert.equal(usedOf(shared, 0, { number: 1, nowMs: startMs }), 1)
  assert.equal(openCounterTable(shared, 0).take([otherPolicy], startMs)[0]?.used, 2)
})

test('take() counts a new key where another thread has inserted it meanwhile', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  await using hammer = await startHammer(shared, 1)
  const slot = countOnce(shared)
  const { words, stripes } = memoryOf(shared)
  const fill = emptySlot(shared, slot)
  const stripe = stripes + keyOf(1).c
  words[stripe] = nobody
  const report = hammer.order({ kind: 'turns', requests: [[claimOf(1, 9)]], rounds: 1, nowMs: startMs })
  await untilWaiting(shared, 1, stripe)
  fill()
  Atomics.store(words, stripe, 0)
  assert.equal((await report)[0]?.admitted, 1)
  assert.equal(usedOf(shared, 0, { number: 1, nowMs: startMs }), 2)
})

/** Differs from the first key only in its last word, so that both have the same home. */
const otherPolicy: Claim = { ...claimOf(1, 9), key: { ...keyOf(1), d: 8 } }

/** Counts the first key once; returns its slot. */
function countOnce(shared: CounterShared): number {
  openCounterTable(shared, 0).take([claimOf(1, 9)], startMs)
  return slotOf(shared, 1)
}

/** Makes a slot as if it had never been used; what is returned fills it again, all but its lock. */
function emptySlot(shared: CounterShared, slot: number): () => void {
  const { words, small } = memoryOf(shared)
  const filled = words.slice(slot, slot + small.slotWords)
  words.fill(0, slot, slot + small.slotWords)
  return () => {
    for (const [word, value] of filled.entries()) if (word !== slotLock) words[slot + word] = value
  }
}

/** Stands in a lock as a thread that does not exist. */
const nobody = 99

function heldRow(shared: CounterShared, thread: number): number {
  return holderOf(memoryOf(shared), thread).row
}

/** Waits until the thread has named the lock, which somebody else holds. */
async function untilWaiting(shared: CounterShared, thread: number, lock: number): Promise<void> {
  const { words } = memoryOf(shared)
  const row = heldRow(shared, thread)
  while (!words.subarray(row, row + heldWords).includes(lock)) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** When a take happened: not before, not after. */
type Span = readonly [number, number]

function pairs(times: readonly number[]): Span[] {
  return times.flatMap((time, i): Span[] => (i % 2 === 0 ? [[time, times[i + 1] ?? time]] : []))
}

/** The most that certainly lie in one trailing window. */
function mostWithin(spans: readonly Span[]): number {
  let most = 0
  for (const [, end] of spans) {
    most = Math.max(most, spans.filter(([before, after]) => before > end - windowMs && after <= end).length)
  }
  return most
}

function slotOf(shared: CounterShared, number: number): number {
  const slot = findSlot(memoryOf(shared).small, keyOf(number))
  assert.ok(slot !== null)
  return slot
}

test('repairCounters() gives back all slots of a thread that died while it counted, with what their cells say', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 3 })
  const store = openCounterTable(shared, 0)
  for (const number of [1, 2, 3]) store.take([claimOf(number, 9)], startMs)
  const slots = [1, 2, 3].map((number) => slotOf(shared, number)).toSorted((one, other) => one - other)
  await dieHolding({ shared, thread: 1, slots, where: 'counted' })
  await using waiting = await startHammer(shared, 2)
  const turns = waiting.order({ kind: 'turns', requests: [[claimOf(2, 9)]], rounds: 1, nowMs: startMs })
  repairCounters(shared, 1)
  assert.equal((await turns)[0]?.admitted, 1, 'who waited for the lock goes on')
  assert.deepEqual(
    [1, 2, 3].map((number) => usedOf(shared, 0, { number, nowMs: startMs })),
    [2, 3, 2],
  )
})

test('repairCounters() leaves no key where a thread died while it gave the slot away', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  const store = openCounterTable(shared, 0)
  for (let i = 0; i < 4; i++) store.take([claimOf(1, 9)], startMs)
  await dieHolding({ shared, thread: 1, slots: [slotOf(shared, 1)], where: 'keyless' })
  repairCounters(shared, 1)
  assert.equal(store.take([claimOf(1, 9)], startMs + 5000)[0]?.used, 1)
})

test('repairCounters() gives back the stripe of a thread that died while it inserted', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  await dieHolding({ shared, thread: 1, slots: [], where: { stripe: keyOf(1).c } })
  repairCounters(shared, 1)
  repairCounters(shared, 1)
  assert.equal(openCounterTable(shared, 0).take([claimOf(1, 9)], startMs)[0]?.used, 1)
})

test('repairCounters() leaves alone what another thread has locked since', () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 3 })
  openCounterTable(shared, 1).take([claimOf(1, 9)], startMs)
  const { words } = memoryOf(shared)
  const lock = slotOf(shared, 1) + slotLock
  words[lock] = 3
  repairCounters(shared, 1)
  assert.equal(words[lock], 3)
})

test('take() gives up on a lock that nobody gives back, and keeps none itself', async () => {
  const shared = createCounters({ keysMax: 100, threadsMax: 2 })
  const store = openCounterTable(shared, 0)
  store.take([claimOf(1, 9), claimOf(2, 9)], startMs)
  const last = Math.max(slotOf(shared, 1), slotOf(shared, 2))
  await dieHolding({ shared, thread: 1, slots: [last], where: 'counted' })
  assert.throws(() => store.take([claimOf(1, 9), claimOf(2, 9)], startMs), { code: 'thread_failed' })
  const free = last === slotOf(shared, 1) ? 2 : 1
  assert.equal(store.take([claimOf(free, 9)], startMs)[0]?.used, 2)
})

test('repairCounters() after any kill lets the others go on, with every total right', async (t) => {
  const kills = 8
  const shared = createCounters({ keysMax: 4000, threadsMax: 2 })
  const { small, words } = memoryOf(shared)
  const store = openCounterTable(shared, 0)
  const clock = new Int32Array(new SharedArrayBuffer(4))
  clock[0] = 1_000_000
  // A key's turn comes so seldom that it has expired: the thread also dies while it inserts.
  const requests = Array.from({ length: 6000 }, (_, i) => [claimOf(i, 9), claimOf((i + 1) % 6000, 9)])
  let held = 0
  for (let kill = 0; kill < kills; kill++) {
    const hammer = await startHammer(shared, 1)
    // Its report is not awaited: it is killed on its way.
    void hammer.order({ kind: 'run', requests, clock, endMs: 2 ** 31 - 1, drivesAfter: 1 })
    await untilPast(clock, Atomics.load(clock, 0) + 2000)
    await hammer.terminate()
    if (slotsOf(small).some((slot) => words[slot + slotLock] === 2)) held++
    repairCounters(shared, 1)
    for (const claims of requests) store.take(claims, Atomics.load(clock, 0))
    assert.deepEqual(
      slotsOf(small).filter((slot) => words[slot + slotLock] !== 0 || !isSumRight(small, firstCellOf(small, slot))),
      [],
    )
  }
  t.diagnostic(`${held} of ${kills} kills left a slot locked`)
})

function isSumRight({ cells }: SlotTable, first: number): boolean {
  let sum = 0
  for (let cell = first; cell < first + ringCells; cell++) sum += cells[cell] ?? 0
  return cells[first + ringCells] === sum
}

function slotsOf({ start, end, slotWords }: SlotTable): number[] {
  return Array.from({ length: (end - start) / slotWords }, (_, i) => start + i * slotWords)
}

/** Waits until another thread has moved the clock on. */
async function untilPast(clock: Int32Array, endMs: number): Promise<void> {
  while (Atomics.load(clock, 0) < endMs) await new Promise((resolve) => setImmediate(resolve))
}
