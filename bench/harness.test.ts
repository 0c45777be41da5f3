import assert from 'node:assert/strict'
import test from 'node:test'
import { barOf, median, tableText } from './harness.ts'

const bar = { name: 'cost', unit: '×', goal: 1.35 }

test('median() takes the middle, or the mean of the middle two', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 3]), 4)
  assert.equal(median([]), null)
})

test('barOf() holds on its goal and on the better side of it', () => {
  assert.deepEqual(
    [1.35, 1.2, 1.36].map((value) => barOf({ ...bar, value, better: 'lower' }).holds),
    [true, true, false],
  )
  assert.deepEqual(
    [1.35, 1.2, 1.36].map((value) => barOf({ ...bar, value, better: 'higher' }).holds),
    [true, false, true],
  )
})

test('barOf() does not hold on what only rounds to its goal', () => {
  assert.equal(barOf({ ...bar, value: 1.350_04, better: 'lower' }).holds, false)
})

test('barOf() falls short where nothing was measured', () => {
  assert.equal(barOf({ ...bar, value: null, better: 'lower' }).holds, false)
  assert.equal(barOf({ ...bar, value: Number.NaN, better: 'higher' }).holds, false)
})

test('tableText() shows a row that lacks a column, and says once what all rows share', () => {
  const shared = '64 connections, product on one core'
  const rows = [
    { product: 'nginx', perSecond: 72_286, conditions: shared },
    { product: 'caddy', conditions: shared },
  ]
  assert.equal(
    tableText(rows),
    ['product  perSecond', 'nginx       72,286', 'caddy            –', `conditions: ${shared}`].join('\n'),
  )
})
