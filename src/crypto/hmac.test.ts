import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { hmacOf, openHmacKey } from './hmac.ts'

test('hmacOf() gives the bytes of HMAC-SHA-256 for keys and messages of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 300 }), (secret, message) => {
      const key = openHmacKey(secret)
      const expected = createHmac('sha256', secret).update(message).digest('hex')
      for (let use = 0; use < 2; use++) {
        const digest = hmacOf(key, Buffer.concat([key.inner, message]))
        assert.equal(Buffer.from(digest, 'latin1').toString('hex'), expected)
      }
    }),
  )
})
