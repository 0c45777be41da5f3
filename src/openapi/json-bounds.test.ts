import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { jsonBreach, type JsonBounds } from './json-bounds.ts'

const roomy: JsonBounds = {
  depthMax: 128,
  membersMax: null,
  stringBytesMax: null,
  duplicateKeys: 'refuse',
  protoKeys: 'refuse',
}

function breach(text: string, bounds: Partial<JsonBounds> = {}): string | null {
  return jsonBreach(Buffer.from(text), { ...roomy, ...bounds })
}

test('jsonBreach() tells depth, members and long texts', () => {
  assert.equal(breach('['.repeat(129)), 'depth')
  assert.equal(breach(`${'['.repeat(128)}${']'.repeat(128)}`), null)
  assert.equal(breach('"[[[["', { depthMax: 1 }), null, 'brackets in a text are text')
  assert.equal(breach('[1,2,3,4]', { membersMax: 3 }), 'members')
  assert.equal(breach('[1,2,3,4]', { membersMax: 4 }), null)
  assert.equal(breach('["abcd"]', { stringBytesMax: 3 }), 'stringBytes')
  assert.equal(breach('["a\\"b"]', { stringBytesMax: 4 }), null)
})

test('jsonBreach() sees a name that stands twice however it is written, and in its own map alone', () => {
  assert.equal(breach('{"a":1,"b":{"a":2},"a":3}'), 'duplicateKey')
  assert.equal(breach('{"a":1 , "\\u0061" : 3}'), 'duplicateKey')
  assert.equal(breach('{"a":"a","b":["a","a"],"c":{"a":1}}'), null)
  assert.equal(breach('{"a":1,"a":3}', { duplicateKeys: 'allow' }), null)
})

test('jsonBreach() sees names that change the prototypes of others', () => {
  assert.equal(breach('{"__proto__":{}}'), 'protoKey')
  assert.equal(breach('{"\\u005f_proto__":{}}'), 'protoKey')
  assert.equal(breach('{"constructor":{"prototype":{}}}'), 'protoKey')
  assert.equal(breach('{"constructor":"prototype","x":"__proto__"}'), null)
})

test('jsonBreach() finds nothing in what a writer of JSON writes, and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      assert.equal(breach(text, { protoKeys: 'allow' }), null)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void jsonBreach(bytes, roomy)))
})
