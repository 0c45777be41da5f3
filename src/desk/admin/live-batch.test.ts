import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Outcome } from '../../core/mod.ts'
import type { EventFilter } from './event-filter.ts'
import { type LivePlace, nextBatch, rowsMax } from './live-batch.ts'
import { openRecentEvents } from './recent-events.ts'
import { ledgerOf } from './test/bench.ts'

const outcome = fc.constantFrom<Outcome>('served', 'served', 'served', 'refused', 'failed', 'aborted')

test('nextBatch() sends or counts every matching record once, and skips served ones first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(outcome, { maxLength: 500 }), { maxLength: 8 }),
      fc.boolean(),
      async (rounds, filtered) => {
        const events = openRecentEvents({ eventsMax: 700 })
        events.begin(0)
        const append = ledgerOf(events)
        const filter: EventFilter = filtered ? { outcomes: ['served', 'failed'] } : {}
        let place: LivePlace = { next: 0, resumeTo: 0 }
        let accounted = 0
        let last = -1
        for (const round of rounds) {
          await append(...round.map((one) => ({ outcome: one })))
          const wanted = round.filter((one) => filter.outcomes?.includes(one) ?? true)
          const step = nextBatch(events, filter, place)
          const sent = step.batch.events.map(({ event }) => event.outcome)
          assert.equal(sent.length, Math.min(rowsMax, wanted.length))
          assert.equal(sent.length + step.batch.skipped, wanted.length)
          const important = wanted.filter((one) => one !== 'served').length
          assert.equal(sent.filter((one) => one !== 'served').length, Math.min(important, rowsMax))
          for (const { seq } of step.batch.events) {
            assert.ok(seq > last)
            last = seq
          }
          accounted += wanted.length
          place = step.place
          last = place.next - 1
        }
        assert.equal(accounted, rounds.flat().filter((one) => filter.outcomes?.includes(one) ?? true).length)
        assert.equal(place.next, events.next)
      },
    ),
    { numRuns: 30 },
  )
})

test('nextBatch() skips nothing that is held while it resumes, however much that is', async () => {
  const events = openRecentEvents({ eventsMax: 1000 })
  events.begin(0)
  await ledgerOf(events)(...Array.from({ length: 1_300 }, () => ({ outcome: 'served' as const })))
  let place: LivePlace = { next: 100, resumeTo: events.next }
  const seqs: number[] = []
  let skipped = 0
  for (let rounds = 0; place.next < events.next && rounds < 100; rounds++) {
    const step = nextBatch(events, {}, place)
    seqs.push(...step.batch.events.map(({ seq }) => seq))
    skipped += step.batch.skipped
    place = step.place
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 1000 }, (_, at) => 300 + at),
  )
  assert.equal(skipped, 200, 'records that are no longer held are counted')
})

test('nextBatch() goes on in a ledger that began anew', async () => {
  const events = openRecentEvents()
  events.begin(0)
  await ledgerOf(events)({}, {})
  assert.deepEqual(nextBatch(events, {}, { next: 50, resumeTo: 60 }), {
    batch: { events: [], skipped: 0 },
    place: { next: 2, resumeTo: 60 },
  })
})
