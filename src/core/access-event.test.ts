import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { decodeAccessEvent, joinAccessEvent, openingOf } from './access-event-decode.ts'
import { emptyEvent } from './access-event-empty.ts'
import { encodeAccessEvent } from './access-event-encode.ts'
import type { AccessEvent } from './access-event.ts'
import { TextWriter } from './text-writer.ts'

const boot = '0123456789abcdef'

function partsOf(event: AccessEvent): { readonly public: Uint8Array; readonly sealed: Uint8Array } {
  const [shown, hidden] = [new Uint8Array(200_000), new Uint8Array(200_000)]
  const parts = { public: new TextWriter(shown), sealed: new TextWriter(hidden) }
  encodeAccessEvent(event, boot, parts)
  assert.ok(parts.public.fits && parts.sealed.fits)
  return { public: shown.subarray(0, parts.public.at), sealed: hidden.subarray(0, parts.sealed.at) }
}

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((value) => value.toWellFormed()),
  fc.constantFrom('GET', 'a b', '"', '\\', '\u0000', '€🙂', '%5f', '__proto__', '…(7)'),
)
const orNull = fc.option(text)
const count = fc.oneof(
  fc.nat(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999, 1_000_000, 2 ** 32 - 1, 2 ** 32),
)
const list = fc.array(text, { maxLength: 4 })
const hexOf = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: digits, maxLength: digits })

const anyEvent: fc.Arbitrary<AccessEvent> = fc.record(
  {
    kind: fc.constantFrom('opened', 'request', 'amended'),
    opening: fc.option(hexOf(16)),
    id: text,
    traceId: text,
    receivedAtMs: count,
    durationUs: count,
    upstreamFirstByteUs: fc.option(count),
    peer: text,
    peerPort: count,
    clientIp: text,
    trustedHop: orNull,
    userAgent: orNull,
    scheme: text,
    tls: fc.option(fc.record({ version: text, cipher: text, clientCert: orNull }, { noNullPrototype: true })),
    protocol: text,
    method: text,
    host: text,
    path: text,
    query: text,
    requestBytes: count,
    responseBytes: count,
    api: orNull,
    route: orNull,
    mode: fc.constantFrom('observe', 'enforce', null),
    durability: fc.constantFrom('durable', 'buffered', null),
    revision: count,
    consumerId: orNull,
    consumer: orNull,
    credentialId: orNull,
    identifiedBy: orNull,
    scopesNeeded: list,
    scopesHeld: list,
    role: orNull,
    limits: fc.array(
      fc.record(
        {
          name: text,
          per: text,
          limit: count,
          windowMs: count,
          used: count,
          resetMs: count,
          admitted: fc.boolean(),
          coarser: fc.boolean(),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    outcome: fc.constantFrom('served', 'refused', 'failed', 'aborted'),
    reason: fc.constantFrom('quota_exceeded', null),
    note: text,
    wouldRefuse: fc.constantFrom('no_route', null),
    status: count,
    upstream: orNull,
    upstreamStatus: fc.option(count),
    attempts: count,
    thread: count,
    unknown: list,
    facts: fc.option(
      fc.record(
        {
          asked: list,
          given: list,
          givenCount: count,
          login: orNull,
          requestShape: orNull,
          responseShape: orNull,
          requestFields: list,
          responseFields: list,
          requestClasses: list,
          responseClasses: list,
          errors: list,
          skipped: list,
        },
        { noNullPrototype: true },
      ),
    ),
    signatures: list,
    cut: fc.option(fc.record({ bytes: count, sha256: hexOf(64) }, { noNullPrototype: true })),
  },
  { noNullPrototype: true },
)

test('an event is the same after both its parts were written, joined and read', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const parts = partsOf(event)
      assert.deepEqual(decodeAccessEvent(joinAccessEvent(parts.public, parts.sealed)), event)
      assert.deepEqual(decodeAccessEvent(parts.public, parts.sealed), event)
    }),
    { numRuns: 500 },
  )
})

test('encodeAccessEvent() shows of a request what it did and when, and nothing of who and with what', () => {
  const event: AccessEvent = {
    ...emptyEvent,
    id: 'canary-id',
    peer: 'canary-peer',
    clientIp: 'canary-ip',
    userAgent: 'canary-agent',
    host: 'canary-host',
    path: '/canary-path',
    query: 'canary=query',
    consumer: 'canary-consumer',
    consumerId: 'canary-consumer-id',
    credentialId: 'canary-credential',
    method: 'CANARY',
    note: 'canary-note',
    api: 'orders',
    route: 'GET /v1/orders/{id}',
    receivedAtMs: 1_790_000_000_000,
    durationUs: 12_999,
    status: 200,
    outcome: 'served',
  }
  const shown = Buffer.from(partsOf(event).public).toString()
  assert.equal(
    shown,
    `{"b":"${boot}","d":"served","k":"request","ms":12,"rt":"orders GET /v1/orders/{id}","st":200,"t":1790000000000}`,
  )
})

test('an event whose key is gone keeps what is public, and names what is unknown', () => {
  const event = { ...emptyEvent, id: 'x', method: 'GET', api: 'a', route: 'GET /', status: 404, path: '/x', thread: 3 }
  const { method, api, route, status, path, unknown } = decodeAccessEvent(joinAccessEvent(partsOf(event).public, null))
  assert.deepEqual([method, api, route, status, path], ['GET', 'a', 'GET /', 404, ''])
  assert.ok(['id', 'path', 'clientIp', 'consumerId'].every((name) => unknown.includes(name)))
  assert.ok(['kind', 'status', 'route', 'unknown'].every((name) => !unknown.includes(name)))
})

test('keys and tokens of ours are masked wherever a caller put them, percent-encoded too', () => {
  const secret = 'A1b2C3d4E5f6_q8Zs0000000000000000000000000000000000000000000000'
  const carriers = [
    `gthk_live_${secret}`,
    `x gthk_test_${secret} y`,
    `gtha_${secret}`,
    `gths_${secret}`,
    `a=%2567thk%255Flive_${secret}`,
    `a=gthk%5Flive%5F${secret}`,
    `a=%67thk_live_${secret}`,
    `a=gt%68k_live_${secret.replaceAll('0', '%30')}`,
  ]
  for (const carrier of carriers) {
    for (const name of ['path', 'query', 'userAgent', 'host', 'note', 'method'] as const) {
      const sealed = Buffer.from(partsOf({ ...emptyEvent, [name]: carrier }).sealed).toString()
      assert.ok(!sealed.includes('q8Zs'), `${name}: ${sealed}`)
      assert.match(sealed, /\*\*\*/)
    }
  }
  for (const [query, shown] of [
    ['length=1%5f', 'length=1%5f'],
    [`a=1&b=%67thk_live_${secret}&c=%2f`, 'a=1&b=gthk_***&c=%2f'],
    ['gthk_***', 'gthk_***'],
  ] as const) {
    const parts = partsOf({ ...emptyEvent, query })
    assert.equal(decodeAccessEvent(parts.public, parts.sealed).query, shown)
  }
})

test('openingOf() tells the mark of an answer that was begun, and none of any other record', () => {
  const opening = '00112233aabbccdd'
  assert.deepEqual(openingOf(partsOf({ ...emptyEvent, kind: 'opened', opening }).public), { kind: 'opened', opening })
  assert.deepEqual(openingOf(partsOf({ ...emptyEvent, opening }).public), { kind: 'request', opening })
  assert.equal(openingOf(partsOf({ ...emptyEvent, api: 'x', route: 'GET /"o":"' }).public), null)
  assert.equal(openingOf(new TextEncoder().encode('no JSON')), null)
})
