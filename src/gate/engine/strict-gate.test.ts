import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createAuthorities } from './authority.ts'
import { createFieldNames } from './field-names.ts'
import { examineHead, type ExaminedHead, type RequestHead } from './strict-gate.ts'

const tables = {
  limits: { urlBytesMax: 100, headerBytesMax: 400, headersMax: 10 },
  names: createFieldNames(),
  authorities: createAuthorities(80),
  scheme: 'http',
} as const

function examine(rawHeaders: readonly string[], head: Partial<RequestHead> = {}): ExaminedHead {
  return examineHead({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders, ...head }, tables)
}

function reasonOf(rawHeaders: readonly string[], head: Partial<RequestHead> = {}): string | null {
  return examine(rawHeaders, head).defect?.reason ?? null
}

const host = ['Host', 'a.test']

test('examineHead() gives a well-formed request in canonical form', () => {
  const head = examine([...host, 'Accept', '*/*', 'X-Custom', 'Ü'], { url: '/v1/%6frders?a=1?b', method: 'POST' })
  assert.deepEqual(
    { ...head, headers: [...head.headers] },
    {
      ...head,
      defect: null,
      host: 'a.test',
      authority: 'a.test',
      path: '/v1/orders',
      query: 'a=1?b',
      headers: ['host', 'a.test', 'accept', '*/*', 'x-custom', 'Ü'],
      bodyBytes: 0,
      expectsContinue: false,
      traceparent: null,
    },
  )
})

test('examineHead() refuses other versions with 505', () => {
  for (const httpVersion of ['0.9', '2.0', '1.2'])
    assert.equal(reasonOf(host, { httpVersion }), 'version_not_supported')
  assert.equal(reasonOf(host, { httpVersion: '1.0' }), null)
})

test('examineHead() counts bytes and fields itself', () => {
  assert.equal(reasonOf(host, { url: `/${'a'.repeat(99)}` }), null)
  assert.equal(reasonOf(host, { url: `/${'a'.repeat(100)}` }), 'url_too_long')
  assert.equal(reasonOf([...host, 'X', 'a'.repeat(400)]), 'headers_too_large')
  const nine = Array.from({ length: 9 }, () => ['x', '']).flat()
  assert.equal(reasonOf([...host, ...nine]), null)
  assert.equal(reasonOf([...host, ...nine, 'y', '']), 'headers_too_large')
})

test('examineHead() wants exactly one Host that is a host', () => {
  assert.equal(reasonOf([]), 'malformed')
  assert.equal(reasonOf([], { httpVersion: '1.0' }), 'malformed')
  assert.equal(reasonOf([...host, ...host]), 'malformed')
  assert.equal(reasonOf(['Host', '']), 'malformed')
  assert.equal(reasonOf(['Host', 'a@b']), 'malformed')
})

test('examineHead() takes the absolute form only for the authority of the Host field', () => {
  assert.equal(examine(host, { url: 'http://A.test:80/x?y' }).path, '/x')
  assert.equal(examine(host, { url: 'HTTP://a.test?y' }).query, 'y')
  assert.equal(reasonOf(host, { url: 'http://evil.test/' }), 'host_mismatch')
  assert.equal(reasonOf(host, { url: 'http://a.test:8080/' }), 'host_mismatch')
  assert.equal(reasonOf(host, { url: 'https://a.test/' }), 'host_mismatch')
  assert.equal(reasonOf(host, { url: 'http://u:p@a.test/' }), 'malformed')
  assert.equal(reasonOf(host, { url: 'http:///x' }), 'malformed')
  assert.equal(reasonOf(host, { url: 'ftp://a.test/' }), 'malformed')
  assert.equal(reasonOf(host, { url: 'http://a.test/../x' }), 'ambiguous_path')
})

test('examineHead() takes the asterisk form for OPTIONS only', () => {
  assert.equal(examine(host, { method: 'OPTIONS', url: '*' }).path, '*')
  assert.equal(reasonOf(host, { url: '*' }), 'malformed')
})

test('examineHead() refuses fragments and what is not visible ASCII', () => {
  assert.equal(reasonOf(host, { url: '/a#b' }), 'malformed')
  assert.equal(reasonOf(host, { url: '/a?b#c' }), 'malformed')
  assert.equal(reasonOf(host, { url: '/a?é' }), 'malformed')
  assert.equal(reasonOf(host, { url: '/a?{x}|[y]' }), null)
})

