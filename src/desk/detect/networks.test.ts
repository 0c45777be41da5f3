import assert from 'node:assert/strict'
import test from 'node:test'
import { networkOf } from './networks.ts'

test('networkOf() groups IPv4 by 16 addresses and IPv6 by /56, of which each /64 is one caller', () => {
  assert.deepEqual(networkOf('203.0.113.15'), { address: '203.0.113.15', group: '203.0.113.0/28' })
  assert.deepEqual(networkOf('203.0.113.16'), { address: '203.0.113.16', group: '203.0.113.16/28' })
  assert.deepEqual(networkOf('::ffff:203.0.113.7'), { address: '203.0.113.7', group: '203.0.113.0/28' })
  assert.deepEqual(networkOf('2001:db8:1:2ab::9'), { address: '2001:db8:1:2ab::/64', group: '2001:db8:1:200::/56' })
})

test('networkOf() is null for what is no address', () => {
  for (const text of ['', 'unknown', '/v1', 'fe80::x']) assert.equal(networkOf(text), null)
})
