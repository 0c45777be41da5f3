import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createLiteralScan } from './literal-scan.ts'
import { signatureRules } from './rules.ts'
import { matchesOf, signaturesIn } from './signatures.ts'

for (const { id, hits, misses, agentOnly = false } of signatureRules) {
  void test(`rule ${id} finds what it must, and not what only looks like it`, () => {
    for (const text of hits) assert.ok(matchesOf(text, agentOnly).includes(id), text)
    for (const text of misses) assert.deepEqual(matchesOf(text, agentOnly), [], text)
    for (const text of hits.filter((hit) => !hit.includes('%'))) {
      assert.ok(
        matchesOf(encodeURIComponent(encodeURIComponent(text)), agentOnly).includes(id),
        `twice encoded: ${text}`,
      )
    }
  })
}

test('signaturesIn() names rule and place, and nothing of what was sent', () => {
  const request = {
    path: '/a',
    query: 'id=1%27%20union%20select%20canary',
    headers: ['user-agent', 'sqlmap/1', 'x', '{{7*7}}'],
  }
  assert.deepEqual(signaturesIn(request), ['sqli-union@query', 'scanner-agent@user-agent'])
  assert.deepEqual(
    signaturesIn({ path: '/v1/orders/17', query: 'page=2&sort=name', headers: ['user-agent', 'curl/8'] }),
    [],
  )
})

test('every rule takes linear time for texts that begin to match again and again', () => {
  for (const { id, hits, literals } of signatureRules) {
    for (const seed of [...hits.map((hit) => hit.slice(0, -1)), ...literals]) {
      const text = `${seed} `.repeat(Math.ceil(16_384 / (seed.length + 1)))
      const startMs = performance.now()
      matchesOf(text, true)
      assert.ok(performance.now() - startMs < 250, `${id}: ${seed}`)
    }
  }
})

test('scan() finds the literals that stand in a text, as a search for each would', () => {
  const word = fc
    .string({ unit: fc.constantFrom('a', 'b', '€'), minLength: 1, maxLength: 4 })
    .filter((text) => !text.includes('€'))
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 6 }),
      fc.string({ unit: fc.constantFrom('a', 'b', '€'), maxLength: 40 }),
      (words, text) => {
        const met = new Set<number>()
        createLiteralScan(words).scan(text, (number) => void met.add(number))
        const expected = words.flatMap((literal, number) => (text.includes(literal) ? [number] : []))
        assert.deepEqual(
          [...met].toSorted((a, b) => a - b),
          expected,
        )
      },
    ),
  )
})
