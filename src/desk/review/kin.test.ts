import assert from 'node:assert/strict'
import test from 'node:test'
import { agentFamilyOf, isInNetwork, networkOf } from './kin.ts'

test('networkOf() is the /24 or the /48 of an address', () => {
  for (const [address, network] of [
    ['198.51.100.70', '198.51.100.0/24'],
    ['2001:db8:1:2::3', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8::/48'],
    ['::1', '::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
    ['', 'unknown'],
    ['1.2.3.999', 'unknown'],
    ['1:2:3', 'unknown'],
    ['a::b::c', 'unknown'],
  ] as const)
    assert.equal(networkOf(address), network, address)
})

test('isInNetwork() compares the bits of the prefix', () => {
  for (const [address, network, is] of [
    ['203.0.113.15', '203.0.113.0/28', true],
    ['203.0.113.16', '203.0.113.0/28', false],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.8', '203.0.113.7', false],
    ['2001:db8:1::9', '2001:db8::/32', true],
    ['2001:db9::9', '2001:db8::/32', false],
    ['203.0.113.7', '::/0', false],
    ['nobody', '0.0.0.0/0', false],
    ['203.0.113.7', 'nothing', false],
  ] as const)
    assert.equal(isInNetwork(address, network), is, `${address} in ${network}`)
})

test('agentFamilyOf() names the program, without its version', () => {
  for (const [agent, family] of [
    ['curl/8.5.0', 'curl'],
    ['python-requests/2.31', 'python-requests'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36', 'chrome'],
    ['Mozilla/5.0 (X11; rv:130.0) Gecko/20100101 Firefox/130.0', 'firefox'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1)', 'crawler'],
    ['()', 'other'],
    [null, 'none'],
  ] as const)
    assert.equal(agentFamilyOf(agent), family)
})
