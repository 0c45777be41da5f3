import assert from 'node:assert/strict'
import test from 'node:test'
import { didYouMean } from './did-you-mean.ts'

const words = ['upstream', 'upstreams', 'limits', 'listen', 'ledger', 'mode']

test('didYouMean() says it as a question', () => {
  assert.equal(didYouMean('listne', words), 'did you mean "listen"?')
  assert.equal(didYouMean('zzz', words), null)
})
