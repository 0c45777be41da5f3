import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from './sha256.ts'
import { encodeHex, encodeUtf8 } from './text.ts'

const reference = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('sha256() gives the digests of FIPS 180-4', () => {
  assert.equal(encodeHex(sha256(encodeUtf8('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(encodeHex(sha256(encodeUtf8(''))), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('sha256() agrees with node:crypto at every length around the blocks', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 0xff)
    assert.equal(encodeHex(sha256(bytes)), reference(bytes), `length ${length}`)
  }
})

test('sha256() agrees with node:crypto on anything', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      assert.equal(encodeHex(sha256(bytes)), reference(bytes))
    }),
  )
})
