import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type JsonValue, readStrictJson } from './strict-json.ts'

const read = (text: string): JsonValue => readStrictJson(Buffer.from(text), 8)

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

/** As JSON.parse gives it. */
function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof Map ? Object.fromEntries([...value].map(([name, one]) => [name, plain(one)])) : value
}

test('readStrictJson() reads what JSON.parse reads', () => {
  const values = fc.jsonValue({ maxDepth: 6, noUnicodeString: false }).filter((value) => {
    const text = JSON.stringify(value)
    return !/"(?:__proto__|constructor|prototype)"/.test(text) && text.isWellFormed() && !/\\u[dD][89a-fA-F]/.test(text)
  })
  fc.assert(
    fc.property(values, fc.constantFrom(0, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      assert.deepEqual(plain(read(` ${text}\n`)), JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

test('readStrictJson() takes nothing that JSON.parse does not take', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-0',
    '01',
    '1e5',
    'true',
    'null',
    ' ',
    '"\\u0041"',
    '.',
    'NaN',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      let taken = true
      try {
        read(text)
      } catch {
        taken = false
      }
      if (taken) assert.doesNotThrow(() => JSON.parse(text) as unknown, text)
    }),
    { numRuns: 5_000 },
  )
})

test('readStrictJson() refuses what two readers could understand in two ways', () => {
  for (const [text, why] of [
    ['{"a":1,"a":1}', /twice/],
    ['{"a":1,"\\u0061":2}', /twice/],
    ['{"__proto__":1}', /not allowed/],
    ['{"a":{"constructor":1}}', /not allowed/],
    ['1e400', /too large/],
    ['{"exp":-1e400}', /too large/],
    [nested(9), /deeper/],
    ['"\\ud800"', /half a character/],
    ['{"a":1}x', /behind/],
    ['\ufeff{}', /not JSON/],
    ['', /not JSON/],
  ] as const)
    assert.throws(() => read(text), why, text)
  assert.throws(() => readStrictJson(Buffer.from([0x22, 0xff, 0x22]), 8), /UTF-8/)
  assert.doesNotThrow(() => read(nested(8)))
})
