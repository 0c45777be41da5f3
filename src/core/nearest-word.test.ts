import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { nearest } from './nearest-word.ts'

const words = ['upstream', 'upstreams', 'limits', 'listen', 'ledger', 'mode']

test('nearest() finds a slip: a letter too many, too few, another one, or two swapped', () => {
  assert.equal(nearest('limitss', words), 'limits')
  assert.equal(nearest('limts', words), 'limits')
  assert.equal(nearest('limins', words), 'limits')
  assert.equal(nearest('legder', words), 'ledger')
  assert.equal(nearest('UPSTREAM', words), 'upstream')
})

test('nearest() stays silent when no word is near', () => {
  assert.equal(nearest('console', words), null)
  assert.equal(nearest('x', words), null)
  assert.equal(nearest('', words), null)
  assert.equal(nearest('mode', []), null)
})

test('nearest() finds every word that has one letter changed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...words), fc.nat(20), fc.constantFrom('x', 'q'), (word, at, letter) => {
      const index = at % word.length
      assert.notEqual(nearest(word.slice(0, index) + letter + word.slice(index + 1), words), null)
    }),
  )
})
