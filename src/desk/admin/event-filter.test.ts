import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyEvent } from '../../core/mod.ts'
import { type EventFilter, listEvents, matches } from './event-filter.ts'
import { openRecentEvents } from './recent-events.ts'
import { ledgerOf } from './test/bench.ts'

test('matches() wants all that is given, and any of each list', () => {
  const event = {
    ...emptyEvent,
    kind: 'request',
    outcome: 'refused',
    consumer: 'acme',
    status: 404,
    path: '/v1/orders/7',
  } as const
  const cases: readonly [EventFilter, boolean][] = [
    [{}, true],
    [{ outcomes: ['served', 'refused'] }, true],
    [{ outcomes: ['served'] }, false],
    [{ kinds: ['opened'] }, false],
    [{ kinds: ['request'], consumer: 'acme', statuses: ['200', '4xx'], path: '/v1/orders' }, true],
    [{ consumer: 'acm' }, false],
    [{ statuses: ['404'] }, true],
    [{ statuses: ['403', '5xx'] }, false],
    [{ path: '/v1/orders/77' }, false],
  ]
  for (const [filter, wanted] of cases) assert.equal(matches(filter, event), wanted, JSON.stringify(filter))
  assert.equal(matches({ statuses: ['0'] }, { ...event, status: 0 }), true)
  assert.equal(matches({ consumer: 'acme' }, { ...event, consumer: null }), false)
})

test('listEvents() gives pages from the newest to the oldest, without a gap or a repetition', async () => {
  const events = openRecentEvents({ eventsMax: 50 })
  events.begin(0)
  await ledgerOf(events)(
    ...Array.from({ length: 80 }, (_, at) => ({ outcome: at % 2 === 0 ? ('served' as const) : ('failed' as const) })),
  )
  const seqs: number[] = []
  let before: number | undefined
  for (;;) {
    const page = listEvents(events, { outcomes: ['failed'] }, { before, limit: 7 })
    seqs.push(...page.items.map(({ seq }) => seq))
    if (page.next === null) break
    before = page.next
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 25 }, (_, at) => 79 - 2 * at),
  )
})
