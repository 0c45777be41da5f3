import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { base62Digits, decodeBase62, encodeBase62, randomBase62 } from './base62.ts'

test('decodeBase62() reads what encodeBase62() wrote, at its full width', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      const text = encodeBase62(value, 6)
      assert.match(text, /^[0-9A-Za-z]{6}$/)
      assert.equal(decodeBase62(`prefix_${text}_`, 7, 13), value)
    }),
  )
})

test('decodeBase62() knows every digit, and nothing else for one', () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code)
    assert.equal(decodeBase62(`00${character}`, 2, 3), base62Digits.indexOf(character))
  }
  assert.equal(decodeBase62('0', 0, 2), -1)
})

test('randomBase62() favours no digit', () => {
  // One of each byte: the 248 that are kept spread evenly, four for each digit.
  let asked = false
  const everyByte = (bytes: number): Uint8Array => {
    assert.equal(asked, false)
    asked = true
    return Uint8Array.from({ length: bytes + 8 }, (_, i) => i)
  }
  const text = randomBase62(248, everyByte)
  for (const digit of base62Digits) assert.equal(text.split(digit).length - 1, 4)
})
