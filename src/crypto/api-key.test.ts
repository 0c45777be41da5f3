import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { apiKeyPattern, mintApiKey, parseApiKey } from './api-key.ts'
import { base62Digits } from './base62.ts'
import { createKeyHasher } from './key-hasher.ts'

const environment = fc.constantFrom('live', 'test')
const minted = environment.map((where) => mintApiKey(where))

test('mintApiKey() makes keys that parseApiKey() takes apart again', () => {
  fc.assert(
    fc.property(environment, (where) => {
      const { key, id, hint } = mintApiKey(where)
      assert.deepEqual(parseApiKey(key), { id, environment: where })
      assert.equal(apiKeyPattern.exec(`?key=${key}&x`)?.[0], key)
      assert.equal(hint, `gthk_${where}_${id}_…${key.slice(-2)}`)
    }),
  )
})

test('mintApiKey() takes its digits from the randomness that it is given, each byte below 248 once', () => {
  let next = 240
  const counting = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => next++ % 256)
  // 240…247 are the digits 54…61, 248…255 are thrown away, then 0, 1, 2, 3.
  assert.equal(mintApiKey('live', counting).id, 'stuvwxyz0123')
})

test('parseApiKey() refuses every key in which one character was changed', () => {
  fc.assert(
    fc.property(minted, fc.nat(71), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), ({ key }, at, other) => {
      for (const one of [...base62Digits.split(''), '_', ' ', '\n', 'é', other]) {
        if (one !== key[at]) assert.equal(parseApiKey(key.slice(0, at) + one + key.slice(at + 1)), null)
      }
    }),
    { numRuns: 40 },
  )
})

test('parseApiKey() refuses every key that is cut, lengthened or turned in two places', () => {
  fc.assert(
    fc.property(minted, fc.nat(71), fc.nat(70), ({ key }, length, at) => {
      assert.equal(parseApiKey(key.slice(0, length)), null)
      assert.equal(parseApiKey(key + key.slice(0, 1 + length)), null)
      const turned = key.slice(0, at) + key.charAt(at + 1) + key.charAt(at) + key.slice(at + 2)
      if (turned !== key) assert.equal(parseApiKey(turned), null)
    }),
  )
})

test('parseApiKey() takes anything for no key', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => assert.equal(parseApiKey(text), null)))
})

test('parseApiKey() and createKeyHasher() agree with the public vectors', (t) => {
  const folder = process.env['GATEHOUSE_VECTORS']
  if (folder === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set')
    return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  }
  // The vectors' own format; a wrong shape fails below.
  const vectors = JSON.parse(readFileSync(join(folder, 'identity/apikey/apikey.json'), 'utf8')) as Vectors
  const hasher = createKeyHasher(Buffer.from(vectors.pepper_hex, 'hex'))
  for (const { key, hmac_sha256_hex } of vectors.valid) {
    assert.deepEqual(parseApiKey(key), { id: key.split('_')[2], environment: key.split('_')[1] })
    assert.equal(hasher(key), hmac_sha256_hex)
    assert.match(key, apiKeyPattern)
  }
  for (const { key, why } of vectors.invalid) assert.equal(parseApiKey(key), null, why)
  assert.equal(apiKeyPattern.source, vectors.own_regex)
  assert.equal(vectors.valid.length + vectors.invalid.length, 10)
})

interface Vectors {
  readonly pepper_hex: string
  readonly valid: readonly { readonly key: string; readonly hmac_sha256_hex: string }[]
  readonly invalid: readonly { readonly key: string; readonly why: string }[]
  readonly own_regex: string
}
