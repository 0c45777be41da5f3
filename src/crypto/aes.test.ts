import assert from 'node:assert/strict'
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { ctrBlocksMax, CtrReader, CtrStream, deriveKey, openBlockCipher, unwrapKey, wrapKey } from './aes.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

function plainCtr(key: Buffer, iv: Buffer, text: Buffer): Buffer {
  return createCipheriv('aes-256-ctr', key, iv).update(text)
}

test('CtrStream encrypts each message as if it stood alone, from the block that it names', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }), (blocks) => {
      const [key, prefix] = [randomBytes(32), randomBytes(12)]
      const stream = new CtrStream(createSecretKey(key), prefix)
      let block = 0
      for (const count of blocks) {
        const text = randomBytes(count * 16)
        const iv = Buffer.concat([prefix, Buffer.alloc(4)])
        iv.writeUInt32BE(stream.block, 12)
        assert.equal(stream.block, block)
        assert.deepEqual(stream.encrypt(text), plainCtr(key, iv, text))
        block += count
      }
    }),
  )
})

test('CtrStream refuses what is no whole block, or more blocks than one prefix may have', () => {
  const stream = new CtrStream(createSecretKey(randomBytes(32)), randomBytes(12))
  assert.throws(() => stream.encrypt(Buffer.alloc(17)))
  assert.throws(() => stream.encrypt({ length: 16 * (ctrBlocksMax + 1) } as Uint8Array)) // only its length is looked at
  assert.equal(stream.block, 0)
})

test('CtrReader decrypts messages in whatever order', () => {
  const key = randomBytes(32)
  const streams = [0, 1].map(() => {
    const prefix = randomBytes(12)
    return { prefix, stream: new CtrStream(createSecretKey(key), prefix) }
  })
  const messages = Array.from({ length: 40 }, (_, i) => {
    const { prefix, stream } = streams[i % 2] ?? assert.fail()
    const iv = Buffer.concat([prefix, Buffer.alloc(4)])
    iv.writeUInt32BE(stream.block, 12)
    const text = randomBytes(16 * (1 + (i % 5)))
    return { iv, text, sealed: stream.encrypt(text) }
  })
  const reader = new CtrReader(createSecretKey(key))
  for (const order of [messages, messages.toReversed(), messages.filter((_, i) => i % 2 === 0)])
    for (const { iv, text, sealed } of order) assert.deepEqual(reader.decrypt(iv, sealed), text)
})

test('wrapKey() gives the bytes of RFC 3394 4.6, and unwrapKey() takes them back and nothing else', () => {
  const wrapping = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const key = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f')
  const wrapped = wrapKey(wrapping, key)
  assert.equal(
    wrapped.toString('hex'),
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
  )
  assert.deepEqual(unwrapKey(wrapping, wrapped), key)
  for (let at = 0; at < wrapped.length; at++) {
    const changed = Buffer.from(wrapped)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(unwrapKey(wrapping, changed), null)
  }
  assert.equal(unwrapKey(key, wrapped), null)
})

test('deriveKey() is HKDF-SHA-256 without salt', () => {
  // RFC 5869, test case 3, with the first 32 bytes of its output: no salt, no info
  assert.equal(
    deriveKey(hex('0b'.repeat(22)), '').toString('hex'),
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
  )
})

test('a block cipher gives the blocks of FIPS 197 C.3, each on its own, and takes them back', () => {
  const cipher = openBlockCipher(hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'))
  const block = hex('00112233445566778899aabbccddeeff')
  const encrypted = cipher.encrypt(Buffer.concat([block, block]))
  assert.equal(encrypted.toString('hex'), '8ea2b7ca516745bfeafc49904b496089'.repeat(2))
  assert.deepEqual(cipher.decrypt(encrypted.subarray(16)), block)
  assert.deepEqual(cipher.decrypt(encrypted.subarray(0, 16)), block)
})
