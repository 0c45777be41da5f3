import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { mintApiKey } from './api-key.ts'
import { createKeyHasher, equalHex } from './key-hasher.ts'

const hmac = (pepper: Uint8Array, key: string): string => createHmac('sha256', pepper).update(key).digest('hex')
const pepperOfAnyLength = fc.uint8Array({ minLength: 1, maxLength: 130 })

test('createKeyHasher() gives HMAC-SHA-256 for keys, whatever the pepper and whatever was hashed before', () => {
  fc.assert(
    fc.property(pepperOfAnyLength, fc.constantFrom('live', 'test'), (pepper, environment) => {
      const hasher = createKeyHasher(pepper)
      for (let i = 0; i < 3; i++) {
        const { key } = mintApiKey(environment)
        assert.equal(hasher(key), hmac(pepper, key))
      }
    }),
  )
})

test('createKeyHasher() gives HMAC-SHA-256 for any text, also one of 72 characters that are not bytes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('a', 'é', '中', '\ud800'), minLength: 70, maxLength: 72 }),
  )
  fc.assert(
    fc.property(pepperOfAnyLength, text, (pepper, key) => {
      assert.equal(createKeyHasher(pepper)(key), hmac(pepper, key))
    }),
  )
})

test('createKeyHasher() leaves the pepper as it was', () => {
  const pepper = new Uint8Array(32).fill(7)
  createKeyHasher(pepper)(mintApiKey('live').key)
  assert.deepEqual(pepper, new Uint8Array(32).fill(7))
})

test('equalHex() is equality', () => {
  const hex = fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f'), maxLength: 3 })
  fc.assert(fc.property(hex, hex, (a, b) => assert.equal(equalHex(a, b), a === b)))
  const long = 'a'.repeat(64)
  assert.equal(equalHex(long, `${'a'.repeat(63)}b`), false)
  assert.equal(equalHex(long, long.toUpperCase()), false)
})
