import assert from 'node:assert/strict'
import { BlockList, isIPv6 } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { addressKey, addressRange, networkOf } from './addresses.ts'

test('addressRange() holds just the addresses that node:net finds in the network', () => {
  const versions = [
    { family: 'ipv4', address: fc.ipV4(), bitsMax: 32 },
    { family: 'ipv6', address: fc.ipV6().filter((ip) => !/^::(?:ffff)?/i.test(ip)), bitsMax: 128 },
  ] as const
  for (const { family, address, bitsMax } of versions)
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: bitsMax }), fc.boolean(), (net, other, bits, near) => {
        const ip = near ? net : other
        const list = new BlockList()
        list.addSubnet(net, bits, family)
        const range = addressRange(`${net}/${bits}`)
        const key = addressKey(ip)
        assert.ok(range !== null && key !== null)
        assert.equal(range.from <= key && key <= range.to, list.check(ip, family), `${ip} in ${net}/${bits}`)
      }),
    )
})

test('addressRange() and addressKey() are null for what is no address', () => {
  for (const text of [
    '',
    'x',
    '10',
    '10.1',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '::/129',
    '1.2.3.4.5',
    '0x7f.1',
  ])
    assert.equal(addressRange(text), null, text)
  assert.equal(addressKey('300.1.1.1'), null)
})

test('networkOf() gives the /24 or /64, and of IPv4 in IPv6 the /24', () => {
  assert.equal(networkOf('203.0.113.77'), '203.0.113.0/24')
  assert.equal(networkOf('2001:DB8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(networkOf('::ffff:203.0.113.77'), '203.0.113.0/24')
  assert.equal(networkOf(''), '')
  assert.ok(isIPv6(networkOf('::1').split('/')[0] ?? ''))
})
