import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createCounters, limitMax, smallLimitMax } from './counter-memory.ts'
import { counterStats } from './counter-stats.ts'
import type { Claim, CounterKey, CounterStore, Taken } from './counter-store.ts'
import { openCounterTable } from './counter-table.ts'

/** Some uptime of a machine, so that time does not begin at zero. */
const startMs = 86_400_123

function open(keysMax = 100): CounterStore {
  return openCounterTable(createCounters({ keysMax, threadsMax: 1 }), 0)
}

/** `b` decides where in the table a key lives. */
function keyOf(number: number, b: number = Math.imul(number + 1, 0x9e3779b1)): CounterKey {
  return { a: number, b, c: -number, d: 7 }
}

function claimOf(key: CounterKey, limit: number, windowMs: number): Claim {
  return { key, coarserKey: null, limit, windowMs }
}

function takeOne(store: CounterStore, claim: Claim, nowMs: number): Taken {
  const [taken] = store.take([claim], nowMs)
  assert.ok(taken)
  return taken
}

/** Steps that an adversary would choose: around the edges of cells and windows. */
function stepsMs(windowMs: number): fc.Arbitrary<number> {
  const cell = windowMs / 20
  const edges = [0, 1, cell - 1, cell, cell + 1, windowMs - 1, windowMs, windowMs + 1, windowMs + cell, 2 * windowMs]
  return fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 30, arbitrary: fc.constantFrom(...edges.map((edge) => Math.max(0, Math.round(edge)))) },
    { weight: 10, arbitrary: fc.nat({ max: windowMs * 3 }) },
    // Far beyond the slot's expiry, and half a year in cells of a twentieth of a millisecond.
    { weight: 1, arbitrary: fc.constantFrom(windowMs * 50, 15e9) },
  )
}

const windows = fc.constantFrom(1, 7, 20, 999, 1000, 1234, 60_000)

/** Admitted at these times, and the exact truth about them. */
function countWithin(log: readonly number[], nowMs: number, reachMs: number): number {
  return log.filter((at) => nowMs - at < reachMs).length
}

