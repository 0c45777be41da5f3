import assert from 'node:assert/strict'
import test from 'node:test'
import type { Follower, LedgerRecord } from '../core/mod.ts'
import { groupFollowers } from './followers.ts'

function collector(name: string, from: number): Follower & { seen: number[] } {
  const seen: number[] = []
  return {
    name,
    seen,
    cursor: async () => (seen.at(-1) ?? from - 1) + 1,
    follow: async (batch) => void seen.push(...batch.map((record) => record.seq)),
  }
}

const records = (from: number, to: number): LedgerRecord[] =>
  Array.from({ length: to - from }, (_, i) => ({ seq: from + i, recordedAtUs: 0, bytes: new Uint8Array() }))

test('groupFollowers() gives each follower exactly what it has not got', async () => {
  const early = collector('early', 2)
  const late = collector('late', 5)
  const group = groupFollowers([early, late])
  assert.equal(await group.cursor(), 2)
  await group.follow(records(2, 4))
  await group.follow(records(4, 8))
  assert.deepEqual(early.seen, [2, 3, 4, 5, 6, 7])
  assert.deepEqual(late.seen, [5, 6, 7])
  assert.equal(await group.cursor(), 8)
})

test('groupFollowers() lets a follower that ran ahead sit out a repeated batch', async () => {
  const ahead = collector('ahead', 10)
  await groupFollowers([ahead]).follow(records(0, 10))
  assert.deepEqual(ahead.seen, [])
})

test('groupFollowers() fails the batch when one follower fails', async () => {
  const broken: Follower = {
    name: 'broken',
    cursor: async () => 0,
    follow: () => Promise.reject(new Error('disk full')),
  }
  await assert.rejects(groupFollowers([broken]).follow(records(0, 1)), /disk full/)
})
