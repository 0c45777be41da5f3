import assert from 'node:assert/strict'
import test from 'node:test'
import { RecentMap } from './recent-map.ts'

test('RecentMap keeps what is asked for, and never more than its bound', () => {
  const map = new RecentMap<number, string>(100)
  map.set(-1, 'kept')
  for (let i = 0; i < 10_000; i++) {
    map.set(i, String(i))
    assert.equal(map.get(-1), 'kept')
  }
  let found = 0
  for (let i = 0; i < 10_000; i++) if (map.get(i) !== undefined) found++
  assert.ok(found <= 100, `${found}`)
  assert.equal(map.get(9_999), '9999')
})

test('deleteWhere() forgets entries of any age', () => {
  const map = new RecentMap<number, number>(10)
  for (let i = 0; i < 8; i++) map.set(i, i)
  assert.equal(
    map.deleteWhere((value) => value % 2 === 0),
    4,
  )
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].filter((key) => map.get(key) !== undefined),
    [1, 3, 5, 7],
  )
})
