import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { CounterKey } from './counter-store.ts'
import { createKeyHash, policyHash } from './key-hash.ts'

const policy = policyHash('default', 60_000)

function hex({ a, b, c, d }: CounterKey): string {
  return [a, b, c, d].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

function ofSeed(seed: number): string {
  return hex(createKeyHash(seed).ofText(policy, 1, 'acme'))
}

test('createKeyHash() hashes equally with equal seeds, and differently with others', () => {
  assert.equal(ofSeed(7), ofSeed(7))
  assert.equal(new Set(Array.from({ length: 100 }, (_, seed) => ofSeed(seed))).size, 100)
})

test('ofText() keeps apart texts, domains, policies and windows', () => {
  const hash = createKeyHash(1)
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      (one, other) => {
        assert.equal(hex(hash.ofText(policy, 1, one)) === hex(hash.ofText(policy, 1, other)), one === other)
      },
    ),
  )
  const keys = [
    hash.ofText(policy, 1, 'a'),
    hash.ofText(policy, 2, 'a'),
    hash.ofText(policy, 1, 'a\0'),
    hash.ofText(policy, 1, ''),
    hash.ofText(policyHash('default', 60_001), 1, 'a'),
    hash.ofText(policyHash('default', 60_000 + 2 ** 32), 1, 'a'),
    hash.ofText(policyHash('other', 60_000), 1, 'a'),
  ]
  assert.equal(new Set(keys.map(hex)).size, keys.length)
})

test('ofWords() spreads neighbouring partitions over all bits', () => {
  const hash = createKeyHash(99)
  const count = 4096
  const ones = Array.from({ length: 128 }, () => 0)
  for (let low = 0; low < count; low++) {
    const digits = hex(hash.ofWords(policy, 3, { high: 0x0a000000, low }))
    for (const [bit] of ones.entries()) {
      const nibble = Number.parseInt(digits[bit >> 2] ?? '0', 16)
      ones[bit] = (ones[bit] ?? 0) + ((nibble >> (bit & 3)) & 1)
    }
  }
  // Six standard deviations of a fair coin.
  for (const set of ones) assert.ok(Math.abs(set - count / 2) < 6 * Math.sqrt(count / 4), `${set} of ${count}`)
})