test('examineHead() knows where the body ends, or refuses', () => {
  const post = { method: 'POST' }
  assert.equal(examine([...host, 'Content-Length', '12'], post).bodyBytes, 12)
  assert.equal(examine([...host, 'Transfer-Encoding', 'Chunked'], post).bodyBytes, null)
  assert.equal(reasonOf([...host, 'Content-Length', '1', 'Content-Length', '1'], post), 'malformed')
  for (const length of ['', '-1', '+1', '0x1', '1,1', '1e3', '9'.repeat(16)]) {
    assert.equal(reasonOf([...host, 'Content-Length', length], post), 'malformed', length)
  }
  assert.equal(reasonOf([...host, 'Content-Length', '1', 'Transfer-Encoding', 'chunked'], post), 'malformed')
  assert.equal(reasonOf([...host, 'Transfer-Encoding', 'chunked'], { ...post, httpVersion: '1.0' }), 'malformed')
})

test('examineHead() knows no transfer coding but chunked', () => {
  const post = { method: 'POST' }
  for (const coding of ['gzip', 'gzip, chunked', 'xchunked', 'identity', '']) {
    assert.equal(reasonOf([...host, 'Transfer-Encoding', coding], post), 'transfer_coding_not_supported', coding)
  }
  for (const coding of ['chunked, identity', 'chunked,chunked']) {
    assert.equal(reasonOf([...host, 'Transfer-Encoding', coding], post), 'malformed', coding)
  }
  assert.equal(reasonOf([...host, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'], post), 'malformed')
})

test('examineHead() takes no body with GET, HEAD and TRACE', () => {
  for (const method of ['GET', 'HEAD', 'TRACE']) {
    assert.equal(reasonOf([...host, 'Content-Length', '1'], { method }), 'body_not_allowed')
    assert.equal(reasonOf([...host, 'Transfer-Encoding', 'chunked'], { method }), 'body_not_allowed')
    assert.equal(reasonOf([...host, 'Content-Length', '0'], { method }), null)
  }
  assert.equal(reasonOf([...host, 'Content-Length', '1'], { method: 'DELETE' }), null)
})

test('examineHead() refuses repeated credentials', () => {
  assert.equal(reasonOf([...host, 'Authorization', 'a', 'authorization', 'a']), 'invalid_request')
  assert.equal(reasonOf([...host, 'X-API-Key', 'a', 'x-api-key', 'b']), 'invalid_request')
  assert.equal(reasonOf([...host, 'Authorization', 'a', 'X-API-Key', 'b']), null)
})

test('examineHead() refuses names with an underscore', () => {
  assert.equal(reasonOf([...host, 'X_API_Key', 'a']), 'malformed')
})

test('examineHead() refuses a Connection field that names an end-to-end field', () => {
  for (const named of [
    'X-API-Key',
    'authorization',
    'content-length',
    'Host',
    'cookie',
    'x-forwarded-for',
    'close, Accept',
  ]) {
    assert.equal(reasonOf([...host, 'Connection', named]), 'malformed', named)
  }
  assert.deepEqual(examine([...host, 'Connection', 'close, X-Hop,, Keep-Alive']).connectionNames, ['x-hop'])
  assert.equal(reasonOf([...host, 'Connection', 'close, X-Hop']), null)
})

test('examineHead() refuses upgrades and expectations other than 100-continue', () => {
  assert.equal(reasonOf([...host, 'Connection', 'Upgrade', 'Upgrade', 'websocket']), 'upgrade_refused')
  assert.equal(reasonOf([...host, 'Expect', 'tea']), 'expectation_failed')
  const post = { method: 'POST' }
  assert.equal(examine([...host, 'Expect', '100-Continue', 'Content-Length', '1'], post).expectsContinue, true)
  assert.equal(examine([...host, 'Expect', '100-continue'], post).expectsContinue, false)
  const old = examine([...host, 'Expect', '100-continue', 'Content-Length', '1'], { ...post, httpVersion: '1.0' })
  assert.equal(old.expectsContinue, false)
})

test('examineHead() keeps one traceparent and forgets repeated ones', () => {
  assert.equal(examine([...host, 'traceparent', 'x']).traceparent, 'x')
  assert.equal(examine([...host, 'traceparent', 'x', 'Traceparent', 'x']).traceparent, '')
})

test('examineHead() never throws, and never lets a path pass that is not canonical', () => {
  const name = fc.constantFrom(
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Expect',
    'X',
    'X_Y',
    'Authorization',
  )
  const value = fc.oneof(
    fc.constantFrom('a.test', 'chunked', '1', 'close', '100-continue'),
    fc.string({ maxLength: 10 }),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 8 }),
      fc.webPath(),
      fc.string({ maxLength: 8 }),
      (fields, path, tail) => {
        const head = examine(fields.flat(), { method: 'POST', url: `${path}${tail}` })
        assert.equal(head.headers.length, fields.length * 2)
        if (head.defect !== null) return
        assert.match(head.path, /^\/[\w.~!$&'()*+,;=:@/%-]*$/)
        assert.ok(head.host !== '' && (head.bodyBytes === null || head.bodyBytes >= 0))
      },
    ),
    { numRuns: 1_000 },
  )
})
