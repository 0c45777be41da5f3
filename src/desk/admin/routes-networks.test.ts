import assert from 'node:assert/strict'
import test from 'node:test'
import { samplePolicy } from '../../../test/conformance/control-store.ts'
import type { Api } from '../../core/mod.ts'
import { openBench } from './test/bench.ts'

const observed: Api = {
  name: 'orders',
  hosts: [],
  mode: 'observe',
  networks: { allow: [], deny: [] },
  durability: 'durable',
  upstreams: [],
  routes: [],
}

test('POST, GET and DELETE /v1/networks block, list and release', async () => {
  await using bench = await openBench()
  const body = { network: '203.0.113.9/28', verdict: 'block', expiresInMs: 60_000, reason: 'stuffing' }
  const made = await bench.call('POST', '/v1/networks', { body })
  assert.equal(made.status, 201)
  const rule = made.body as { id: string; createdAtMs: number }
  assert.partialDeepStrictEqual(rule, {
    cidr: '203.0.113.0/28',
    verdict: 'block',
    reason: 'stuffing',
    expiresAtMs: rule.createdAtMs + 60_000,
    by: 'token',
    applied: true,
    observed: [],
  })
  const listed = (await bench.call('GET', '/v1/networks')).body as { items: { id: string }[] }
  assert.deepEqual(
    listed.items.map(({ id }) => id),
    [rule.id],
  )
  const released = await bench.call('DELETE', `/v1/networks/${encodeURIComponent('203.0.113.0/28')}`)
  assert.equal(released.status, 200)
  assert.partialDeepStrictEqual(released.body, { items: [{ id: rule.id }], applied: true })
  assert.equal((await bench.call('DELETE', `/v1/networks/${rule.id}`)).status, 404)
})

test('POST /v1/networks refuses to shut out whoever asks, unless it is meant', async () => {
  await using bench = await openBench()
  const body = { network: '127.0.0.0/8', verdict: 'block' }
  const refused = await bench.call('POST', '/v1/networks', { body })
  assert.equal(refused.status, 409)
  assert.match(refused.text, /loopback address.*force/)
  assert.equal((await bench.call('POST', '/v1/networks', { body: { ...body, force: true } })).status, 201)
})

test('POST /v1/networks names the APIs that only observe, and refuses what cannot be', async () => {
  await using bench = await openBench()
  await bench.control.setPolicy({ ...samplePolicy, apis: [observed, { ...observed, name: 'users', mode: 'enforce' }] })
  const block = { network: '203.0.113.7', verdict: 'block' }
  assert.partialDeepStrictEqual((await bench.call('POST', '/v1/networks', { body: block })).body, {
    observed: ['orders'],
  })
  for (const more of [
    { network: 'acme' },
    { verdict: 'deny' },
    { expiresInMs: 0 },
    { reason: 'x'.repeat(201) },
    { for: 1 },
  ])
    assert.equal((await bench.call('POST', '/v1/networks', { body: { ...block, ...more } })).status, 422)
})
