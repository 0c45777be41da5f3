import assert from 'node:assert/strict'
import test from 'node:test'
import {
  decodeRow,
  decodeRowFileHeader,
  encodeRow,
  encodeRowFileHeader,
  type KeyRow,
  laterRow,
  rowBytesMax,
  rowFileName,
  rowIdText,
  startOfFile,
  subjectBytesMax,
} from './key-rows.ts'

const row: KeyRow = { maker: 0xfedc_ba98, count: 7, month: 202611, wrapped: Buffer.alloc(40, 9), subject: 'acme €' }

test('decodeRow() returns what was encoded, and where the next one begins', () => {
  const bytes = encodeRow(row)
  assert.deepEqual(decodeRow(Buffer.concat([Buffer.alloc(3), bytes, bytes]), 3), { row, end: 3 + bytes.length })
  assert.equal(encodeRow({ ...row, subject: 's'.repeat(subjectBytesMax) }).length, rowBytesMax)
  assert.throws(() => encodeRow({ ...row, subject: 's'.repeat(subjectBytesMax + 1) }), RangeError)
  assert.equal(rowIdText(row), 'fedcba9800000007')
})

test('decodeRow() refuses a row of which any byte was changed or is missing', () => {
  const bytes = encodeRow(row)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x10
    assert.equal(decodeRow(changed, 0), null, `byte ${at}`)
    assert.equal(decodeRow(bytes.subarray(0, at), 0), null)
  }
})

test('laterRow() finds a whole row behind damage, and none behind a row that was cut off', () => {
  const bytes = encodeRow(row)
  const damaged = Buffer.concat([bytes, bytes])
  damaged[20] = 0xff
  assert.equal(laterRow(damaged, 0), bytes.length)
  assert.equal(laterRow(bytes.subarray(0, -1), 0), null)
})

test('the header of a file says which start and which root it belongs to', () => {
  const header = { start: 5, proof: Buffer.alloc(32, 3) }
  const bytes = encodeRowFileHeader(header)
  assert.deepEqual(decodeRowFileHeader(bytes), header)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(decodeRowFileHeader(changed), null)
  }
  assert.equal(startOfFile(rowFileName(5)), 5)
  assert.equal(startOfFile('rows-5.log'), null)
})
