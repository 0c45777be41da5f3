import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readRecord, readU64, recordFlags, stampRecord, writeU64 } from './envelope.ts'
import { writeOpenRecord } from './test/support.ts'

test('readRecord() returns what was written and stamped, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.maxSafeNat(), fc.maxSafeNat(), (text, seq, us) => {
      const target = Buffer.alloc(4096, 0xaa)
      const bytes = writeOpenRecord(target, text)
      stampRecord(target, 0, { seq, us })
      const record = readRecord(target.subarray(0, bytes))
      assert.deepEqual(
        { ...record, publicPart: record?.publicPart.toString() },
        { seq, us, publicPart: text, isSealed: false },
      )
    }),
  )
})

test('readRecord() refuses a record that is shorter or longer than it says', () => {
  const target = Buffer.alloc(100)
  const bytes = writeOpenRecord(target, '{"k":"x"}')
  assert.notEqual(readRecord(target.subarray(0, bytes)), null)
  for (let length = 0; length < bytes; length++) assert.equal(readRecord(target.subarray(0, length)), null)
  assert.equal(readRecord(target.subarray(0, bytes + 1)), null)
})

test('readRecord() says that there is a sealed part, and refuses a record that says so and has none', () => {
  const target = Buffer.alloc(100)
  const bytes = writeOpenRecord(target, '{"k":"x"}')
  target[2] = recordFlags.sealed
  assert.equal(readRecord(target.subarray(0, bytes)), null)
  assert.equal(readRecord(target.subarray(0, bytes + 1))?.isSealed, true)
})

test('writeU64() carries every number that JavaScript holds exactly', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]) {
    writeU64(bytes, 0, value)
    assert.equal(bytes.readBigUInt64BE(), BigInt(value))
    assert.equal(readU64(bytes, 0), value)
  }
})
