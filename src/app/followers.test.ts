import assert from 'node:assert/strict'
import test from 'node:test'
import type { Follower, LedgerRecord } from '../core/mod.ts'
import { openFollowers } from './followers.ts'

function collector(name: string, from: number): Follower & { seen: number[]; fails: number } {
  const seen: number[] = []
  const follower = {
    name,
    seen,
    fails: 0,
    cursor: async () => (seen.at(-1) ?? from - 1) + 1,
    follow: async (batch: readonly LedgerRecord[]) => {
      if (follower.fails-- > 0) throw new Error('disk full')
      assert.equal(batch[0]?.seq, (seen.at(-1) ?? from - 1) + 1, `${name} got a gap or a repetition`)
      seen.push(...batch.map((record) => record.seq))
    },
  }
  return follower
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const records = (from: number, to: number): LedgerRecord[] =>
  range(from, to).map((seq) => ({ seq, recordedAtUs: 0, bytes: new Uint8Array() }))

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000
  while (!holds()) {
    assert.ok(performance.now() < end, 'did not happen within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function group(lead: Follower, others: readonly Follower[], size: () => number) {
  const problems: string[] = []
  const followers = openFollowers({
    lead,
    others,
    read: async (from) => records(from, Math.min(from + 7, size())),
    onProblem: (name, why) => void problems.push(`${name}: ${why}`),
    retryMs: 2,
  })
  return { followers, problems }
}

test('openFollowers() lets one that is behind catch up beside the stream, without gap or repetition', async () => {
  const lead = collector('lead', 100)
  const late = collector('late', 3)
  let size = 100
  const { followers } = group(lead, [late], () => size)
  await using _ = followers
  assert.equal(await followers.cursor(), 100)
  for (; size < 400; size += 5) {
    await followers.follow(records(size, size + 5))
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(lead.seen, range(100, 400))
  await until(() => late.seen.length === 397)
  await followers.follow(records(400, 405))
  assert.deepEqual(late.seen, range(3, 405))
  assert.deepEqual(
    [...followers.places],
    [
      ['lead', 405],
      ['late', 405],
    ],
  )
})

test('openFollowers() goes on with the lead while another fails, and tries that one again', async () => {
  const lead = collector('lead', 0)
  const weak = collector('weak', 0)
  weak.fails = 3
  const { followers, problems } = group(lead, [weak], () => 20)
  await using _ = followers
  await followers.cursor()
  await followers.follow(records(0, 10))
  await followers.follow(records(10, 20))
  assert.deepEqual(lead.seen, range(0, 20))
  await until(() => weak.seen.length === 20)
  assert.deepEqual(weak.seen, range(0, 20))
  assert.deepEqual(problems, Array(3).fill('weak: disk full'))
})

test('openFollowers() lets one that ran ahead sit out what it has', async () => {
  const lead = collector('lead', 0)
  const ahead = collector('ahead', 10)
  const { followers } = group(lead, [ahead], () => 15)
  await using _ = followers
  await followers.cursor()
  await followers.follow(records(0, 10))
  await followers.follow(records(10, 15))
  assert.deepEqual(ahead.seen, range(10, 15))
})

test('openFollowers() fails the batch when the lead fails, so that it comes again', async () => {
  const lead = collector('lead', 0)
  lead.fails = 1
  const { followers } = group(lead, [], () => 5)
  await using _ = followers
  await followers.cursor()
  await assert.rejects(followers.follow(records(0, 5)), /disk full/)
  await followers.follow(records(0, 5))
  assert.deepEqual(lead.seen, range(0, 5))
})

test('openFollowers() closes though one is behind and no gate is there to read from', async () => {
  const late = collector('late', 0)
  const followers = openFollowers({
    lead: collector('lead', 10),
    others: [late],
    read: () => Promise.reject(new Error('no gate')),
    onProblem: () => {},
    retryMs: 60_000,
  })
  await followers.cursor()
  await followers[Symbol.asyncDispose]()
  assert.deepEqual(late.seen, [])
})
