import assert from 'node:assert/strict'
import test from 'node:test'
import { openDoubts } from './doubts.ts'

test('take() names the first batch that no later delivery vouches for, of each log', () => {
  const doubts = openDoubts(1_000)
  doubts.delivered({ log: 'access', from: 0, startedMs: 0, endedMs: 10 })
  doubts.delivered({ log: 'access', from: 100, startedMs: 900, endedMs: 910 })
  doubts.delivered({ log: 'audit', from: 7, startedMs: 950, endedMs: 960 })
  doubts.delivered({ log: 'access', from: 200, startedMs: 1_500, endedMs: 1_510 })
  assert.deepEqual(doubts.take(), { access: 100, audit: 7 })
  assert.deepEqual(doubts.take(), {})
})

test('take() has nothing where a delivery is a delivery', () => {
  const doubts = openDoubts(0)
  doubts.delivered({ log: 'access', from: 0, startedMs: 0, endedMs: 10 })
  assert.deepEqual(doubts.take(), {})
})
