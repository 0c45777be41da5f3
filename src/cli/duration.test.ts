import assert from 'node:assert/strict'
import test from 'node:test'
import { durationMs } from './duration.ts'

test('durationMs() reads a number with its unit', () => {
  assert.equal(durationMs('30s'), 30_000)
  assert.equal(durationMs('90d'), 90 * 86_400_000)
})

test('durationMs() refuses a number without a unit and names it', () => {
  assert.throws(() => durationMs('90'), /'90'/)
  assert.throws(() => durationMs('1 week'), { code: 'invalid_argument' })
})
