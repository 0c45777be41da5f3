import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../../core/mod.ts'
import { openRecentEvents } from './recent-events.ts'
import { ledgerOf } from './test/bench.ts'

const id = (n: number): string => String(n).padStart(32, '0')

test('openRecentEvents() begins with the newest that it may hold, and tells old from new', async () => {
  const events = openRecentEvents({ eventsMax: 10 })
  events.begin(25)
  assert.deepEqual([await events.cursor(), events.liveFrom, events.first], [15, 25, 15])
  events.begin(1000) // a second connection goes on where the first one ended
  assert.equal(await events.cursor(), 15)
})

test('begin() starts anew with a ledger that is shorter than what was read', async () => {
  const events = openRecentEvents()
  events.begin(0)
  await ledgerOf(events)({ id: id(1) }, { id: id(2) })
  events.begin(1)
  assert.deepEqual([events.first, events.next, events.at(0), events.request(id(1))], [0, 0, null, null])
})

test('follow() takes what it has not got, once, and refuses a gap', async () => {
  const events = openRecentEvents()
  events.begin(0)
  const seen: number[] = []
  using listening = events.listen(({ seq }) => void seen.push(seq))
  const bytes = new TextEncoder().encode('{}')
  const records = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => ({ seq: from + at, recordedAtUs: 1, bytes }))
  await events.follow(records(0, 3))
  await events.follow(records(1, 5))
  assert.deepEqual(seen, [0, 1, 2, 3, 4])
  await assert.rejects(events.follow(records(7, 8)), (error) => hasCode(error, 'link_broken'))
  listening[Symbol.dispose]()
  await events.follow(records(5, 6))
  assert.equal(seen.length, 5)
})

test('follow() shows a record that cannot be read instead of stopping at it', async () => {
  const events = openRecentEvents()
  events.begin(0)
  await events.follow([{ seq: 0, recordedAtUs: 1, bytes: new Uint8Array([0xff, 0x7b]) }])
  assert.deepEqual(events.at(0)?.event.unknown, ['record'])
  assert.equal(await events.cursor(), 1)
})

test('request() joins what belongs together, also while the answer still runs', async () => {
  const events = openRecentEvents()
  events.begin(0)
  const append = ledgerOf(events)
  await append({ kind: 'opened', id: id(1) }, { kind: 'request', id: id(2) })
  assert.equal(events.request(id(1))?.event.kind, 'opened')
  await append({ kind: 'request', id: id(1), status: 200 }, { kind: 'amended', id: id(1), note: 'late' })
  const joined = events.request(id(1))
  assert.deepEqual(
    [joined?.seq, joined?.event.status, joined?.opened?.seq, joined?.amended.map(({ seq }) => seq)],
    [2, 200, 0, [3]],
  )
  assert.equal(events.request(id(9)), null)
})

test('openRecentEvents() holds at most so many records and bytes, the newest, and finds exactly those', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.record({ id: fc.integer({ min: 0, max: 6 }), note: fc.integer({ min: 0, max: 2000 }) }), {
        maxLength: 60,
      }),
      async (eventsMax, kilobytes, sequence) => {
        const bytesMax = kilobytes * 1000
        const events = openRecentEvents({ eventsMax, bytesMax })
        events.begin(0)
        const append = ledgerOf(events)
        for (const one of sequence) await append({ id: id(one.id), note: 'x'.repeat(one.note) })
        assert.equal(events.next, sequence.length)
        assert.ok(events.next - events.first <= eventsMax)
        const held = Array.from({ length: events.next - events.first }, (_, at) => events.at(events.first + at))
        assert.deepEqual(
          held.map((shown) => shown?.event.note.length),
          sequence.slice(events.first).map((one) => one.note),
        )
        const notes = held.reduce((sum, shown) => sum + (shown?.event.note.length ?? 0), 0)
        assert.ok(held.length <= 1 || notes <= bytesMax)
        for (let n = 0; n <= 6; n++) {
          const wanted = sequence.findIndex((one, seq) => seq >= events.first && one.id === n)
          assert.equal(events.request(id(n))?.seq ?? -1, wanted)
        }
        assert.equal(events.at(events.first - 1), null)
      },
    ),
    { numRuns: 100 },
  )
})
