import assert from 'node:assert/strict'
import test from 'node:test'
import { createSignInThrottle } from './sign-in-throttle.ts'

test('attempt() doubles the wait for a name after three failures, up to a minute, from any address', () => {
  const clock = { now: 0 }
  const throttle = createSignInThrottle(() => clock.now)
  const waits: number[] = []
  for (let i = 0; i < 12; i++) {
    assert.equal(throttle.attempt('anna', `192.0.2.${i}`), 0)
    const waitMs = throttle.attempt('anna', '198.51.100.1')
    if (waitMs === 0) continue
    waits.push(waitMs)
    clock.now += waitMs
  }
  assert.deepEqual(waits.slice(0, 5), [1_000, 2_000, 4_000, 8_000, 16_000])
  assert.equal(Math.max(...waits), 60_000)
})

test('attempt() slows an address down whatever names it tries, up to a quarter of an hour', () => {
  const clock = { now: 0 }
  const throttle = createSignInThrottle(() => clock.now)
  for (let i = 0; i < 30; i++) {
    clock.now += throttle.attempt(`name-${i}`, '192.0.2.1')
    throttle.attempt(`name-${i}`, '192.0.2.1')
  }
  assert.equal(throttle.attempt('another', '192.0.2.1'), 900_000)
  assert.equal(throttle.attempt('another', '192.0.2.2'), 0)
})

test('succeeded() frees the name, and an hour without failures frees an address', () => {
  const clock = { now: 0 }
  const throttle = createSignInThrottle(() => clock.now)
  for (let i = 0; i < 3; i++) throttle.attempt('anna', '192.0.2.1')
  throttle.succeeded('anna', '192.0.2.1')
  assert.equal(throttle.attempt('anna', '192.0.2.1'), 0)
  assert.ok(throttle.attempt('anna', '192.0.2.1') > 0)
  clock.now += 61 * 60_000
  for (let i = 0; i < 3; i++) assert.equal(throttle.attempt('anna', '192.0.2.1'), 0)
})
