import assert from 'node:assert/strict'
import test from 'node:test'
import { parseDefect, remainsOf } from './parse-failure.ts'

function failure(code: string, packet: string, bytesParsed = 0): Error {
  return Object.assign(new Error('x'), { code, rawPacket: Buffer.from(packet, 'latin1'), bytesParsed })
}

function reasonOf(error: Error): string {
  return parseDefect(error, { urlBytesMax: 20 }).reason
}

test('parseDefect() tells a URL that is too long from fields that are too large', () => {
  assert.equal(reasonOf(failure('HPE_HEADER_OVERFLOW', `GET /${'a'.repeat(30)}`)), 'url_too_long')
  assert.equal(reasonOf(failure('HPE_HEADER_OVERFLOW', `GET / HTTP/1.1\r\nX: ${'a'.repeat(30)}`)), 'headers_too_large')
  assert.equal(reasonOf(failure('HPE_HEADER_OVERFLOW', 'a'.repeat(50))), 'headers_too_large')
})

test('parseDefect() tells another version from a broken one', () => {
  assert.equal(reasonOf(failure('HPE_INVALID_VERSION', 'GET / HTTP/1.2\r\n', 14)), 'version_not_supported')
  assert.equal(reasonOf(failure('HPE_INVALID_VERSION', 'GET / HTTP/1.1\n\n', 15)), 'malformed')
  assert.equal(reasonOf(failure('HPE_INVALID_VERSION', 'GET / HTTP/x\r\n', 11)), 'malformed')
  assert.equal(reasonOf(failure('HPE_PAUSED_H2_UPGRADE', 'PRI * HTTP/2.0\r\n')), 'version_not_supported')
})

test('parseDefect() knows time-outs and clients that left', () => {
  assert.equal(reasonOf(failure('ERR_HTTP_REQUEST_TIMEOUT', '')), 'request_timeout')
  assert.equal(reasonOf(failure('HPE_INVALID_EOF_STATE', '')), 'client_abort')
  assert.equal(reasonOf(failure('HPE_ANYTHING', '')), 'malformed')
})

test('remainsOf() reads what there is of a head', () => {
  assert.deepEqual(remainsOf(Buffer.from('GET /a?b HTTP/1.1\r\nX: (\r\nHost: A.test:80\r\n\r\n')), {
    method: 'GET',
    httpVersion: '1.1',
    target: '/a?b',
    host: 'a.test',
  })
  const nothing = { method: '', httpVersion: '', target: '', host: '' }
  assert.deepEqual(remainsOf(Buffer.from([22, 3, 1, 2, 0, 1])), nothing)
  assert.deepEqual(remainsOf(null), nothing)
})
