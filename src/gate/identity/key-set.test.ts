import assert from 'node:assert/strict'
import test from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { type KeySet, readKeySet } from './key-set.ts'

const ec = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)
const secret = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)

const read = (...keys: object[]): KeySet => readKeySet(Buffer.from(JSON.stringify({ keys })))
const kids = (...keys: object[]): string[] => read(...keys).map(({ kid }) => kid)

test('readKeySet() keeps of a key what makes it, and nothing else', () => {
  const [key] = read({ ...ec, kid: 'a', alg: 'ES256', use: 'sig', x5c: ['x'], note: 1 })
  assert.deepEqual(key, { kid: 'a', alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256', x: ec.x, y: ec.y } })
})

test('readKeySet() leaves out what cannot verify a signature, is weak, private, or shares its kid', () => {
  const good = { ...ec, kid: 'good' }
  for (const bad of [
    { ...ec, kid: 'b', use: 'enc' },
    { ...ec, kid: 'b', key_ops: ['encrypt'] },
    { ...secret, kid: 'b' },
    { ...ec },
    { ...ec, kid: 7 },
    { ...ec, kid: 'a/../b\n' },
    { ...ec, kid: 'b', alg: 7 },
    { ...ec, kid: 'b', crv: 'secp256k1' },
    { ...ec, kid: 'b', x: 'a b' },
    { kty: 'oct', k: 'AAAA', kid: 'b' },
    { kty: 'RSA', kid: 'b', e: 'AQAB', n: 'r'.repeat(171) },
    { kty: 'RSA', kid: 'b', e: 'Aw', n: 'r'.repeat(342) },
  ])
    assert.deepEqual(kids(good, bad), ['good'], JSON.stringify(bad))
  assert.deepEqual(kids(good, { ...ec, kid: 'two' }, { ...ec, kid: 'two' }), ['good'])
  assert.deepEqual(kids(good, { kty: 'RSA', kid: 'rsa', e: 'AQAB', n: 'r'.repeat(342) }), ['good', 'rsa'])
})

test('readKeySet() refuses what is no set, or one in which nothing can be used', () => {
  for (const text of ['<html>', '[]', '{}', '{"keys":7}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AA","kid":"a"}]}'])
    assert.throws(() => readKeySet(Buffer.from(text)), { code: 'invalid_argument' }, text)
  const many = Array.from({ length: 101 }, (_, i) => ({ ...ec, kid: `k${i}` }))
  assert.throws(() => read(...many), /more than 100/)
})
