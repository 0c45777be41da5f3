import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeUint, readUint64 } from './bytes.ts'
import {
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  formatDecimal,
  parseDecimal,
} from './text.ts'

const malformed = { code: 'malformed' }

test('encodeBase64() and decodeBase64() agree with the platform', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      assert.equal(encodeBase64(bytes), text)
      assert.deepEqual(decodeBase64(text), bytes)
    }),
  )
})

test('decodeBase64() refuses junk, white space, missing padding, stray bits and other alphabets', () => {
  const wrong = [
    'A',
    'AA',
    'AAA',
    'AA=',
    'AB==',
    'AAB=',
    'AA==\n',
    ' AA==',
    'A A=',
    'AA==AA==',
    '====',
    '=',
    'AA-_',
    'AAAA=',
    'AA=A',
    'AÀ==',
    'AA=\u0000',
  ]
  for (const text of wrong) assert.throws(() => decodeBase64(text), malformed, JSON.stringify(text))
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      if (Buffer.from(text, 'base64').toString('base64') !== text) assert.throws(() => decodeBase64(text), malformed)
    }),
  )
})

test('parseDecimal() takes one spelling of each number to 2^53 - 1', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => assert.equal(parseDecimal(formatDecimal(value)), value)))
  const wrong = [
    '',
    '01',
    '+1',
    '-0',
    '-1',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '1.0',
    '9007199254740992',
    '18446744073709551616',
    '१',
    '1_0',
    'NaN',
    '00',
  ]
  for (const text of wrong) assert.throws(() => parseDecimal(text), malformed, text)
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53, Infinity])
    assert.throws(() => formatDecimal(value), { code: 'out_of_range' })
})

test('decodeHex() takes lower case only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => assert.deepEqual(decodeHex(encodeHex(bytes)), bytes)),
  )
  for (const text of ['0', 'AB', 'xx', ' 00', '0 ']) assert.throws(() => decodeHex(text), malformed)
})

test('decodeUtf8() refuses what is not valid, and keeps a byte order mark', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x80]])
    assert.throws(() => decodeUtf8(Uint8Array.from(bytes)), malformed)
  assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\uFEFFa')
  assert.throws(() => encodeUtf8('a\uD800'), { code: 'out_of_range' })
})

test('encodeUint() and readUint64() hold every safe number and no other', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => assert.equal(readUint64(encodeUint(value, 8), 0), value)))
  assert.throws(() => readUint64(Buffer.from('0020000000000000', 'hex'), 0), malformed)
  for (const value of [-1, 0.5, 65_536]) assert.throws(() => encodeUint(value, 2), { code: 'out_of_range' })
})
