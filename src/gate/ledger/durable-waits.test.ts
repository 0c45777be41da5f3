import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { DurableWaits } from './durable-waits.ts'

const near = 2 ** 31 - 500

test('release() resolves every wait up to the durable position and none beyond, across the wrap', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
      fc.nat(1600),
      fc.nat(1600),
      async (steps, taken, durable) => {
        const waits = new DurableWaits()
        const released: number[] = []
        let position = near
        const ends: number[] = []
        for (const step of steps) {
          position = (position + step) | 0
          ends.push(position)
          const end = position
          const wait = waits.join(end, (near + taken) | 0) ?? waits.begin(end, 1000)
          void wait.then(() => released.push(end))
        }
        waits.release((near + durable) | 0)
        await Promise.resolve()
        const due = ends.filter((end) => ((near + durable - end) | 0) >= 0)
        // A shared wait may release late, never early.
        assert.deepEqual(released, due.slice(0, released.length))
        waits.release(position)
        await Promise.resolve()
        assert.equal(released.length, ends.length)
      },
    ),
  )
})

test('join() shares the wait of a batch that the ledger has not taken, and no other', () => {
  const waits = new DurableWaits()
  const first = waits.begin(100, 1000)
  assert.equal(waits.join(200, 50), first)
  assert.equal(waits.join(300, 200), null)
})

test('expire() calls late waits stalled, and durable what is on disk', async () => {
  const waits = new DurableWaits()
  const one = waits.begin(100, 10)
  waits.expire(5, 0) // a tick: the next one waits for itself
  assert.equal(waits.join(200, 0), null)
  const two = waits.begin(200, 12)
  waits.expire(20, 100)
  assert.deepEqual(await Promise.all([one, two]), ['durable', 'stalled'])
  assert.equal(waits.empty, true)
})

test('begin() keeps the order when an older record is waited for again', async () => {
  const waits = new DurableWaits()
  const newer = waits.begin(200, 1000)
  const older = waits.begin(100, 1000)
  waits.release(200)
  assert.deepEqual(await Promise.all([newer, older]), ['durable', 'durable'])
})
