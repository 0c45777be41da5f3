import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import {
  type AccessEvent,
  decodeAccessEvent,
  decodeAuditEvent,
  emptyEvent,
  encodeAccessEvent,
  fieldCharsMax,
  joinAccessEvent,
  joinAuditEvent,
  TextWriter,
} from '../../core/mod.ts'
import { assertCanonicalObject } from '../../tlog/mod.ts'
import { cutBytesMin, type TextPlace, writeAccessEvent, writeAuditEvent } from './cut-event.ts'
import { textBytesMax } from './seal/layout.ts'
import { auditOf } from './test/support.ts'

const hostile = fc.string({ unit: fc.constantFrom('a', '"', '\u0001', '€', '🙂', '\ud800'), maxLength: 4000 })

/** Room for the texts of one record, as a sealer has it. */
function place(): TextPlace & { readonly public: Buffer; readonly sealed: Buffer } {
  const [shown, hidden] = [Buffer.alloc(32_768), Buffer.alloc(32_768)]
  const parts = { public: new TextWriter(shown), sealed: new TextWriter(hidden) }
  return {
    begin: (charsMax) => {
      for (const part of [parts.public, parts.sealed]) Object.assign(part, { at: 0, charsMax })
      return parts
    },
    get textBytes() {
      return parts.public.fits && parts.sealed.fits ? parts.public.at + parts.sealed.at : Number.POSITIVE_INFINITY
    },
    get public() {
      return shown.subarray(0, parts.public.at)
    },
    get sealed() {
      return hidden.subarray(0, parts.sealed.at)
    },
  }
}

function written(event: AccessEvent, bytesMax: number): AccessEvent {
  const texts = place()
  writeAccessEvent(event, '00', { place: texts, bytesMax })
  assert.ok(texts.textBytes <= bytesMax)
  assertCanonicalObject(texts.public)
  assertCanonicalObject(texts.sealed)
  return decodeAccessEvent(joinAccessEvent(texts.public, texts.sealed))
}

test('writeAccessEvent() fits any event into any room, and keeps who, when and how it ended', () => {
  fc.assert(
    fc.property(
      hostile,
      fc.array(hostile, { maxLength: 12 }),
      fc.integer({ min: cutBytesMin, max: 20_000 }),
      (text, list, bytesMax) => {
        const reading = { per: 'ip', limit: 1, windowMs: 1, used: 1, resetMs: 1, admitted: true, coarser: false }
        const limit = { name: text, ...reading }
        const texts = {
          path: text,
          query: text,
          userAgent: text,
          note: text,
          host: text,
          method: text,
          api: text,
          route: text,
        }
        const id = 'f'.repeat(32)
        const event = {
          ...emptyEvent,
          ...texts,
          id,
          scopesHeld: list,
          unknown: list,
          limits: [limit, limit],
          status: 418,
        }
        const { status, outcome, ...rest } = written(event, bytesMax)
        assert.deepEqual({ id: rest.id, status, outcome }, { id, status: 418, outcome: 'aborted' })
      },
    ),
    { numRuns: 60 },
  )
})

test('writeAccessEvent() says how long a text was, and gives size and digest of the whole', () => {
  const event = { ...emptyEvent, query: 'q'.repeat(5000), path: '/short' }
  const cut = written(event, textBytesMax)
  assert.equal(cut.query, `${'q'.repeat(fieldCharsMax)}…(5000)`)
  assert.equal(cut.path, '/short')
  const memory = Buffer.alloc(65_536)
  const parts = { public: new TextWriter(Buffer.alloc(65_536)), sealed: new TextWriter(memory) }
  for (const part of [parts.public, parts.sealed]) part.charsMax = Number.POSITIVE_INFINITY
  encodeAccessEvent(event, '00', parts)
  const whole = memory.subarray(0, parts.sealed.at)
  assert.deepEqual(cut.cut, { bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') })
})

test('writeAccessEvent() cuts deterministically, and an event that was cut before keeps what it said of the whole', () => {
  const event = { ...emptyEvent, query: 'q'.repeat(5000), note: 'n'.repeat(3000) }
  const once = written(event, textBytesMax)
  assert.deepEqual(written(event, textBytesMax), once)
  const again = written({ ...once, kind: 'amended' }, cutBytesMin)
  assert.equal(again.query, `${'q'.repeat(512)}…(5000)`)
  assert.deepEqual(again.cut, once.cut)
})

test('writeAccessEvent() marks nothing as cut that is whole', () => {
  assert.equal(
    written({ ...emptyEvent, query: 'q'.repeat(fieldCharsMax), note: 'n'.repeat(2000) }, textBytesMax).cut,
    null,
  )
})

test('writeAuditEvent() keeps an event of any length, and the digest of what it cannot hold', () => {
  const texts = place()
  const given = { boot: '00', salt: 'ff'.repeat(16) }
  const changes = Array.from({ length: 2000 }, (_, i) => `change ${i} ${'x'.repeat(500)}`)
  writeAuditEvent({ ...auditOf('policy.changed', ''), details: { changes } }, given, {
    place: texts,
    bytesMax: textBytesMax,
  })
  assert.ok(texts.textBytes <= textBytesMax)
  const event = decodeAuditEvent(joinAuditEvent(texts.public, texts.sealed))
  assert.equal(event.kind, 'policy.changed')
  assert.match(String(event.details['cut']), /^[0-9a-f]{64}$/)
})
