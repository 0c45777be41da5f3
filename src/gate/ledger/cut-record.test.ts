import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { decodeAccessEvent, emptyEvent, encodeAccessEvent } from '../../core/mod.ts'
import { cutBytesMin, cutRecord } from './cut-record.ts'

const hostile = fc.string({ unit: fc.constantFrom('a', '"', '\u0001', '€', '🙂', '\ud800'), maxLength: 4000 })

test('cutRecord() fits any event into any room, and keeps who, when and how it ended', () => {
  fc.assert(
    fc.property(
      hostile,
      fc.array(hostile, { maxLength: 12 }),
      fc.integer({ min: cutBytesMin, max: 20_000 }),
      (text, list, bytesMax) => {
        const limit = {
          name: text,
          per: 'ip',
          limit: 1,
          windowMs: 1,
          used: 1,
          resetMs: 1,
          admitted: true,
          coarser: false,
        }
        const event = {
          ...emptyEvent,
          id: 'f'.repeat(32),
          path: text,
          query: text,
          userAgent: text,
          note: text,
          host: text,
          scopesHeld: list,
          limits: [limit, limit],
          status: 418,
        }
        const cut = cutRecord(encodeAccessEvent(event), bytesMax)
        assert.ok(Buffer.byteLength(cut) <= bytesMax)
        const { id, status, outcome } = decodeAccessEvent(Buffer.from(cut))
        assert.deepEqual({ id, status, outcome }, { id: event.id, status: 418, outcome: 'aborted' })
      },
    ),
    { numRuns: 60 },
  )
})

test('cutRecord() says how long a text was', () => {
  const json = encodeAccessEvent({ ...emptyEvent, query: 'q'.repeat(2000), path: '/short' })
  const cut = decodeAccessEvent(Buffer.from(cutRecord(json, cutBytesMin)))
  assert.equal(cut.query, `${'q'.repeat(512)}…(2000)`)
  assert.equal(cut.path, '/short')
})

test('cutRecord() keeps the length of a text that was cut before', () => {
  const json = encodeAccessEvent({ ...emptyEvent, query: 'q'.repeat(5000) })
  assert.equal(decodeAccessEvent(Buffer.from(cutRecord(json, cutBytesMin))).query, `${'q'.repeat(512)}…(5000)`)
})
