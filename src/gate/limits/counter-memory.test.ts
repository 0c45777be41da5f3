import assert from 'node:assert/strict'
import test from 'node:test'
import { countersSeed, createCounters } from './counter-memory.ts'
import { counterStats } from './counter-stats.ts'
import { openCounterTable } from './counter-table.ts'

test('createCounters() needs at most 160 bytes per key', () => {
  for (const keysMax of [10_000, 100_000, 1_000_000]) {
    const { memory } = createCounters({ keysMax, threadsMax: 4 })
    assert.ok(memory.byteLength / keysMax <= 160, `${memory.byteLength / keysMax} bytes per key of ${keysMax}`)
  }
})

test('createCounters() refuses sizes that cannot be', () => {
  for (const keysMax of [0, -1, 1.5, 20_000_000, Number.NaN]) {
    assert.throws(() => createCounters({ keysMax, threadsMax: 1 }), { code: 'invalid_argument' })
  }
  assert.throws(() => createCounters({ keysMax: 1, threadsMax: 0 }), { code: 'invalid_argument' })
})

test('createCounters() makes counters that another realm can open', () => {
  const shared = createCounters({ keysMax: 10, threadsMax: 2 })
  const claims = [{ key: { a: 1, b: 2, c: 3, d: 4 }, coarserKey: null, limit: 2, windowMs: 1000 }]
  openCounterTable(shared, 0).take(claims, 5000)
  assert.equal(openCounterTable(structuredClone(shared), 1).take(claims, 5000)[0]?.used, 2)
})

test('countersSeed() is a whole number of 32 bits, another each time', () => {
  const seeds = Array.from({ length: 8 }, countersSeed)
  assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
  assert.ok(new Set(seeds).size > 1)
})

test('counterStats() counts the keys in their windows, exactly in a small table', () => {
  const shared = createCounters({ keysMax: 2000, threadsMax: 1 })
  const store = openCounterTable(shared, 0)
  for (let i = 0; i < 100; i++) {
    const key = { a: i, b: Math.imul(i, 0x9e3779b1), c: 0, d: 0 }
    store.take([{ key, coarserKey: null, limit: i < 50 ? 5 : 100_000, windowMs: i < 80 ? 1000 : 60_000 }], 5000)
  }
  assert.deepEqual(counterStats(shared), { keys: 100, capacity: 2000, full: 0 })
  store.take([{ key: { a: 1, b: 1, c: 1, d: 1 }, coarserKey: null, limit: 5, windowMs: 1000 }], 15_000)
  assert.equal(counterStats(shared).keys, 21)
})

test('counterStats() estimates a large table from a sample', () => {
  const shared = createCounters({ keysMax: 50_000, threadsMax: 1 })
  const store = openCounterTable(shared, 0)
  for (let i = 0; i < 25_000; i++) {
    const key = { a: i, b: Math.imul(i, 0x9e3779b1), c: 0, d: 0 }
    store.take([{ key, coarserKey: null, limit: 5, windowMs: 1000 }], 5000)
  }
  const { keys } = counterStats(shared)
  assert.ok(keys > 22_000 && keys < 28_000, `${keys} instead of 25,000`)
})
