import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type BurstEntry, createBursts } from './bursts.ts'

const entryAt = (timeMs: number, seq: number, more: Partial<BurstEntry> = {}): BurstEntry => ({
  timeMs,
  seq,
  requestId: String(seq),
  member: 'a',
  mark: String(seq),
  route: '',
  ...more,
})

/** Times that mostly grow, and now and then come up to 30 s late. */
const steps = fc.array(fc.record({ stepMs: fc.nat(8_000), lateMs: fc.oneof(fc.constant(0), fc.nat(30_000)) }), {
  maxLength: 120,
})

test('push() begins an episode exactly when a naive count of the window reaches the bound', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1_000, max: 60_000 }),
      (all, limit, windowMs) => {
        // Quiet after nothing: each push stands for itself.
        const bursts = createBursts({ limit, windowMs, quietMs: -1, actorsMax: 10 })
        const seen: number[] = []
        let clockMs = 1_000_000
        for (const [seq, { stepMs, lateMs }] of all.entries()) {
          clockMs += stepMs
          seen.push(clockMs - lateMs)
          let asked = false
          bursts.push('x', entryAt(clockMs - lateMs, seq), () => {
            asked = true
            return false
          })
          const newest = Math.max(...seen)
          const within = seen.filter((timeMs) => timeMs > newest - windowMs).length
          assert.equal(asked, within >= limit, `entry ${seq}`)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('push() counts an entry of the same mark once in a window, as a naive count of different marks', () => {
  const marked = fc.array(fc.record({ stepMs: fc.nat(5_000), mark: fc.nat(9) }), { maxLength: 120 })
  fc.assert(
    fc.property(
      marked,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1_000, max: 30_000 }),
      (all, limit, windowMs) => {
        const bursts = createBursts({ limit, windowMs, quietMs: -1, distinct: true, actorsMax: 10 })
        const lastOf = new Map<number, number>()
        let timeMs = 1_000_000
        for (const [seq, { stepMs, mark }] of all.entries()) {
          timeMs += stepMs
          const isNew = !lastOf.has(mark) || (lastOf.get(mark) ?? 0) <= timeMs - windowMs
          lastOf.set(mark, timeMs)
          let asked = false
          bursts.push('x', entryAt(timeMs, seq, { mark: String(mark) }), () => {
            asked = true
            return false
          })
          const different = [...lastOf.values()].filter((last) => last > timeMs - windowMs).length
          if (isNew) assert.equal(asked, different >= limit, `entry ${seq}`)
          else assert.equal(asked && different < limit, false, `entry ${seq}`)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('push() tells an episode when it begins, when it has doubled, and after a minute', () => {
  const bursts = createBursts({ limit: 3, windowMs: 10_000, quietMs: 60_000, actorsMax: 10 })
  const told = Array.from({ length: 100 }, (_, i) => bursts.push('x', entryAt(i * 1_000, i)))
  const at = told.flatMap((step, i) => (step === 'quiet' ? [] : [`${step} ${i + 1}`]))
  assert.deepEqual(at, ['began 3', 'grew 6', 'grew 12', 'grew 24', 'grew 48', 'grew 96'])
  assert.equal(bursts.get('x')?.episode?.count, 100)
})

test('an episode is over when the bound was not reached for a while, and the next is another', () => {
  const bursts = createBursts({ limit: 2, windowMs: 1_000, quietMs: 10_000, actorsMax: 10 })
  const push = (timeMs: number, seq: number): string => bursts.push('x', entryAt(timeMs, seq))
  assert.deepEqual([push(0, 1), push(500, 2)], ['quiet', 'began'])
  assert.deepEqual([push(9_000, 3), push(9_100, 4)], ['quiet', 'grew'])
  assert.equal(bursts.get('x')?.episode?.firstSeq, 1)
  assert.deepEqual([push(30_000, 5), push(30_100, 6)], ['quiet', 'began'])
  assert.equal(bursts.get('x')?.episode?.firstSeq, 5)
})

test('the stalest group goes when there is no room, and is counted; those that are done are not', () => {
  const bursts = createBursts({ limit: 5, windowMs: 1_000, quietMs: 1_000, actorsMax: 3 })
  for (const [i, key] of ['a', 'b', 'c', 'a', 'd'].entries()) bursts.push(key, entryAt(i, i))
  assert.equal(bursts.evicted, 1)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => bursts.get(key) !== undefined),
    [true, false, true, true],
  )
  bursts.push('e', entryAt(100_000, 9))
  assert.equal(bursts.evicted, 1)
})

test('evidence holds the first ten and the newest ten places', () => {
  const bursts = createBursts({ limit: 2, windowMs: 1_000_000, quietMs: 1_000_000, actorsMax: 3 })
  for (let i = 0; i < 1_000; i++) bursts.push('x', entryAt(i, i))
  const seqs = bursts.get('x')?.episode?.evidence.map(({ seq }) => seq)
  assert.deepEqual(seqs, [...Array.from({ length: 10 }, (_, i) => i), ...Array.from({ length: 10 }, (_, i) => 990 + i)])
})
