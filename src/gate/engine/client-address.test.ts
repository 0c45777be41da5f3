import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../../core/mod.ts'
import { addressGroup, createTrustedHops, plainAddress } from './client-address.ts'

const hops = createTrustedHops(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7'])

function clientOf(address: string, ...headers: string[]): string {
  const { clientIp, trustedHop } = hops.clientOf(address, 1, headers)
  return `${clientIp} by ${trustedHop}`
}

test('clientOf() is the peer where no hop is trusted, whatever was sent', () => {
  const { clientOf: direct } = createTrustedHops([])
  assert.deepEqual(direct('198.51.100.9', 7, ['x-forwarded-for', '203.0.113.1']), {
    address: '198.51.100.9',
    port: 7,
    clientIp: '198.51.100.9',
    trustedHop: null,
  })
  assert.equal(clientOf('198.51.100.9', 'x-forwarded-for', '203.0.113.1'), '198.51.100.9 by null')
})

test('clientOf() walks from the right and stops at the first address that is not trusted', () => {
  assert.equal(clientOf('10.0.0.1', 'x-forwarded-for', '1.1.1.1, 203.0.113.1'), '203.0.113.1 by 10.0.0.1')
  assert.equal(clientOf('10.0.0.1', 'x-forwarded-for', '1.1.1.1, 203.0.113.1, 10.9.9.9'), '203.0.113.1 by 10.9.9.9')
  assert.equal(
    clientOf('10.0.0.1', 'x-forwarded-for', '203.0.113.1', 'x-forwarded-for', '10.2.2.2'),
    '203.0.113.1 by 10.2.2.2',
  )
  assert.equal(clientOf('10.0.0.1', 'x-forwarded-for', '10.3.3.3, 10.2.2.2'), '10.3.3.3 by 10.2.2.2')
})

test('clientOf() reads ports, IPv6 and IPv4 in IPv6 clothes', () => {
  assert.equal(clientOf('2001:db8:1::5', 'x-forwarded-for', '203.0.113.1:4711'), '203.0.113.1 by 2001:db8:1::5')
  assert.equal(clientOf('192.0.2.7', 'x-forwarded-for', '[2001:db8:2::1]:443'), '2001:db8:2::1 by 192.0.2.7')
  assert.equal(
    clientOf('10.0.0.1', 'x-forwarded-for', '::ffff:203.0.113.1, ::ffff:10.1.1.1'),
    '203.0.113.1 by 10.1.1.1',
  )
})

test('clientOf() stops at the last good hop when it cannot read on', () => {
  for (const bad of ['unknown', '_hidden', '', '1.2.3', '01.2.3.4', '1.2.3.4.5', 'a,b']) {
    assert.equal(clientOf('10.0.0.1', 'x-forwarded-for', `203.0.113.1, ${bad}, 10.1.1.1`), '10.1.1.1 by 10.0.0.1', bad)
  }
  assert.equal(clientOf('10.0.0.1'), '10.0.0.1 by null')
})

test('clientOf() reads Forwarded where there is no X-Forwarded-For', () => {
  const forwarded = 'for=203.0.113.1;proto=https;by=10.0.0.9, FOR="[2001:db8:2::1]:80"'
  assert.equal(clientOf('10.0.0.1', 'forwarded', forwarded), '2001:db8:2::1 by 10.0.0.1')
  assert.equal(clientOf('10.0.0.1', 'forwarded', 'proto=http;for=203.0.113.1'), '203.0.113.1 by 10.0.0.1')
  assert.equal(clientOf('10.0.0.1', 'forwarded', 'proto=http'), '10.0.0.1 by null')
  assert.equal(
    clientOf('10.0.0.1', 'forwarded', 'for=1.1.1.1', 'x-forwarded-for', '203.0.113.1'),
    '203.0.113.1 by 10.0.0.1',
  )
})

test('clientOf() never names an address left of one that is not trusted', () => {
  const address = fc.constantFrom('10.1.1.1', '10.2.2.2', '203.0.113.1', '198.51.100.1', 'junk', '')
  fc.assert(
    fc.property(fc.array(address, { maxLength: 6 }), (chain) => {
      const { clientIp } = hops.clientOf('10.0.0.1', 1, ['x-forwarded-for', chain.join(', ')])
      const stop = chain.findLastIndex((item) => !item.startsWith('10.'))
      const reachable = ['10.0.0.1', ...chain.slice(Math.max(stop, 0))]
      assert.ok(reachable.includes(clientIp), `${chain.join(', ')} gave ${clientIp}`)
    }),
  )
})

test('createTrustedHops() throws for what is no CIDR', () => {
  assert.throws(
    () => createTrustedHops(['10.0.0.0/8', 'nonsense']),
    (error) => hasCode(error, 'invalid_argument'),
  )
})

test('plainAddress() unwraps IPv4 and drops zones', () => {
  assert.equal(plainAddress('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
})

test('addressGroup() takes IPv6 by /64', () => {
  assert.equal(addressGroup('2001:db8::1'), addressGroup('2001:db8::ffff:1'))
  assert.notEqual(addressGroup('2001:db8::1'), addressGroup('2001:db8:0:1::1'))
  assert.equal(addressGroup('127.0.0.1'), '127.0.0.1')
})
