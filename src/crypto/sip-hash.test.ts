import assert from 'node:assert/strict'
import test from 'node:test'
import { createSipHash } from './sip-hash.ts'

const counting = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i)

test('createSipHash() gives the values of the paper and of its reference implementation', () => {
  const sip = createSipHash(counting(16))
  // vectors_sip64 of the reference implementation, bytes in order of 64-bit words
  for (const [length, hash] of [
    [0, '726fdb47dd0e0e31'],
    [1, '74f839c593dc67fd'],
    [7, 'ab0200f58b01d137'],
    [8, '93f5f5799a932462'],
    [15, 'a129ca6149be45e5'],
  ] as const)
    assert.equal(sip.of(counting(length), 0, length), hash)
})

test('createSipHash() hashes nothing but the bytes between the two places', () => {
  const sip = createSipHash(counting(16))
  const bytes = new TextEncoder().encode('xx1234567890yy')
  assert.equal(sip.of(bytes, 2, 12), sip.of(new TextEncoder().encode('1234567890'), 0, 10))
})
