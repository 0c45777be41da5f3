import assert from 'node:assert/strict'
import test from 'node:test'
import { maskQuery } from './handle-query.ts'

test('maskQuery() hides the values of secret-looking parameters and keeps the others', () => {
  assert.equal(maskQuery('page=2&api_key=abc&sort=asc'), 'page=2&api_key=***&sort=asc')
  assert.equal(
    maskQuery('X-Amz-Signature=abc&x_token=1&Access-Token=2'),
    'X-Amz-Signature=***&x_token=***&Access-Token=***',
  )
})

test('maskQuery() sees through percent-encoded names', () => {
  assert.equal(maskQuery('%74oken=abc'), '%74oken=***')
  assert.equal(maskQuery('%zz=abc'), '%zz=abc')
})

test('maskQuery() hides our own keys wherever they stand', () => {
  assert.equal(maskQuery('q=gthk_live_x&a=1'), 'q=gthk_***&a=1')
  assert.equal(maskQuery('q=%67thk%5Flive_x%41&a=%2f'), 'q=gthk_***&a=%2f')
  assert.equal(maskQuery('gths_x=1'), 'gths_***=1')
  assert.equal(maskQuery(''), '')
})
