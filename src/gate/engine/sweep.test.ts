import assert from 'node:assert/strict'
import test from 'node:test'
import { createSweep } from './sweep.ts'
import { until } from './test/raw-client.ts'

test('createSweep() checks what it watches with the time of the clock, until it is told not to', async () => {
  let nowMs = 1_000
  using sweep = createSweep({ monotonicMs: () => nowMs }, 5)
  const seenMs: number[] = []
  const swept = { check: (atMs: number) => void seenMs.push(atMs) }
  sweep.watch(swept)
  assert.equal(sweep.latestMs, 1_005)
  await until(() => seenMs.length > 0)
  nowMs = 2_000
  await until(() => seenMs.at(-1) === 2_000)
  assert.equal(sweep.latestMs, 2_005)
  sweep.unwatch(swept)
  const count = seenMs.length
  const other = { count: 0 }
  sweep.watch({ check: () => void other.count++ })
  await until(() => other.count > 1)
  assert.equal(seenMs.length, count)
})
