import assert from 'node:assert/strict'
import test from 'node:test'
import { createRandomPool } from '../../../crypto/mod.ts'
import { root } from '../test/sealing.ts'
import { decodeRow, rowIdText } from './key-rows.ts'
import { SubjectKeys } from './subject-keys.ts'

const november = Date.UTC(2026, 10, 30, 23, 59, 59, 999)

function openKeys(): { readonly keys: SubjectKeys; readonly made: () => number } {
  let count = 0
  const keys = new SubjectKeys({ root, maker: 513, nextCount: () => count++ }, createRandomPool())
  return { keys, made: () => count }
}

test('take() makes one key for each subject and month (UTC), with a row that says whose it is', () => {
  const { keys, made } = openKeys()
  const first = keys.take('acme', november)
  assert.equal(keys.take('acme', november), first)
  assert.notEqual(keys.take('other', november), first)
  const later = keys.take('acme', november + 1)
  assert.notEqual(later, first)
  assert.equal(keys.take('acme', november + 1), later)
  assert.equal(made(), 3)
  const rowOf = ({ material }: typeof first): unknown => {
    const row = decodeRow(material.unwrittenRow ?? Buffer.alloc(0), 0)?.row ?? assert.fail()
    return [row.subject, row.month, row.maker, row.count, row.wrapped.length]
  }
  assert.deepEqual(rowOf(first), ['acme', 202611, 513, 0, 40])
  assert.deepEqual(rowOf(later), ['acme', 202612, 513, 2, 40])
})

test('take() keeps to the month for records that are a little late, and goes back when the clock is set back', () => {
  const { keys, made } = openKeys()
  const december = keys.take('acme', november + 1)
  assert.equal(keys.take('acme', november), december)
  assert.equal(keys.take('acme', november - 3_600_000 * 2).material.month, 202611)
  assert.equal(made(), 2)
})

test('keys of different threads, and of one thread at different times, never use one prefix', () => {
  const prefixes = new Set<string>()
  for (let round = 0; round < 200; round++) {
    const { keys } = openKeys()
    for (const subject of ['a', 'b']) prefixes.add(keys.take(subject, november).prefix.toString('hex'))
  }
  assert.equal(prefixes.size, 400)
})

test('a subject that was not seen for long keeps its key, also when its cipher was dropped', () => {
  const { keys, made } = openKeys()
  const before = keys.take('first', november)
  for (let i = 0; i < 12_000; i++) keys.take(`subject-${i}`, november)
  const after = keys.take('first', november)
  assert.equal(after.material, before.material)
  assert.notEqual(after.stream, before.stream)
  assert.notDeepEqual(after.prefix, before.prefix)
  assert.equal(made(), 12_001)
})

test('forget() drops a key with everything derived from it', () => {
  const { keys, made } = openKeys()
  const id = rowIdText(keys.take('acme', november).material.id)
  keys.take('other', november)
  assert.equal(keys.forget(new Set(['ffffffffffffffff'])), 0)
  assert.equal(keys.forget(new Set([id])), 1)
  assert.notEqual(rowIdText(keys.take('acme', november).material.id), id)
  keys.take('other', november)
  assert.equal(made(), 3)
})
