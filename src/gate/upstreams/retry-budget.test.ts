import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RetryBudget } from './retry-budget.ts'

test('take() gives a share of the requests of the last ten seconds, and some more', () => {
  const budget = new RetryBudget({ max: 1, share: 0.2, perSecondMin: 3 })
  for (let i = 0; i < 1_000; i++) budget.request(5_000)
  let taken = 0
  while (budget.take(5_500)) taken++
  assert.equal(taken, 0.2 * 1_000 + 30)
})

test('take() gives again when the seconds have passed', () => {
  const budget = new RetryBudget({ max: 1, share: 0, perSecondMin: 1 })
  let taken = 0
  while (budget.take(1_000)) taken++
  assert.equal(taken, 10)
  assert.equal(budget.take(10_900), false)
  assert.equal(budget.take(11_000), true)
  assert.equal(budget.take(1_000_000), true)
})

test('take() never gives more than it may, whatever comes when', () => {
  const steps = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 3_000 }), requests: fc.nat(50) }), {
    maxLength: 100,
  })
  fc.assert(
    fc.property(steps, (all) => {
      const budget = new RetryBudget({ max: 1, share: 0.2, perSecondMin: 0 })
      let [nowMs, requests, taken] = [0, 0, 0]
      for (const step of all) {
        nowMs += step.ms
        for (let i = 0; i < step.requests; i++) budget.request(nowMs)
        requests += step.requests
        while (budget.take(nowMs)) taken++
        assert.ok(taken <= 0.2 * requests * 10) // at most once for each second in which they count
      }
    }),
  )
})
