import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { eventsArbitrary, recordsOf } from '../../../test/conformance/query-engine.ts'
import { type HandClock, handClock } from '../../../test/support/hand-clock.ts'
import { emptyEvent, hasCode, type LedgerRecord } from '../../core/mod.ts'
import { openAtRest } from '../../crypto/mod.ts'
import { eventOf, rowOf } from './query-columns.ts'
import { type Folder, openFolder } from './query-folder.ts'
import { createRowsBuilder, openRowReader } from './query-rows.ts'
import { decodeSegment, encodeSegment } from './query-segment.ts'
import { openStore, type Store } from './query-store.ts'

const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 0, 31)

interface Bench {
  readonly path: string
  readonly clock: HandClock
  readonly folder: () => Folder
  readonly store: () => Store
}

function openBench(t: TestContext, { keepMs = 30 * dayMs, bytesMax = 1e9, rowsMax = 64 } = {}): Bench {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-query-'))
  t.after(() => rmSync(path, { recursive: true }))
  const clock = handClock(nowMs)
  const sealer = openAtRest(new Uint8Array(32)).sealer('segments')
  const folder = (): Folder => openFolder({ path, sealer, clock, keepMs, bytesMax, segmentRowsMax: rowsMax })
  const store = (): Store => openStore({ folder: folder(), clock, segmentRowsMax: rowsMax, segmentMsMax: 30_000 })
  return { path, clock, folder, store }
}

/** One request each millisecond. */
function requests(from: number, count: number, kind: 'request' | 'opened' = 'request'): readonly LedgerRecord[] {
  return recordsOf(
    Array.from({ length: count }, (_, i) => ({ ...emptyEvent, kind, receivedAtMs: nowMs + from + i, path: '/canary' })),
    from,
  )
}

function segmentsIn(path: string): readonly string[] {
  return readdirSync(path).filter((name) => name.endsWith('.seg'))
}

function rowsIn({ segments }: Folder): readonly number[] {
  return segments.map(({ rows }) => rows)
}

const everything = { seqFrom: 0, seqTo: 1_000_000 }

test('decodeSegment() gives back the events of which encodeSegment() had the rows', () => {
  fc.assert(
    fc.property(eventsArbitrary, (events) => {
      const builder = createRowsBuilder()
      const terminal = events.map((event) => ({ ...event, kind: 'request' as const }))
      for (const [seq, event] of terminal.entries()) builder.add(rowOf({ seq, recordedAtUs: 1e15 + seq }, event))
      const rows = decodeSegment(encodeSegment(builder.rows()))
      assert.equal(rows.count, events.length)
      const rowAt = openRowReader(rows)
      for (const [i, event] of terminal.entries()) {
        const row = rowAt(i)
        assert.deepEqual(eventOf(row), event)
        assert.deepEqual([row.numbers.seq, row.numbers.recordedUs], [i, 1e15 + i])
      }
    }),
  )
})

test('decodeSegment() refuses what is damaged', () => {
  const builder = createRowsBuilder()
  builder.add(rowOf({ seq: 0, recordedAtUs: 0 }, emptyEvent))
  const bytes = encodeSegment(builder.rows())
  for (const wrong of [Buffer.alloc(0), Buffer.alloc(100), bytes.subarray(0, -1), Buffer.from('GHQ2')])
    assert.throws(
      () => openRowReader(decodeSegment(wrong)),
      (error) => hasCode(error, 'store_unreadable'),
    )
})

test('follow() writes a segment when it is full, or its first row has waited long enough', (t) => {
  const { path, clock, store: open } = openBench(t)
  const store = open()
  store.follow(requests(0, 63))
  store.tick()
  assert.deepEqual(segmentsIn(path), [])
  store.follow(requests(63, 1))
  assert.deepEqual(segmentsIn(path), [`0-64-${nowMs}-${nowMs + 63}-64.seg`])
  store.follow(requests(64, 1))
  clock.nowMs += 29_999
  store.tick()
  assert.equal(segmentsIn(path).length, 1)
  clock.nowMs += 1
  store.tick()
  assert.equal(segmentsIn(path).length, 2)
  assert.equal(statSync(join(path, segmentsIn(path)[0] ?? '')).mode & 0o777, 0o600)
})

test('follow() begins after a crash behind what is on disk', (t) => {
  const { store: open } = openBench(t)
  open().follow(requests(0, 70))
  const again = open()
  assert.equal(again.next, 64)
  again.follow(requests(60, 10))
  assert.deepEqual(again.held().rows, 70)
})

test('follow() moves the durable cursor also where there is no request', (t) => {
  const { clock, store: open } = openBench(t)
  const store = open()
  store.follow(requests(0, 5, 'opened'))
  clock.nowMs += 30_000
  store.tick()
  assert.equal(open().next, 5)
  assert.equal(open().held().rows, 0)
})

