import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type AccessEvent, type ApiRequest, encodeAccessEvent, type Route, TextWriter } from '../core/mod.ts'
import { type Draft, draftOf, recordBytesMax } from './handle-record.ts'

const id = '0af7651916cd43dd8448eb211c80319c'
const address = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'

function requestOf(changes: Partial<ApiRequest> = {}): ApiRequest {
  return {
    id,
    traceId: id,
    spanId: '00f067aa0ba902b7',
    traceFlags: '01',
    receivedAtMs: 1_790_000_000_000,
    startedMs: 0,
    scheme: 'http',
    tls: null,
    protocol: 'HTTP/1.1',
    method: 'GET',
    host: 'a.test',
    authority: 'a.test',
    path: '/',
    query: '',
    headers: [],
    peer: { address, port: 65_535, clientIp: address, trustedHop: address },
    bodyBytes: 0,
    headBytes: 0,
    ...changes,
  }
}

const route: Route = {
  id: 'GET /v1/orders/{id}',
  methods: ['GET'],
  path: '/v1/orders/{id}',
  auth: ['api-key'],
  scopes: [],
  limits: [],
  bodyBytesMax: 0,
  deadlineMs: 0,
}

/** Everything else that an event of this request can say, at its longest. */
function longestOf(draft: Draft): AccessEvent {
  const limit = { name: 'a-name-of-24-characters-', per: 'credential', limit: 1e9, windowMs: 2_592_000_000, used: 1e9 }
  return {
    ...draft,
    kind: 'amended',
    opening: 'f'.repeat(16),
    durationUs: 1e12,
    upstreamFirstByteUs: 1e12,
    requestBytes: 1e12,
    responseBytes: 1e12,
    api: 'orders',
    route: route.id,
    mode: 'observe',
    durability: 'buffered',
    revision: 1e9,
    consumerId: id,
    consumer: 'A Company of Some Name',
    credentialId: id,
    identifiedBy: 'api-key',
    tls: { version: 'TLSv1.3', cipher: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', clientCert: 'f'.repeat(64) },
    scopesNeeded: ['orders:read'],
    scopesHeld: ['orders:read', 'orders:write'],
    limits: Array.from({ length: 8 }, () => ({ ...limit, resetMs: 2_592_000_000, admitted: false, coarser: false })),
    outcome: 'refused',
    reason: 'transfer_coding_not_supported',
    note: 'n'.repeat(200),
    wouldRefuse: 'transfer_coding_not_supported',
    status: 503,
    upstream: 'https://orders.internal.example:8443/v1',
    upstreamStatus: 599,
    attempts: 1,
    thread: 255,
    cut: { bytes: 99_999, sha256: 'f'.repeat(64) },
  }
}

function sizeOf(event: AccessEvent): number {
  const [shown, sealed] = [new TextWriter(new Uint8Array(65_536)), new TextWriter(new Uint8Array(65_536))]
  encodeAccessEvent(event, 'f'.repeat(16), { public: shown, sealed })
  assert.ok(shown.fits && sealed.fits)
  return shown.at + sealed.at
}

const hostile = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\u0001', '\n', 'ü', '€', '🙂', '\ud800', 'gthk_a', '%67'),
})
const callerText = fc.oneof(
  hostile,
  fc.array(hostile, { minLength: 300, maxLength: 400 }).map((parts) => parts.join('')),
)

test('recordBytesMax() is enough for whatever a caller sends', () => {
  fc.assert(
    fc.property(callerText, callerText, callerText, (path, query, agent) => {
      const draft = draftOf(requestOf({ path, query, host: agent, headers: ['user-agent', agent] }), 1, 0)
      assert.ok(sizeOf(longestOf(draft)) <= recordBytesMax(draft, { route, note: '' }))
      const defective: AccessEvent = { ...draft, note: agent, outcome: 'refused', reason: 'malformed', status: 400 }
      assert.ok(sizeOf(defective) <= recordBytesMax(draft, { route: null, note: agent }))
    }),
    { numRuns: 50 },
  )
})

function bytesOf(path: string, of: Route | null = route): number {
  return recordBytesMax(draftOf(requestOf({ path }), 1, 0), { route: of, note: '' })
}

test('recordBytesMax() grows by what the texts take, and no further than they are cut', () => {
  const bare = bytesOf('')
  assert.equal(bytesOf('/'.repeat(1_000)) - bare, 1_000)
  assert.equal(bytesOf('"'.repeat(1_000)) - bare, 2_000)
  assert.equal(bytesOf('ü'.repeat(1_000)) - bare, 2_000)
  assert.ok(bytesOf('/'.repeat(100_000)) - bare < 2_100)
  assert.ok(bare < 4_520, `${bare} bytes`)
  assert.ok(bytesOf('', null) < 2_520, 'a request that has no route needs no room for what a route says')
})

test('draftOf() and the record show no key of ours in any field, however it came there', () => {
  const hidden = 'A1b2C3d4E5f6_q8Zs0000000000000000000000000000000000'
  const keys = ['gthk_live_', 'gtha_', 'gths_'].map((prefix) => `${prefix}${hidden}`)
  const forms = keys.flatMap((key) => [
    key,
    `/x/${key}/y`,
    `?q=${key}`,
    `%67${key.slice(1)}`,
    `gth%${key.charCodeAt(3).toString(16).toUpperCase()}${key.slice(4).replaceAll('_', '%5F')}`,
    encoded(key, '%'),
    encoded(key, '%25'),
    encoded(key, '%2525'),
  ])
  for (const form of forms) {
    const texts = { method: form, host: form, authority: form, path: form, query: `a=1&q=${form}`, protocol: form }
    const draft = draftOf(requestOf({ ...texts, headers: ['user-agent', form, 'x-api-key', form] }), 1, 0)
    for (const [name, value] of Object.entries(draft)) assertHidden(JSON.stringify(value), `${name} of ${form}`)
    const event: AccessEvent = { ...draft, note: `CONNECT ${form}`, outcome: 'refused', reason: 'upgrade_refused' }
    const parts = { public: new Uint8Array(8192), sealed: new Uint8Array(8192) }
    const writers = { public: new TextWriter(parts.public), sealed: new TextWriter(parts.sealed) }
    encodeAccessEvent(event, 'f'.repeat(16), writers)
    for (const part of [parts.public, parts.sealed]) assertHidden(Buffer.from(part).toString(), form)
  }
})

/** Every character, each behind this mark. */
function encoded(key: string, mark: string): string {
  return Array.from(key, (char) => `${mark}${char.charCodeAt(0).toString(16)}`).join('')
}

/** Neither as it is nor after decoding as often as one likes. */
function assertHidden(shown: string, of: string): void {
  let text = shown
  for (let i = 0; i < 4; i++) {
    assert.ok(!text.includes('q8Zs'), `${of}: ${shown}`)
    text = text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}
