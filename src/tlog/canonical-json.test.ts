import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { assertCanonicalObject } from './canonical-json-check.ts'
import { canonicalJson, parseCanonicalJson, type CanonicalValue } from './canonical-json.ts'
import { encodeUtf8 } from './text.ts'
import { vectorsFolder } from './test/vectors.ts'

const wellFormed = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed())
const { value: values } = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    wellFormed,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(wellFormed, fc.nat(30).map(String), fc.constant('__proto__')), tie('value'), { maxKeys: 4 }),
  ),
}))

test('canonicalJson() writes the published forms of values that records may hold, and refuses the others', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const written: string[] = []
  for (const name of ['arrays', 'french', 'structures', 'unicode', 'values', 'weird']) {
    const input = JSON.parse(readFileSync(join(folder, 'jcs/input', `${name}.json`), 'utf8')) as CanonicalValue // the model is what is tested
    const output: string = readFileSync(join(folder, 'jcs/output', `${name}.json`), 'utf8')
    if (/null|\d\.\d|\de[+-]?\d/.test(output)) {
      assert.throws(() => canonicalJson(input), { code: 'out_of_range' }, name)
      assert.throws(() => parseCanonicalJson(encodeUtf8(output)), { code: 'malformed' }, name)
      continue
    }
    assert.equal(canonicalJson(input), output)
    assert.deepEqual(parseCanonicalJson(encodeUtf8(output)), input)
    written.push(name)
  }
  assert.deepEqual(written, ['french', 'structures', 'unicode', 'weird'])
})

test('parseCanonicalJson() is the inverse of canonicalJson()', () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = canonicalJson(value)
      assert.equal(canonicalJson(parseCanonicalJson(encodeUtf8(text))), text)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
})

const alphabet = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '"a"',
  '"b"',
  '"10"',
  '"9"',
  '\\',
  '\\u0041',
  '\\n',
  '\\ud800',
  ' ',
  '\n',
  '0',
  '1',
  '-',
  '-0',
  '.5',
  'e1',
  'true',
  'false',
  'null',
  'é',
  '\uFEFF',
  '\u0000',
  '\u007F',
  '9007199254740991',
  '9007199254740992',
  '999999999999999',
]

test('assertCanonicalObject() says the same as parseCanonicalJson(), for texts near to JSON and for changed ones', () => {
  const near = fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }).map((parts) => encodeUtf8(parts.join('')))
  const changed = fc.tuple(values, fc.nat(), fc.nat(255), fc.boolean()).map(([value, at, byte, whole]) => {
    const bytes = encodeUtf8(canonicalJson({ a: value, b: 1 }))
    return whole ? bytes : bytes.with(at % bytes.length, byte)
  })
  fc.assert(
    fc.property(fc.oneof(near, changed), (bytes) => {
      assert.equal(
        isTaken(() => assertCanonicalObject(bytes)),
        isTaken(() => assertObject(parseCanonicalJson(bytes))),
      )
    }),
    { numRuns: 3000 },
  )
})

function isTaken(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}

function assertObject(value: CanonicalValue): void {
  assert.ok(typeof value === 'object' && !Array.isArray(value))
}

test('parseCanonicalJson() and assertCanonicalObject() refuse what could be written otherwise', () => {
  const wrong = [
    '',
    ' {}',
    '{} ',
    '{"a":1,"a":1}',
    '{"b":1,"a":1}',
    '{"a": 1}',
    '{"a":1.0}',
    '{"a":-0}',
    '{"a":1e3}',
    '{"a":01}',
    '{"a":null}',
    '{"a":9007199254740992}',
  ]
  wrong.push(
    '{"a":"\\u0041"}',
    '{"a":"\\/"}',
    '{"a":"\\ud800"}',
    '\uFEFF{}',
    '{"a":[1,]}',
    '{"9":1,"10":1}',
    '{"a":NaN}',
    '{"\uFB33":1,"\u{1F602}":1}',
  )
  for (const text of wrong) {
    assert.throws(() => parseCanonicalJson(encodeUtf8(text)), { code: 'malformed' }, text)
    assert.throws(() => assertCanonicalObject(encodeUtf8(text)), { code: 'malformed' }, text)
  }
  const right = [
    '{}',
    '{"10":1,"9":1}',
    '{"\u{1F602}":1,"\uFB33":1}',
    '{"a":"\\n\\u0001\\"\\\\/"}',
    '{"__proto__":1}',
    '{"":[[],{},-7,true]}',
  ]
  for (const text of right) {
    assert.equal(canonicalJson(parseCanonicalJson(encodeUtf8(text))), text)
    assertCanonicalObject(encodeUtf8(text))
  }
  for (const text of ['[]', '1', '"a"', 'true'])
    assert.throws(() => assertCanonicalObject(encodeUtf8(text)), { code: 'malformed' })
})

test('assertCanonicalObject() and parseCanonicalJson() refuse deep nesting without exhausting the stack', () => {
  const deep = encodeUtf8(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)
  assert.throws(() => assertCanonicalObject(deep), { code: 'malformed' })
  assert.throws(() => parseCanonicalJson(deep), { code: 'malformed' })
  const allowed = encodeUtf8(`${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`)
  assertCanonicalObject(allowed)
  parseCanonicalJson(allowed)
  assert.throws(() => assertCanonicalObject(encodeUtf8(`${'{"a":'.repeat(32)}{}${'}'.repeat(32)}`)), {
    code: 'malformed',
  })
})

test('canonicalJson() refuses values outside of the model', () => {
  for (const value of [
    null,
    undefined,
    0.5,
    2 ** 53,
    Number.NaN,
    'a\uD800',
    { a: null },
    [undefined],
    1n,
    Symbol('a'),
  ]) {
    assert.throws(() => canonicalJson(value as CanonicalValue), { code: 'out_of_range' }) // wrong on purpose
  }
})