test('small segments become one, and no row is lost', (t) => {
  const { folder: open, clock, store: openIt } = openBench(t, { rowsMax: 1_000 })
  const store = openIt()
  for (let i = 0; i < 100; i++) {
    store.follow(requests(i, 1))
    clock.nowMs += 30_000
    store.tick()
  }
  const folder = open()
  assert.ok(folder.segments.length < 8, `${folder.segments.length} segments`)
  assert.deepEqual(folder.gaps(100), [])
  assert.equal(
    rowsIn(folder).reduce((a, b) => a + b, 0),
    100,
  )
  const seqs = folder.segments.flatMap((segment) => [...(folder.read(segment)?.numbers('seq') ?? [])])
  assert.deepEqual(
    seqs,
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test('what a crash during a merge left is taken away', (t) => {
  const { path, folder: open, store } = openBench(t)
  const before = store()
  before.follow(requests(0, 64))
  before.follow(requests(64, 64))
  const [first = ''] = segmentsIn(path)
  writeFileSync(join(path, '3-9-1-2-6.seg'), readFileSync(join(path, first)))
  writeFileSync(join(path, '.x.seg.0.tmp'), 'half')
  const folder = open()
  assert.deepEqual(rowsIn(folder), [64, 64])
  assert.equal(readdirSync(path).length, 2)
})

test('a damaged segment is a gap until it is filled from the ledger', (t) => {
  const { path, folder, store: open } = openBench(t)
  open().follow(requests(0, 200))
  const [, second = ''] = folder().segments.map(({ name }) => name)
  const file = join(path, `${second}.seg`)
  const bytes = readFileSync(file)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1
  writeFileSync(file, bytes)

  const store = open()
  store.begin(192)
  assert.equal(store.gap(), null)
  for (const part of store.cover(everything).parts) part.read()
  assert.deepEqual(store.gap(), { seqFrom: 64, seqTo: 128 })
  assert.deepEqual(store.cover({ seqFrom: 0, seqTo: 150 }).missing, ['behind'])
  assert.deepEqual(store.cover({ seqFrom: 0, seqTo: 64 }).missing, [])

  store.fill(requests(64, 40))
  assert.deepEqual(store.gap(), { seqFrom: 104, seqTo: 128 })
  store.fill(requests(104, 60))
  assert.equal(store.gap(), null)
  assert.deepEqual(store.cover({ seqFrom: 0, seqTo: 192 }).missing, [])
  assert.equal(open().held().rows, 192)
})

test('a segment that was taken away is a gap', (t) => {
  const { path, store: open } = openBench(t)
  open().follow(requests(0, 200))
  rmSync(join(path, segmentsIn(path).find((name) => name.startsWith('0-')) ?? ''))
  const store = open()
  store.begin(200)
  assert.deepEqual(store.gap(), { seqFrom: 0, seqTo: 64 })
})

test('a segment stands nowhere but where it was sealed', (t) => {
  const { path, folder: open, store } = openBench(t)
  store().follow(requests(0, 128))
  const [first = '', second = ''] = segmentsIn(path)
  writeFileSync(join(path, second), readFileSync(join(path, first)))
  const folder = open()
  assert.deepEqual(
    folder.segments.map((segment) => folder.read(segment) === null),
    [false, true],
  )
})

test('tick() removes what is too old, and that is no gap', (t) => {
  const { clock, store: open } = openBench(t, { keepMs: dayMs })
  const store = open()
  store.follow(requests(0, 128))
  clock.nowMs += dayMs + 100
  store.tick()
  assert.equal(store.held().seqFirst, 64)
  assert.deepEqual(store.cover(everything).missing, ['behind', 'pruned'])
  assert.deepEqual(store.cover({ seqFrom: 64, seqTo: 128 }).missing, [])
  assert.deepEqual(store.cover({ fromMs: nowMs, toMs: nowMs + 100 }).missing, ['pruned'])
  assert.deepEqual(store.cover({ fromMs: nowMs + 64, toMs: nowMs + 100 }).missing, [])
  const again = open()
  again.begin(128)
  assert.deepEqual([again.next, again.gap()], [128, null])
})

test('tick() removes the oldest when it is too much', (t) => {
  const { store: open } = openBench(t, { bytesMax: 4_000 })
  const store = open()
  for (let i = 0; i < 10; i++) store.follow(requests(i * 64, 64))
  store.tick()
  const { bytes, seqFirst, seqNext } = store.held()
  assert.ok(bytes <= 4_000 && seqFirst > 0 && seqNext === 640, `${bytes} bytes from ${seqFirst}`)
})

test('begin() forgets an index of more records than there are', (t) => {
  const { path, store: open } = openBench(t)
  const store = open()
  store.follow(requests(0, 100))
  store.begin(100)
  assert.equal(store.next, 100)
  store.begin(99)
  assert.equal(store.next, 0)
  assert.deepEqual(segmentsIn(path), [])
})

test('nothing of a request is in any file, nor in the name of one', (t) => {
  const { path, store: open } = openBench(t)
  const canary = 'canary-7f3a'
  const event = {
    ...emptyEvent,
    id: canary,
    path: `/${canary}`,
    query: canary,
    consumer: canary,
    userAgent: canary,
    clientIp: '203.0.113.77',
    peer: '203.0.113.77',
    note: canary,
  }
  open().follow(recordsOf(Array.from({ length: 64 }, () => event)))
  assert.equal(segmentsIn(path).length, 1)
  for (const name of readdirSync(path)) {
    const text = name + readFileSync(join(path, name)).toString('latin1')
    for (const word of [canary, '203.0.113', '/v1', 'request', '"words"']) assert.ok(!text.includes(word), word)
  }
})
