import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeBundle, parseBundle, readBundle } from './entry-bundle.ts'

const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 30 })

test('parseBundle() is the inverse of encodeBundle(), and bundles join', () => {
  fc.assert(
    fc.property(entries, entries, (first, second) => {
      const joined = Buffer.concat([encodeBundle(first), encodeBundle(second)])
      assert.deepEqual(joined, Buffer.from(encodeBundle([...first, ...second])))
      assert.deepEqual(
        parseBundle(joined, first.length + second.length).map((entry) => [...entry]),
        [...first, ...second].map((entry) => [...entry]),
      )
    }),
  )
})

test('readBundle() hands out what stands before a cut, and says where it is', () => {
  const bundle = encodeBundle([Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)])
  const counts = Array.from(
    { length: bundle.length + 1 },
    (_, length) => readBundle(bundle.subarray(0, length), 3).entries.length,
  )
  assert.deepEqual(counts, [0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3])
  assert.deepEqual(readBundle(bundle.subarray(0, 6), 3).damage, { offset: 5, detail: 'Entry 1 has half a length' })
  assert.deepEqual(readBundle(bundle.subarray(0, 9), 3).damage, { offset: 7, detail: 'Entry 2 ends after the bundle' })
  assert.deepEqual(readBundle(bundle.subarray(0, 7), 3).damage, { offset: 7, detail: 'Entry 2 is missing' })
})

test('parseBundle() refuses cut bundles and bytes after the last entry', () => {
  const bundle = encodeBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)])
  for (let length = 0; length < bundle.length; length++)
    assert.throws(() => parseBundle(bundle.subarray(0, length), 2), { code: 'malformed' })
  assert.throws(() => parseBundle(bundle, 1), { code: 'malformed' })
})

test('encodeBundle() refuses an entry of more than 65,535 bytes', () => {
  assert.equal(encodeBundle([new Uint8Array(65_535)]).length, 65_537)
  assert.throws(() => encodeBundle([new Uint8Array(65_536)]), { code: 'out_of_range' })
})
