import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { crc32 } from 'node:zlib'
import { encodeBase62 } from './base62.ts'
import { hashToken, mintToken } from './token.ts'

test('mintToken() makes distinct tokens of 43 random digits and a checksum', () => {
  const tokens = Array.from({ length: 200 }, () => mintToken('gtha'))
  assert.equal(new Set(tokens).size, 200)
  for (const token of tokens) {
    assert.match(token, /^gtha_[0-9A-Za-z]{49}$/)
    assert.equal(token.slice(-6), encodeBase62(crc32(token.slice(0, -6)), 6))
  }
})

test('hashToken() is SHA-256 in hex', () => {
  const token = mintToken('gtha')
  assert.equal(hashToken(token), createHash('sha256').update(token).digest('hex'))
})
