import assert from 'node:assert/strict'
import test from 'node:test'
import { createSweep } from './sweep.ts'
import { until } from './test/raw-client.ts'

test('createSweep() checks what it watches with the time of the clock, until it is told not to', async () => {
  let nowMs = 1_000
  using sweep = createSweep({ monotonicMs: () => nowMs }, 5)
  const seenMs: number[] = []
  const swept = { sweepPlace: -1, check: (atMs: number) => void seenMs.push(atMs) }
  sweep.watch(swept)
  assert.equal(sweep.latestMs, 1_005)
  await until(() => seenMs.length > 0)
  nowMs = 2_000
  await until(() => seenMs.at(-1) === 2_000)
  assert.equal(sweep.latestMs, 2_005)
  sweep.unwatch(swept)
  const count = seenMs.length
  const other = { count: 0 }
  sweep.watch({ sweepPlace: -1, check: () => void other.count++ })
  await until(() => other.count > 1)
  assert.equal(seenMs.length, count)
})

test('createSweep() checks everybody who is left, whoever leaves, within a round too', async () => {
  let rounds = 0
  using sweep = createSweep({ monotonicMs: () => ++rounds }, 1)
  const counts = Array.from({ length: 9 }, () => 0)
  const all = counts.map((_, index) => ({
    sweepPlace: -1,
    check(): void {
      counts[index] = (counts[index] ?? 0) + 1
      if (index % 3 === 0) sweep.unwatch(this)
    },
  }))
  for (const swept of all) sweep.watch(swept)
  await until(() => (counts[1] ?? 0) >= 3)
  for (const [index, count] of counts.entries())
    assert.ok(index % 3 === 0 ? count === 1 : count >= 2, `${index}: ${count}`)
})
