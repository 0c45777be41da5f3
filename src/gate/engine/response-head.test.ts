import assert from 'node:assert/strict'
import test from 'node:test'
import { readResponseHead } from './response-head.ts'

function read(...fields: string[]): ReturnType<typeof readResponseHead> {
  return readResponseHead(fields.map((field) => Buffer.from(field, 'latin1')))
}

test('readResponseHead() keeps end-to-end fields in order, repeated ones too, byte for byte', () => {
  assert.deepEqual(read('Set-Cookie', 'a=1', 'ETag', '"ü"', 'set-cookie', 'b=2', 'Content-Length', '12'), {
    headers: ['set-cookie', 'a=1', 'etag', '"ü"', 'set-cookie', 'b=2'],
    contentLength: 12,
  })
})

test('readResponseHead() drops hop-by-hop fields and those that Connection names', () => {
  const head = read(
    'Connection',
    'close, X-Hop',
    'Keep-Alive',
    'x',
    'X-Hop',
    '1',
    'Transfer-Encoding',
    'chunked',
    'Trailer',
    'x',
    'Upgrade',
    'h2c',
    'Date',
    'now',
  )
  assert.deepEqual(head, { headers: ['date', 'now'], contentLength: null })
})
