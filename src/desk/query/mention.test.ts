import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { mentionIn } from './mention.ts'

const id = '0123456789abcdef0123456789abcdef'

test('mentionIn() finds kind and id of a record, whatever else its texts hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('opened', 'request', 'amended'), (text, kind) => {
      const trap = `"id":"ffff"${text}"kind":"opened"`
      const bytes = Buffer.from(JSON.stringify({ path: trap, kind, list: [trap, '"id":"'], id, query: trap }))
      assert.deepEqual(mentionIn(bytes), { requestId: id, kind })
    }),
  )
})

test('mentionIn() answers null for what is no record of a request', () => {
  for (const text of [
    '',
    '{}',
    '{"kind":"request"}',
    `{"id":"${id}"}`,
    `{"kind":"other","id":"${id}"}`,
    '{"kind":"request","id":"x"}',
  ])
    assert.equal(mentionIn(Buffer.from(text)), null, text)
})
