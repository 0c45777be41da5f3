import assert from 'node:assert/strict'
import test from 'node:test'
import { openHook, wayOut } from '../../../test/support/hook.ts'
import { systemClock } from '../../core/mod.ts'
import { openExports } from '../export/mod.ts'
import { openBench } from './test/bench.ts'

test('the sinks are listed without their secrets, and one that is asked for gets a test event', async () => {
  await using hook = await openHook()
  await using stack = new AsyncDisposableStack()
  await using store = await openBench()
  const sinks = stack.use(
    await openExports({
      sinks: [
        { name: 'hook', type: 'webhook', url: hook.url, ca: null, token: 'geheim', secret: null, only: ['refused'] },
      ],
      product: { version: '1.0.0', node: 'gate-1' },
      read: async () => [],
      sizes: () => ({ access: 7, audit: 1 }),
      documents: store.control.documents,
      outbound: stack.use(wayOut()),
      clock: systemClock,
      onChange: () => {},
    }),
  )
  await using bench = await openBench({ sinks })
  const listed = await bench.call('GET', '/v1/sinks')
  assert.equal(listed.status, 200)
  assert.partialDeepStrictEqual(listed.body, {
    items: [{ name: 'hook', type: 'webhook', state: 'ok', logs: { access: { next: 0, lag: 7 }, audit: null } }],
  })
  assert.doesNotMatch(JSON.stringify(listed.body), /geheim/)
  const tested = await bench.call('POST', '/v1/sinks/hook/test', {})
  assert.partialDeepStrictEqual(tested.body, { delivered: true, answer: 'status 204' })
  assert.equal(hook.calls[0]?.headers.authorization, 'Bearer geheim')
  assert.equal((await bench.call('POST', '/v1/sinks/hok/test', {})).status, 404)
})

test('without sinks there is nothing at their paths', async () => {
  await using bench = await openBench()
  assert.equal((await bench.call('GET', '/v1/sinks')).status, 404)
})
