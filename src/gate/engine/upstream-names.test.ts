import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openNameLookup } from './upstream-names.ts'

interface Bench {
  nowMs: number
  answer: readonly string[] | Error
  asked: number
  /** What a new connection would go to. */
  addresses(family?: 4 | 6): Promise<string>
}

function benchOf(): Bench {
  const bench: Bench = { nowMs: 0, answer: ['192.0.2.1'], asked: 0, addresses: () => Promise.resolve('') }
  const lookup = openNameLookup(
    () => bench.nowMs,
    async () => {
      bench.asked++
      await turn()
      if (bench.answer instanceof Error) throw bench.answer
      return bench.answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    },
  )
  bench.addresses = async (family) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    lookup('orders', { all: true, ...(family === undefined ? {} : { family }) }, (error, found) => {
      // With `all` it is a list.
      resolve(error === null ? (found as LookupAddress[]).map(({ address }) => address).join() : String(error.code))
    })
    const text = await promise
    await turn()
    await turn()
    return text
  }
  return bench
}

test('a name is asked for again after thirty seconds, beside the connection that notices', async () => {
  const bench = benchOf()
  assert.equal(await bench.addresses(), '192.0.2.1')
  bench.answer = ['192.0.2.2', '2001:db8::2']
  bench.nowMs = 29_999
  assert.equal(await bench.addresses(), '192.0.2.1')
  assert.equal(bench.asked, 1)
  bench.nowMs = 30_000
  assert.equal(await bench.addresses(), '192.0.2.1')
  assert.equal(await bench.addresses(), '192.0.2.2,2001:db8::2')
  assert.equal(await bench.addresses(6), '2001:db8::2')
  assert.equal(bench.asked, 2)
})

test('addresses that are minutes old are not used before newer ones were asked for', async () => {
  const bench = benchOf()
  await bench.addresses()
  bench.answer = ['192.0.2.2']
  bench.nowMs = 300_000
  assert.equal(await bench.addresses(), '192.0.2.2')
})

test('the old addresses are kept while none can be had, and without any the error is told', async () => {
  const bench = benchOf()
  await bench.addresses()
  bench.answer = Object.assign(new Error('down'), { code: 'EAI_AGAIN' })
  for (bench.nowMs of [30_000, 400_000, 1_000_000]) assert.equal(await bench.addresses(), '192.0.2.1')
  bench.answer = []
  bench.nowMs = 2_000_000
  assert.equal(await bench.addresses(), '192.0.2.1')
  const unknown = benchOf()
  unknown.answer = Object.assign(new Error('down'), { code: 'EAI_AGAIN' })
  assert.equal(await unknown.addresses(), 'EAI_AGAIN')
  unknown.answer = ['192.0.2.7']
  assert.equal(await unknown.addresses(), '192.0.2.7')
})
