import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { LedgerRecord } from '../core/mod.ts'
import { openRecordPump } from './record-pump.ts'

interface Bench {
  readonly pump: ReturnType<typeof openRecordPump>
  /** How many records went out with each batch. */
  readonly batches: number[]
  readonly grow: (records: number, bytesEach?: number) => void
}

/** A pump whose reads end at `readMax` records, with a clock that is moved by hand. */
function openBench(t: TestContext, readMax = 100): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const records: LedgerRecord[] = []
  const batches: number[] = []
  const pump = openRecordPump({
    read: (seq) => records.slice(seq, seq + readMax),
    send: (batch) => void batches.push(batch.length),
    paceMs: 40,
  })
  t.after(() => pump[Symbol.dispose]())
  return {
    pump,
    batches,
    grow: (count, bytesEach = 100) => {
      for (let i = 0; i < count; i++)
        records.push({ seq: records.length, recordedAtUs: 1, bytes: new Uint8Array(bytesEach) })
      pump.grown()
    },
  }
}

test('grown() sends what came within the pace as one batch', (t) => {
  const { pump, batches, grow } = openBench(t)
  pump.follow(0)
  for (let i = 0; i < 10; i++) grow(3)
  assert.deepEqual(batches, [])
  t.mock.timers.tick(40)
  assert.deepEqual(batches, [30])
})

test('follow() sends at once what there is', (t) => {
  const { pump, batches, grow } = openBench(t)
  grow(7)
  pump.follow(2)
  assert.deepEqual(batches, [5])
})

test('a small batch is not taken for the end of the log', (t) => {
  const { pump, batches, grow } = openBench(t, 10)
  grow(25)
  pump.follow(0)
  assert.deepEqual(batches, [10])
  t.mock.timers.tick(40)
  t.mock.timers.tick(40)
  assert.deepEqual(batches, [10, 10, 5])
})

test('acknowledge() lets a desk that is behind have large batches as fast as it takes them', (t) => {
  const { pump, batches, grow } = openBench(t, 10)
  grow(100, 30_000)
  pump.follow(0)
  assert.deepEqual(batches, [10, 10, 10, 10])
  pump.acknowledge(10)
  assert.equal(batches.length, 5)
  for (let next = 20; next <= 100; next += 10) pump.acknowledge(next)
  assert.equal(
    batches.reduce((sum, count) => sum + count, 0),
    100,
  )
})

test('flush() sends the newest without a wait, and nothing is sent after the end', (t) => {
  const { pump, batches, grow } = openBench(t)
  pump.follow(0)
  grow(3)
  pump.flush()
  assert.deepEqual(batches, [3])
  grow(3)
  pump[Symbol.dispose]()
  t.mock.timers.tick(40)
  assert.deepEqual(batches, [3])
})