test('take() admits never more than the limit in any trailing window, and refuses none that an exact log, a twentieth later, would not', () => {
  const runs = windows.chain((windowMs) =>
    fc.record({
      windowMs: fc.constant(windowMs),
      limit: fc.integer({ min: 1, max: 12 }),
      arrivals: fc.array(fc.record({ stepMs: stepsMs(windowMs), takes: fc.integer({ min: 1, max: 15 }) }), {
        minLength: 1,
        maxLength: 60,
      }),
    }),
  )
  fc.assert(
    fc.property(runs, ({ windowMs, limit, arrivals }) => {
      const store = open()
      const claim = claimOf(keyOf(1), limit, windowMs)
      const log: number[] = []
      let nowMs = startMs
      for (const { stepMs, takes } of arrivals) {
        nowMs += stepMs
        for (let i = 0; i < takes; i++) {
          const taken = takeOne(store, claim, nowMs)
          if (taken.admitted) log.push(nowMs)
          assert.ok(countWithin(log, nowMs, windowMs) <= limit, 'more than the limit in a trailing window')
          const late = countWithin(log, nowMs, windowMs * 1.05)
          if (!taken.admitted) assert.ok(late >= limit, 'refused although an exact log has room')
          assert.ok(taken.used >= countWithin(log, nowMs, windowMs) && taken.used <= late)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('take() counts in all limits or in none', () => {
  const policies = [
    { limit: 3, windowMs: 1000 },
    { limit: 5, windowMs: 2500 },
    { limit: 70_000, windowMs: 1000 }, // in the other table
    { limit: 4, windowMs: 60_000 },
  ]
  const request = fc.record({
    stepMs: stepsMs(1000),
    chosen: fc.uniqueArray(fc.nat({ max: policies.length - 1 }), { maxLength: policies.length }),
    key: fc.nat({ max: 2 }),
  })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 120 }), (requests) => {
      const store = open()
      const logs = new Map<string, number[]>()
      let nowMs = startMs
      for (const { stepMs, chosen, key } of requests) {
        nowMs += stepMs
        const parts = chosen.map((index) => {
          const { limit, windowMs } = policies[index] ?? { limit: 0, windowMs: 0 }
          const id = `${index} ${key}`
          const log = logs.get(id) ?? []
          logs.set(id, log)
          return { log, limit, windowMs, claim: claimOf(keyOf(index * 10 + key), limit, windowMs) }
        })
        const taken = store.take(
          parts.map(({ claim }) => claim),
          nowMs,
        )
        const admitted = taken.every((one) => one.admitted)
        if (admitted) for (const { log } of parts) log.push(nowMs)
        for (const [i, { log, limit, windowMs }] of parts.entries()) {
          const one = taken[i]
          assert.ok(one)
          const exact = countWithin(log, nowMs, windowMs)
          assert.ok(exact <= limit)
          assert.ok(one.used >= exact && one.used <= countWithin(log, nowMs, windowMs * 1.05))
          if (!one.admitted) assert.ok(one.used >= limit)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('take() says the same of a claim alone as among others', () => {
  const steps = fc.array(fc.oneof(stepsMs(1000), fc.integer({ min: -100, max: 0 })), { maxLength: 80 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 6 }), (moves, limit) => {
      const [alone, among] = [open(), open()]
      const claim = claimOf(keyOf(1), limit, 1000)
      let nowMs = startMs
      for (const step of moves) {
        nowMs += step
        const [taken] = among.take([claim, claimOf(keyOf(2), 60_000, 1000)], nowMs)
        assert.deepEqual(taken, takeOne(alone, claim, nowMs))
      }
    }),
  )
})

test('take() says to the millisecond when used will fall, and when a refused claim would be admitted', () => {
  const runs = windows.chain((windowMs) =>
    fc.record({
      windowMs: fc.constant(windowMs),
      limit: fc.integer({ min: 1, max: 5 }),
      steps: fc.array(stepsMs(windowMs), { minLength: 1, maxLength: 30 }),
      refused: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(runs, ({ windowMs, limit, steps, refused }) => {
      const store = open()
      const claim = claimOf(keyOf(1), limit, windowMs)
      let nowMs = startMs
      let taken = takeOne(store, claim, nowMs)
      for (const step of steps) taken = takeOne(store, claim, (nowMs += step))
      for (let more = refused ? limit : 0; more > 0 && taken.admitted; more--) taken = takeOne(store, claim, nowMs)
      // A limit of nothing looks without taking.
      const look = claimOf(claim.key, 0, windowMs)
      const enough = taken.admitted ? taken.used - 1 : limit - 1
      assert.ok(takeOne(store, look, nowMs + taken.resetMs - 1).used > enough, 'fell before it was said to')
      assert.ok(takeOne(store, look, nowMs + taken.resetMs).used <= enough, 'did not fall when it was said to')
      if (!taken.admitted) assert.ok(takeOne(store, claim, nowMs + taken.resetMs).admitted)
    }),
    { numRuns: 300 },
  )
})

test('take() counts by the newest time it has seen when time goes back', () => {
  const windowMs = 1000
  const moves = fc.array(fc.oneof(stepsMs(windowMs), fc.integer({ min: -3 * windowMs, max: 0 })), { maxLength: 80 })
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 6 }), (steps, limit) => {
      const store = open()
      const claim = claimOf(keyOf(1), limit, windowMs)
      const log: number[] = []
      let newestMs = startMs
      takeOne(store, { ...claim, limit: 0 }, newestMs)
      for (const step of steps) {
        const nowMs = newestMs + step
        newestMs = Math.max(newestMs, nowMs)
        if (takeOne(store, claim, nowMs).admitted) log.push(newestMs)
        assert.ok(countWithin(log, newestMs, windowMs) <= limit)
      }
    }),
  )
})

test('take() rounds fractions of milliseconds down and stays exact', () => {
  const store = open()
  const claim = claimOf(keyOf(1), 1, 1000)
  assert.ok(takeOne(store, claim, startMs + 0.999).admitted)
  assert.ok(!takeOne(store, claim, startMs + 1000.998).admitted)
  assert.ok(takeOne(store, claim, startMs + 1050).admitted)
})

test('take() counts exactly up to the highest limit of 16-bit cells, and above it in 32-bit cells', () => {
  for (const limit of [smallLimitMax, smallLimitMax + 1, 70_000]) {
    const store = open()
    const claim = claimOf(keyOf(limit), limit, 60_000)
    let admitted = 0
    for (let i = 0; i < limit + 10; i++) if (takeOne(store, claim, startMs).admitted) admitted++
    assert.equal(admitted, limit)
    assert.deepEqual(
      { used: takeOne(store, claim, startMs).used, later: takeOne(store, claim, startMs + 63_000).used },
      { used: limit, later: 1 },
    )
  }
})

test('take() takes limits beyond 32 bits as the highest it can count', () => {
  const taken = takeOne(open(), claimOf(keyOf(1), limitMax * 8, 1000), startMs)
  assert.deepEqual([taken.admitted, taken.used], [true, 1])
})

test('take() admits nothing by a limit of nothing, and consumes nothing', () => {
  const store = open()
  const taken = takeOne(store, claimOf(keyOf(1), 0, 1000), startMs)
  assert.deepEqual([taken.admitted, taken.used], [false, 0])
  assert.ok(taken.resetMs >= 1000)
})

test('take() admits everything when there is nothing to take from', () => {
  assert.deepEqual(open().take([], startMs), [])
})

test('take() keeps the counts of a key whose limit was changed', () => {
  const store = open()
  for (let i = 0; i < 5; i++) takeOne(store, claimOf(keyOf(1), 5, 1000), startMs)
  assert.deepEqual([takeOne(store, claimOf(keyOf(1), 3, 1000), startMs).used], [5])
  assert.equal(takeOne(store, claimOf(keyOf(1), 6, 1000), startMs).used, 6)
})

test('take() tells keys apart that differ in any of their words, whatever they are', () => {
  const store = open()
  const word = [0, 1, 2, 3, -1]
  let keys = 0
  for (const a of word) {
    for (const d of word) {
      assert.equal(takeOne(store, claimOf({ a, b: keys << 20, c: 0, d }, 5, 1000), startMs).used, 1)
      keys++
    }
  }
  // The two values that mean something else in a slot share their place with two others, not their counts.
  const home = 12_345
  for (const a of [0, 2, 1, 3]) takeOne(store, claimOf({ a, b: home, c: a, d: 0 }, 5, 1000), startMs)
  assert.equal(takeOne(store, claimOf({ a: 0, b: home, c: 0, d: 0 }, 5, 1000), startMs).used, 2)
})

test('take() refuses to be asked for one key twice, or for more claims than a thread may hold', () => {
  const store = open()
  const claim = claimOf(keyOf(1), 5, 1000)
  assert.throws(() => store.take([claim, claim], startMs), { code: 'invalid_argument' })
  const many = Array.from({ length: 17 }, (_, i) => claimOf(keyOf(i), 5, 1000))
  assert.throws(() => store.take(many, startMs), { code: 'invalid_argument' })
  assert.equal(takeOne(store, claim, startMs).used, 1, 'nothing was counted, and no lock stayed')
})

test('openCounterTable() opens for known threads only', () => {
  const shared = createCounters({ keysMax: 1, threadsMax: 2 })
  for (const thread of [-1, 2, 0.5]) assert.throws(() => openCounterTable(shared, thread), { code: 'invalid_argument' })
})

/** A table of two homes: 32 keys whose second word is 0 fill the first home's whole neighbourhood. */
function fillFirstHome(store: CounterStore, windowMs: number): void {
  for (let i = 0; i < 32; i++) assert.ok(takeOne(store, claimOf(keyOf(100 + i, 0), 5, windowMs), startMs).admitted)
}

test('take() refuses what finds no room, counts it, and has room again when keys have expired', () => {
  const shared = createCounters({ keysMax: 1, threadsMax: 1 })
  const store = openCounterTable(shared, 0)
  fillFirstHome(store, 1000)
  const late = claimOf(keyOf(1, 0), 5, 1000)
  const other = claimOf(keyOf(2, -1), 5, 1000)
  const [refused, beside] = store.take([late, other], startMs)
  assert.deepEqual(refused, { admitted: false, used: 0, resetMs: 1000, coarser: false, full: true })
  assert.deepEqual([beside?.admitted, beside?.used], [true, 0], 'the other claim consumed nothing')
  assert.equal(counterStats(shared).full, 1)
  assert.ok(takeOne(store, late, startMs + 5000).admitted)
})

test('take() never gives an expired slot away while its counts are in a window', () => {
  const store = open(1)
  fillFirstHome(store, 1000)
  const late = claimOf(keyOf(1, 0), 5, 1000)
  assert.ok(takeOne(store, late, startMs + 1050).full)
  for (let i = 0; i < 32; i++) {
    assert.equal(takeOne(store, claimOf(keyOf(100 + i, 0), 5, 1000), startMs + 999).used, 2)
  }
})

test('take() counts by the coarser key where there is no room, and stays with it until it has nothing left to count', () => {
  const store = open(1)
  fillFirstHome(store, 1000)
  const coarserKey = keyOf(50, -1) // in the second home, which has one slot more
  const one = { ...claimOf(keyOf(1, 0), 3, 60_000), coarserKey }
  const two = { ...claimOf(keyOf(2, 0), 3, 60_000), coarserKey }
  const shown = (claim: Claim, nowMs: number): unknown => {
    const { admitted, used, coarser } = takeOne(store, claim, nowMs)
    return { admitted, used, coarser }
  }
  assert.deepEqual(shown(one, startMs), { admitted: true, used: 1, coarser: true })
  assert.deepEqual(shown(two, startMs), { admitted: true, used: 2, coarser: true })
  // Now the filling keys have expired, but a slot of its own would forget what was counted for it.
  assert.deepEqual(shown(one, startMs + 10_000), { admitted: true, used: 3, coarser: true })
  assert.deepEqual(shown(two, startMs + 10_000), { admitted: false, used: 3, coarser: true })
  assert.deepEqual(shown(two, startMs + 80_000), { admitted: true, used: 1, coarser: false })
  assert.deepEqual(shown(one, startMs + 80_000), { admitted: true, used: 1, coarser: false })
})

test('take() is never driven above a limit by keys that come and go in a table too small for them', () => {
  const windowMs = 2000
  const limit = 3
  const request = fc.record({ stepMs: fc.constantFrom(0, 0, 0, 1, 50, 700, 2100, 9000), key: fc.nat({ max: 79 }) })
  fc.assert(
    fc.property(fc.array(request, { minLength: 100, maxLength: 400 }), (requests) => {
      const store = open(1)
      const logs = new Map<number, number[]>()
      let nowMs = startMs
      for (const { stepMs, key } of requests) {
        nowMs += stepMs
        const claim = { ...claimOf(keyOf(key, key << 26), limit, windowMs), coarserKey: keyOf(1000 + (key % 3), -1) }
        const log = logs.get(key) ?? []
        logs.set(key, log)
        if (takeOne(store, claim, nowMs).admitted) log.push(nowMs)
        assert.ok(countWithin(log, nowMs, windowMs) <= limit)
      }
    }),
    { numRuns: 60 },
  )
})
