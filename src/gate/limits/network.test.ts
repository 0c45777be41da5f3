import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { coarserNetwork, createNetworks } from './network.ts'

const networkOf = createNetworks()

test('createNetworks() reads an IPv4 address whole, also where IPv6 carries it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number)
      const network = { kind: 'ipv4', high: (a << 24) | (b << 16) | (c << 8) | d, low: 0 }
      assert.deepEqual(networkOf(ip), network)
      assert.deepEqual(networkOf(`::ffff:${ip}`), network)
    }),
  )
})

test('createNetworks() takes IPv6 addresses of one /64 together, however they are written, and no others', () => {
  const first = networkOf('2001:db8:1:2::1')
  assert.deepEqual(first, { kind: 'ipv6', high: 0x20010db8, low: 0x00010002 })
  for (const same of ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002:0:0:0:0', '2001:db8:1:2::1%eth0']) {
    assert.deepEqual(networkOf(same), first)
  }
  for (const other of ['2001:db8:1:3::1', '2001:db8:2:2::1', '2001:db9:1:2::1', '::1']) {
    assert.notDeepEqual(networkOf(other), first)
  }
})

test('createNetworks() takes what is no address as it is written', () => {
  for (const text of [
    '',
    'unknown',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    ':::',
  ]) {
    assert.deepEqual(networkOf(text), { kind: 'other', text })
  }
})

test('createNetworks() answers the same after it has forgotten', () => {
  const fresh = createNetworks()
  const before = fresh('2001:db8:1::1')
  for (let i = 0; i < 5000; i++) fresh(`2001:db8:${i.toString(16)}::1`)
  assert.deepEqual(fresh('2001:db8:1::1'), before)
})

test('coarserNetwork() is the /24 of IPv4, the /48 of IPv6, and nothing otherwise', () => {
  assert.deepEqual(coarserNetwork(networkOf('203.0.113.77')), { high: 0xcb007100 | 0, low: 0 })
  assert.deepEqual(coarserNetwork(networkOf('2001:db8:1:2::1')), { high: 0x20010db8, low: 0x00010000 })
  assert.equal(coarserNetwork(networkOf('unknown')), null)
})
