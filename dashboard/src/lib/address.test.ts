import assert from 'node:assert/strict'
import test from 'node:test'
import { isInNetwork, isNetwork, networkOf } from './address.ts'

test('isInNetwork() compares the first bits, within one family', () => {
  assert.ok(isInNetwork('203.0.113.14', '203.0.113.0/28'))
  assert.ok(!isInNetwork('203.0.113.16', '203.0.113.0/28'))
  assert.ok(isInNetwork('2001:db8::1', '2001:db8::/32'))
  assert.ok(isInNetwork('::1', '::1'))
  assert.ok(!isInNetwork('::1', '0.0.0.0/0'))
  assert.ok(isInNetwork('10.1.2.3', '0.0.0.0/0'))
})

test('isNetwork() refuses what is no address and no network', () => {
  for (const text of ['203.0.113.7', '10.0.0.0/8', '2001:db8::/32', '::']) assert.ok(isNetwork(text), text)
  for (const text of ['', '1.2.3', '256.1.1.1', '10.0.0.0/33', '2001::db8::1', '1:2:3:4:5:6:7:8:9', 'x']) {
    assert.ok(!isNetwork(text), text)
  }
})

test('networkOf() gives the network that one would block', () => {
  assert.equal(networkOf('203.0.113.29'), '203.0.113.16/28')
  assert.equal(networkOf('2001:db8:1:2:3::4'), '2001:db8:1::/56')
  assert.equal(networkOf('2001:db8:0:1ff::4'), '2001:db8:0:100::/56')
  assert.equal(networkOf('::1'), '::/56')
})
