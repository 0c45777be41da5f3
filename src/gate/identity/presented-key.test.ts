import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { presentedKey } from './presented-key.ts'

const key = 'gthk_live_x'
const jwt = 'eyJhbGciOiJFUzI1NiJ9.gthk_.x-gthk_'

/** The kind, and the text of a key. */
function found(...headers: string[]): string {
  const presented = presentedKey(headers)
  return presented.kind === 'key' ? `key ${presented.text}` : presented.kind
}

test('presentedKey() finds the key in either place, and says in which one', () => {
  assert.deepEqual(presentedKey(['host', 'h', 'authorization', `Bearer ${key}`]), {
    kind: 'key',
    text: key,
    strip: ['authorization'],
  })
  assert.deepEqual(presentedKey(['x-api-key', key, 'host', 'h']), { kind: 'key', text: key, strip: ['x-api-key'] })
})

test('presentedKey() takes Bearer in any case and with more than one space', () => {
  assert.equal(found('authorization', `bearer ${key}`), `key ${key}`)
  assert.equal(found('authorization', `BEARER   ${key}`), `key ${key}`)
})

test('presentedKey() gives the rest of the field whole, so that whatever follows a key spoils it', () => {
  assert.equal(found('authorization', `Bearer ${key}, x`), `key ${key}, x`)
  assert.equal(found('authorization', `Bearer x ${key}`), `key x ${key}`)
  assert.equal(found('x-api-key', `${key}, ${key}`), `key ${key}, ${key}`)
  assert.equal(found('x-api-key', ''), 'key ')
})

test('presentedKey() leaves a foreign Authorization to others', () => {
  for (const foreign of [`Bearer ${jwt}`, 'Basic YTpi', 'Bearer', '', 'Bearer xgthk_live_x', 'DPoP GTHK_live_x']) {
    assert.equal(found('authorization', foreign), 'nothing', foreign)
    assert.equal(found('authorization', foreign, 'x-api-key', key), `key ${key}`, foreign)
  }
  assert.equal(found('host', 'h', 'cookie', key), 'nothing')
})

test('presentedKey() sees a key of ours behind any other scheme, and accepts none there', () => {
  for (const value of [
    key,
    `Token ${key}`,
    `Bearer\t${key}`,
    `Basic x, Bearer ${key}`,
    `ApiKey key="${key}"`,
    ` ${key}`,
  ]) {
    assert.equal(found('authorization', value), 'misplaced', value)
  }
})

test('presentedKey() takes a key in each of the two places for ambiguous, whatever X-API-Key holds', () => {
  for (const other of [key, 'x', '']) {
    assert.equal(found('authorization', `Bearer ${key}`, 'x-api-key', other), 'ambiguous')
    assert.equal(found('x-api-key', other, 'authorization', key), 'ambiguous')
  }
})

test('presentedKey() takes a repeated field for ambiguous, whatever it holds and wherever it stands', () => {
  const name = fc.constantFrom('authorization', 'x-api-key')
  const value = fc.constantFrom(`Bearer ${key}`, key, `Bearer ${jwt}`, 'Basic YTpi', '')
  const between = fc.array(fc.constantFrom('accept', 'cookie'), { maxLength: 3 })
  fc.assert(
    fc.property(name, value, value, between, (field, one, other, names) => {
      const presented = presentedKey([field, one, ...names.flatMap((each) => [each, 'x']), field, other])
      assert.equal(presented.kind, 'ambiguous')
      assert.ok(presented.kind === 'ambiguous' && presented.strip.includes(field))
    }),
  )
})

test('presentedKey() reads a hostile field in one pass', () => {
  const started = performance.now()
  for (const value of [
    ' '.repeat(60_000),
    `Bearer${' '.repeat(60_000)}x`,
    'gthk'.repeat(20_000),
    ',gthk'.repeat(20_000),
  ]) {
    assert.equal(found('authorization', value), 'nothing')
  }
  assert.ok(performance.now() - started < 1000)
})
