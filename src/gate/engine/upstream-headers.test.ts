import assert from 'node:assert/strict'
import test from 'node:test'
import type { ApiRequest, Headers } from '../../core/mod.ts'
import { createFieldNames } from './field-names.ts'
import { upstreamHeaders, type UpstreamHeadersFacts } from './upstream-headers.ts'

const id = '0af7651916cd43dd8448eb211c80319c'

const request: ApiRequest = {
  id,
  traceId: id,
  spanId: '00f067aa0ba902b7',
  traceFlags: '01',
  receivedAtMs: 0,
  startedMs: 0,
  scheme: 'http',
  tls: null,
  protocol: 'HTTP/1.1',
  method: 'GET',
  host: 'a.test',
  authority: 'a.test:8080',
  path: '/',
  query: '',
  headers: [],
  peer: { address: '198.51.100.1', port: 1, clientIp: '198.51.100.1', trustedHop: null },
  bodyBytes: 0,
  headBytes: 0,
}

const own = [
  'x-forwarded-for',
  '198.51.100.1',
  'x-forwarded-proto',
  'http',
  'x-forwarded-host',
  'a.test:8080',
  'forwarded',
  'for=198.51.100.1;host="a.test:8080";proto=http',
  'x-request-id',
  id,
  'traceparent',
  `00-${id}-00f067aa0ba902b7-01`,
]

function sent(headers: Headers, facts: Partial<UpstreamHeadersFacts> = {}): string[] {
  return upstreamHeaders({
    request: { ...request, headers },
    plan: { strip: [], add: [] },
    names: createFieldNames(),
    trusted: false,
    connectionNames: [],
    hasBody: true,
    continuesTrace: false,
    ...facts,
  })
}

test('upstreamHeaders() keeps the caller’s host and end-to-end fields, and adds ours', () => {
  const kept = ['accept', '*/*', 'authorization', 'Bearer x', 'content-length', '3', 'x-custom', 'ü']
  assert.deepEqual(sent(['host', 'A.test:8080', ...kept]), ['host', 'a.test:8080', ...kept, ...own])
})

function cookieOf(cookie: string): string | undefined {
  const fields = sent(['cookie', cookie])
  const at = fields.indexOf('cookie')
  return at < 0 ? undefined : fields[at + 1]
}

test('upstreamHeaders() leaves out the cookies of the console, and no others', () => {
  assert.equal(cookieOf('a=1; gths=secret; b=2'), 'a=1; b=2')
  assert.equal(cookieOf('__Host-gths=secret;a=1'), 'a=1')
  assert.equal(cookieOf('gths=secret'), undefined)
  assert.equal(cookieOf('mygths=1; gthsx=2'), 'mygths=1; gthsx=2')
})

test('upstreamHeaders() leaves out hop-by-hop fields and those that Connection names', () => {
  const hops = [
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'expect',
    'http2-settings',
  ]
  const headers = [...hops, 'x-hop'].flatMap((name) => [name, 'x'])
  assert.deepEqual(sent(headers, { connectionNames: ['x-hop'] }), ['host', 'a.test:8080', ...own])
})

test('upstreamHeaders() leaves out what a peer that is not trusted says of its origin', () => {
  const names = [
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-anything',
    'x-real-ip',
    'client-cert',
    'x-original-url',
    'x-original-uri',
    'x-original-method',
    'x-envoy-external-address',
    'x-azure-clientip',
    'x-appengine-user-ip',
    'x-request-id',
    'traceparent',
    'tracestate',
  ]
  assert.deepEqual(sent(names.flatMap((name) => [name, 'x'])), ['host', 'a.test:8080', ...own])
})

test('upstreamHeaders() continues what a trusted hop says', () => {
  const came = [
    'x-forwarded-for',
    '203.0.113.1',
    'forwarded',
    'for=203.0.113.1',
    'x-forwarded-proto',
    'https',
    'x-real-ip',
    '203.0.113.1',
  ]
  const headers = sent(came, { trusted: true })
  assert.deepEqual(headers, [
    'host',
    'a.test:8080',
    'x-real-ip',
    '203.0.113.1',
    'x-forwarded-for',
    '203.0.113.1, 198.51.100.1',
    'x-forwarded-proto',
    'https',
    'x-forwarded-host',
    'a.test:8080',
    'forwarded',
    'for=203.0.113.1, for=198.51.100.1;host="a.test:8080";proto=http',
    ...own.slice(8),
  ])
})

test('upstreamHeaders() keeps credentials here that are to be stripped, and lets ours replace the client’s', () => {
  const plan = { strip: ['authorization'], add: ['x-consumer', 'acme'] }
  const headers = ['authorization', 'x', 'x-api-key', 'y', 'x-consumer', 'root', 'x-consumer', 'admin']
  assert.deepEqual(sent(headers, { plan }), ['host', 'a.test:8080', 'x-api-key', 'y', ...own, 'x-consumer', 'acme'])
})

test('upstreamHeaders() keeps tracestate with a trace that is continued, and quotes IPv6', () => {
  const peer = { ...request.peer, address: '2001:db8::1' }
  const headers = sent([], { request: { ...request, headers: ['tracestate', 'a=b'], peer }, continuesTrace: true })
  assert.deepEqual(headers.slice(0, 4), ['host', 'a.test:8080', 'tracestate', 'a=b'])
  assert.ok(headers.includes('for="[2001:db8::1]";host="a.test:8080";proto=http'))
})
