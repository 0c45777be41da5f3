import assert from 'node:assert/strict'
import test from 'node:test'
import { watchClock } from './clock-watch.ts'

test('watchClock() tells steps of more than 2 s, forth and back, and no drift', () => {
  const clock = { wall: 1_000_000, monotonic: 5, wallMs: () => clock.wall, monotonicMs: () => clock.monotonic }
  const steps: number[] = []
  using watch = watchClock(clock, (byMs) => void steps.push(byMs))
  const pass = (ms: number, wallMs: number): void => {
    clock.monotonic += ms
    clock.wall += wallMs
    watch.look()
  }
  for (let i = 0; i < 5_000; i++) pass(1_000, 1_001)
  pass(1_000, 3_000)
  assert.deepEqual(steps, [])
  pass(1_000, 3_601_000)
  pass(1_000, 1_000)
  pass(60_000, 60_000)
  pass(1_000, -2_000)
  assert.deepEqual(steps, [3_600_000, -3_000])
})
