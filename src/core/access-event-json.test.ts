import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { emptyEvent } from './access-event-empty.ts'
import { decodeAccessEvent, encodeAccessEvent } from './access-event-json.ts'

const encoder = new TextEncoder()

test('encodeAccessEvent() gives JSON that decodes to the same event, whatever a caller sends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }), (hostile, plain) => {
      const event = {
        ...emptyEvent,
        path: hostile,
        query: plain,
        userAgent: hostile,
        note: plain,
        scopesHeld: [hostile, plain],
        limits: [
          { name: hostile, per: 'ip', limit: 1, windowMs: 2, used: 3, resetMs: 4, admitted: true, coarser: false },
        ],
      }
      assert.deepEqual(decodeAccessEvent(encoder.encode(encodeAccessEvent(event))), {
        ...event,
      })
    }),
  )
})

test('encodeAccessEvent() cuts a long field and says how long it was', () => {
  const event = decodeAccessEvent(encoder.encode(encodeAccessEvent({ ...emptyEvent, query: 'q'.repeat(5000) })))
  assert.equal(event.query, `${'q'.repeat(2048)}…(5000)`)
})
