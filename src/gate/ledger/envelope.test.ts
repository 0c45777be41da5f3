import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { jsonBytesMax, kindAndIdOf, readRecord, readU64, stampRecord, writeRecord, writeU64 } from './envelope.ts'
import { idOf, jsonOf } from './test/support.ts'

test('readRecord() returns what was written and stamped, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.maxSafeNat(), fc.maxSafeNat(), (json, seq, us) => {
      const target = Buffer.alloc(4096, 0xaa)
      const bytes = writeRecord(target, 5, json)
      stampRecord(target, 5, { seq, us })
      const record = readRecord(target.subarray(5, 5 + bytes))
      assert.deepEqual({ ...record, json: record?.json.toString() }, { seq, us, json })
      assert.equal(target[4], 0xaa)
      assert.equal(target[5 + bytes], 0xaa)
    }),
  )
})

test('readRecord() refuses a record that is shorter or longer than it says', () => {
  const target = Buffer.alloc(100)
  const bytes = writeRecord(target, 0, '{"kind":"x"}')
  assert.notEqual(readRecord(target.subarray(0, bytes)), null)
  for (let length = 0; length < bytes; length++) assert.equal(readRecord(target.subarray(0, length)), null)
  assert.equal(readRecord(target.subarray(0, bytes + 1)), null)
})

test('writeU64() carries every number that JavaScript holds exactly', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]) {
    writeU64(bytes, 0, value)
    assert.equal(bytes.readBigUInt64BE(), BigInt(value))
    assert.equal(readU64(bytes, 0), value)
  }
})

test('kindAndIdOf() tells what an event is without parsing it', () => {
  assert.deepEqual(kindAndIdOf(Buffer.from(jsonOf('opened', idOf(1, 2)))), { kind: 'opened', id: idOf(1, 2) })
  assert.deepEqual(kindAndIdOf(Buffer.from(jsonOf('request', idOf(3, 4)))), { kind: 'request', id: idOf(3, 4) })
  assert.equal(kindAndIdOf(Buffer.from(jsonOf('amended', idOf(1, 2)))), null)
  assert.equal(kindAndIdOf(Buffer.from('{"action":"key.created"}')), null)
})

test('the longest record keeps its length in 16 bits', () => {
  const target = Buffer.alloc(40_000)
  const bytes = writeRecord(target, 0, 'x'.repeat(jsonBytesMax))
  assert.equal(bytes, 32_768)
  assert.equal(readRecord(target.subarray(0, bytes))?.json.length, jsonBytesMax)
})

test('writeRecord() and stampRecord() write the head and public part of the published vector', (t) => {
  const vectors = process.env['GATEHOUSE_VECTORS']
  if (vectors === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set when CI is true')
    return t.diagnostic('not run: GATEHOUSE_VECTORS is unset')
  }
  // The file is a flat object of texts and two numbers.
  const vector = JSON.parse(readFileSync(join(vectors, 'ledger', 'ghr1.json'), 'utf8')) as {
    s: number
    u: number
    public: string
    record: string
  }
  const target = Buffer.alloc(4096)
  const bytes = writeRecord(target, 0, vector.public)
  stampRecord(target, 0, { seq: vector.s, us: vector.u })
  target[2] = 1 // the vector has a sealed part behind the public one
  assert.equal(target.subarray(0, bytes).toString('hex'), vector.record.slice(0, 2 * bytes))
})
