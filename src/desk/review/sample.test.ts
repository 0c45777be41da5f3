import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeUtf8, sha256 } from '../../tlog/mod.ts'
import type { StratumName } from './results.ts'
import { allotted, drawn, openStrataIndex, seedOf, strataInOrder, stratumOf, stratumWith } from './sample.ts'

const seed = seedOf(sha256(encodeUtf8('root')), 'daily', '2026-11-24')

test('drawn() follows the algorithm as it is written down', () => {
  // By hand, with nothing of the room but the text of the algorithm.
  const index = (i: number): number => {
    const digest = sha256(new Uint8Array([...seed, ...encodeUtf8(`refused\n${i}`)]))
    return Number(Buffer.from(digest).readBigUInt64BE(0) % 1000n)
  }
  assert.deepEqual(drawn(seed, 'refused', { size: 1000, count: 3 }), [index(0), index(1), index(2)])
})

test('drawn() draws different members of the stratum, all of them where there are no more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(300), fc.nat(40), (root, size, count) => {
      const indices = drawn(seedOf(root, 'daily', 'p'), 'ordinary', { size, count })
      assert.equal(indices.length, Math.min(size, count))
      assert.equal(new Set(indices).size, indices.length)
      assert.ok(indices.every((index) => index >= 0 && index < size))
      assert.deepEqual(drawn(seedOf(root, 'daily', 'p'), 'ordinary', { size, count }), indices)
    }),
    { numRuns: 50 },
  )
})

test('seedOf() differs with the root, the plan and the period', () => {
  const root = sha256(encodeUtf8('root'))
  const seeds = [
    seedOf(root, 'daily', 'p'),
    seedOf(sha256(root), 'daily', 'p'),
    seedOf(root, 'dail', 'yp'),
    seedOf(root, 'daily', 'q'),
  ]
  assert.equal(new Set(seeds.map((one) => Buffer.from(one).toString('hex'))).size, 4)
})

test('allotted() gives out exactly the sample, or all records where there are fewer', () => {
  const size = fc.nat(200)
  const sizes = fc.record({ privileged: size, errors: size, refused: size, ordinary: size })
  fc.assert(
    fc.property(fc.nat(100), sizes, (sample, of) => {
      const given = allotted(sample, of)
      const all = strataInOrder.reduce((sum, name) => sum + of[name], 0)
      assert.equal(
        strataInOrder.reduce((sum, name) => sum + given[name], 0),
        Math.min(sample, all),
      )
      for (const name of strataInOrder) assert.ok(given[name] <= of[name])
    }),
  )
})

test('allotted() gives every stratum its share where it has enough', () => {
  const many = { privileged: 1000, errors: 1000, refused: 1000, ordinary: 1000 }
  assert.deepEqual(allotted(25, many), { privileged: 10, errors: 5, refused: 5, ordinary: 5 })
})

test('stratumOf() takes the first stratum that fits', () => {
  const cases: readonly [Parameters<typeof stratumOf>[0], StratumName][] = [
    [{ outcome: 'served', status: 200, method: 'GET' }, 'ordinary'],
    [{ outcome: 'served', status: 201, method: 'POST' }, 'privileged'],
    [{ outcome: 'served', status: 503, method: 'DELETE' }, 'errors'],
    [{ outcome: 'refused', status: 403, method: 'DELETE' }, 'refused'],
    [{ outcome: 'aborted', status: 0, method: 'GET' }, 'errors'],
  ]
  for (const [event, stratum] of cases) assert.equal(stratumOf(event), stratum)
})

test('places() finds the members of a stratum by their index, as a filter would', () => {
  const names = fc.array(fc.option(fc.constantFrom(...strataInOrder), { nil: null }), { maxLength: 200 })
  fc.assert(
    fc.property(names, fc.constantFrom(...strataInOrder), (members, stratum) => {
      const index = openStrataIndex(100, 100 + members.length)
      for (const [at, name] of members.entries()) if (name !== null) index.add(100 + at, name)
      const all = members.flatMap((name, at) => (name === stratum ? [100 + at] : []))
      const wanted = drawn(seed, stratum, { size: index.sizes[stratum], count: 10 })
      assert.equal(index.sizes[stratum], all.length)
      assert.deepEqual(
        index.places(stratum, wanted),
        wanted.map((at) => all[at]),
      )
    }),
  )
})

test('stratumWith() says what a sample of that size would show', () => {
  assert.equal(stratumWith('privileged', 100_000, 299).seenPerMille, 10, '299 of many: 1 % with 95 % certainty')
  assert.equal(stratumWith('privileged', 5, 5).seenPerMille, 0)
  assert.equal(stratumWith('privileged', 0, 0).drawn, 0)
})
