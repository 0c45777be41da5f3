import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createBalancer, type Member } from './balancers.ts'
import { createRandom, hashOf } from './random.ts'

interface TestMember extends Member {
  inflight: number
}

function membersOf(weights: readonly number[]): TestMember[] {
  return weights.map((weight, index) => ({ index, key: `http://10.0.0.${index}:80`, weight, inflight: 0 }))
}

const weightsArbitrary = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 })
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

test('round-robin gives each exactly its weight in every round, from wherever it begins', () => {
  fc.assert(
    fc.property(weightsArbitrary, fc.integer(), (weights, seed) => {
      const balancer = createBalancer('round-robin', membersOf(weights), {
        random: createRandom(seed),
        load: { total: 0 },
      })
      const counts = weights.map(() => 0)
      for (let i = 0; i < sum(weights); i++) counts[balancer.pick(0).index]!++ // index is one of theirs
      assert.deepEqual(counts, weights)
    }),
  )
})

test('round-robin spreads the turns of a heavy one over the round', () => {
  const balancer = createBalancer('round-robin', membersOf([5, 1, 1]), { random: () => 0, load: { total: 0 } })
  const turns = Array.from({ length: 7 }, () => balancer.pick(0).index).join('')
  assert.doesNotMatch(turns + turns, /00000|1.?1|2.?2/)
})

test('least-requests keeps what is on its way even where one is ten times slower', () => {
  const members = membersOf([1, 1, 1, 1])
  const balancer = createBalancer('least-requests', members, { random: createRandom(7), load: { total: 0 } })
  const counts = [0, 0, 0, 0]
  const waiting: { member: TestMember; untilTick: number }[] = []
  for (let tick = 0; tick < 20_000; tick++) {
    for (const done of waiting.filter(({ untilTick }) => untilTick <= tick)) {
      done.member.inflight--
      waiting.splice(waiting.indexOf(done), 1)
    }
    const member = members[balancer.pick(0).index]! // one of theirs
    counts[member.index]!++
    member.inflight++
    waiting.push({ member, untilTick: tick + (member.index === 0 ? 100 : 10) })
  }
  const [slow = 0, ...fast] = counts
  assert.ok(slow < 0.5 * Math.min(...fast), String(counts))
  assert.ok(Math.max(...fast) < 1.1 * Math.min(...fast), String(counts))
  assert.ok(Math.max(...members.map(({ inflight }) => inflight)) < 40)
})

test('least-requests gives each its weight where nothing waits', () => {
  const weights = [3, 2, 1]
  const balancer = createBalancer('least-requests', membersOf(weights), {
    random: createRandom(3),
    load: { total: 0 },
  })
  const counts = weights.map(() => 0)
  for (let i = 0; i < 60_000; i++) counts[balancer.pick(0).index]!++ // one of theirs
  // Of two drawn the heavier one is less busy for its weight, so it gets more than its share, and never less.
  assert.ok(counts[0]! >= 30_000 && counts[2]! > 1_000 && counts[0]! > counts[1]! && counts[1]! > counts[2]!)
})

const keys = Array.from({ length: 20_000 }, (_, i) => hashOf(`consumer-${i}`))

test('hash sends a key always to the same one, and each gets its weight within a quarter', () => {
  const weights = [1, 2, 1, 4, 1]
  const idle = { random: () => 0, load: { total: 0 } }
  const [one, other] = [
    createBalancer('hash', membersOf(weights), idle),
    createBalancer('hash', membersOf(weights), idle),
  ]
  const counts = weights.map(() => 0)
  for (const key of keys) {
    const { index } = one.pick(key)
    assert.equal(other.pick(key).index, index)
    counts[index]!++
  }
  for (const [index, count] of counts.entries()) {
    const share = (keys.length * weights[index]!) / sum(weights)
    assert.ok(Math.abs(count - share) < 0.25 * share, `${index}: ${count} of ${share}`)
  }
})

test('hash moves the keys of one that leaves, and no others', () => {
  const idle = { random: () => 0, load: { total: 0 } }
  const members = membersOf(Array.from({ length: 10 }, () => 1))
  const before = createBalancer('hash', members, idle)
  for (const gone of members) {
    const after = createBalancer(
      'hash',
      members.filter((member) => member !== gone),
      idle,
    )
    let moved = 0
    for (const key of keys) {
      const was = before.pick(key)
      const is = after.pick(key)
      if (was === gone) moved++
      else assert.equal(is, was)
    }
    assert.ok(moved / keys.length < (1 / members.length) * 1.3, `${moved}`)
  }
})

test('hash keeps everybody below one and a quarter of his share of what is on its way', () => {
  const members = membersOf([1, 1, 1, 1, 1])
  const load = { total: 0 }
  const balancer = createBalancer('hash', members, { random: () => 0, load })
  for (let i = 0; i < 1_000; i++) {
    members[balancer.pick(hashOf('one and the same')).index]!.inflight++ // one of theirs
    load.total++
  }
  for (const { inflight } of members) assert.ok(inflight <= Math.ceil(1.25 * (1_001 / 5)), String(inflight))
})
