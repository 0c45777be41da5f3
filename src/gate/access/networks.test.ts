import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import type { NetworkRule } from '../../core/mod.ts'
import { blockedBy, compileApiNetworks, compileNetworks } from './networks.ts'

const nowMs = 1_790_000_000_000
let made = 0

function rule(cidr: string, more: Partial<NetworkRule> = {}): NetworkRule {
  return {
    id: `net_${made++}`,
    cidr,
    verdict: 'block',
    reason: '',
    createdAtMs: 1,
    expiresAtMs: null,
    by: 'socket',
    ...more,
  }
}

function blocks(rules: readonly NetworkRule[], address: string, atMs = nowMs): boolean {
  return compileNetworks(rules).blocking(address, atMs) !== null
}

test('blocking() refuses what a blocked network holds, and nothing beside it', () => {
  const rules = [rule('203.0.113.0/28'), rule('2001:db8:1::/48'), rule('198.51.100.7/32')]
  for (const address of ['203.0.113.0', '203.0.113.15', '2001:db8:1:ffff::1', '198.51.100.7', '::ffff:203.0.113.3'])
    assert.ok(blocks(rules, address), address)
  for (const address of ['203.0.113.16', '203.0.112.255', '2001:db8:2::', '198.51.100.8', '::1', 'unknown', ''])
    assert.ok(!blocks(rules, address), address)
})

test('blocking() goes by the longest network, and of one and the same by allow', () => {
  const rules = [
    rule('10.0.0.0/8'),
    rule('10.1.0.0/16', { verdict: 'allow' }),
    rule('10.1.2.0/24'),
    rule('10.1.2.0/24', { verdict: 'allow' }),
    rule('10.1.3.3/32'),
  ]
  assert.ok(blocks(rules, '10.2.0.1'))
  assert.ok(!blocks(rules, '10.1.9.9'))
  assert.ok(!blocks(rules, '10.1.2.9'))
  assert.ok(blocks(rules, '10.1.3.3'))
})

test('blocking() holds until the millisecond before a rule ends, and then goes by what is left', () => {
  const rules = [
    rule('10.0.0.0/8', { expiresAtMs: nowMs + 1000 }),
    rule('10.0.0.1/32', { verdict: 'allow', expiresAtMs: nowMs + 500 }),
  ]
  const table = compileNetworks(rules)
  assert.equal(table.blocking('10.0.0.1', nowMs + 499), null)
  assert.equal(table.blocking('10.0.0.1', nowMs + 500)?.cidr, '10.0.0.0/8')
  assert.equal(table.blocking('10.0.0.1', nowMs + 999)?.cidr, '10.0.0.0/8')
  assert.equal(table.blocking('10.0.0.1', nowMs + 1000), null)
})

const ipv4 = fc
  .tuple(fc.constantFrom(10, 192, 203), fc.constantFrom(0, 1, 128), fc.constantFrom(0, 7, 255), fc.nat(255))
  .map((parts) => parts.join('.'))
const ipv6 = fc
  .array(fc.constantFrom(0, 1, 0x8000, 0xffff), { minLength: 7, maxLength: 7 })
  .map((parts) => new ipaddr.IPv6([0x2001, ...parts]).toString())
const network = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => networkOf(address, bits)),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => networkOf(address, bits)),
)
const anyRule = fc.record({
  cidr: network,
  verdict: fc.constantFrom('block' as const, 'allow' as const),
  expiresAtMs: fc.constantFrom(null, nowMs, nowMs + 1),
})

function networkOf(address: string, bits: number): string {
  const parser = address.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4
  return `${parser.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`
}

/** As one would say it: of those that hold it now, the longest, and an allow before a block. */
function naive(rules: readonly NetworkRule[], address: string): boolean {
  const parsed = ipaddr.process(address)
  const [first] = rules
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    .map(({ cidr, verdict }) => ({ verdict, range: ipaddr.parseCIDR(cidr) }))
    .filter(({ range: [base, bits] }) => base.kind() === parsed.kind() && parsed.match(base, bits))
    .toSorted((a, b) => b.range[1] - a.range[1] || (a.verdict === 'allow' ? -1 : 1))
  return first?.verdict === 'block'
}

test('blocking() decides as a naive reading of the rules does', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 30 }),
      fc.array(fc.oneof(ipv4, ipv6), { minLength: 5 }),
      (some, seen) => {
        const rules = some.map((one) => rule(one.cidr, one))
        const table = compileNetworks(rules)
        // Addresses of the rules themselves and their neighbours are where mistakes would show.
        for (const address of [...seen, ...rules.map(({ cidr }) => cidr.split('/')[0] ?? '')])
          assert.equal(table.blocking(address, nowMs) !== null, naive(rules, address), address)
      },
    ),
    { numRuns: 300 },
  )
})

test('blocking() costs little with as many rules as there may be', () => {
  const rules = Array.from({ length: 10_000 }, (_, i) => rule(`10.${i >> 8}.${i & 255}.0/${24 + (i % 9)}`))
  const table = compileNetworks(rules)
  // The least of several rounds: what a busy machine adds falls away.
  let leastUs = Infinity
  for (let round = 0; round < 20; round++) {
    const started = performance.now()
    for (let i = 0; i < 2_000; i++) table.blocking('192.0.2.1', nowMs)
    leastUs = Math.min(leastUs, (performance.now() - started) / 2)
  }
  assert.ok(leastUs < 5, `${leastUs} µs each`)
})

test('blockedBy() tells the record which rule, and the caller nothing', () => {
  const refused = blockedBy(rule('203.0.113.0/28', { id: 'net_1', reason: 'stuffing', expiresAtMs: nowMs }))
  assert.equal(refused.note, '203.0.113.0/28 is blocked until 2026-09-21T14:13:20.000Z (net_1): stuffing')
  assert.equal(refused.reason, 'network_blocked')
  assert.ok(!JSON.stringify([refused.detail, refused.headers]).includes('203'))
})

test('compileApiNetworks() takes only what allow names, and refuses what deny names more exactly', () => {
  const open = compileApiNetworks({ allow: [], deny: ['203.0.113.0/24', '198.51.100.7'] })
  assert.equal(open('192.0.2.1'), null)
  assert.match(open('203.0.113.9') ?? '', /203\.0\.113\.0\/24 of networks\.deny/)
  assert.notEqual(open('198.51.100.7'), null)
  const closed = compileApiNetworks({ allow: ['10.0.0.0/8', '10.5.0.0/16'], deny: ['10.1.0.0/16', '10.5.0.0/16'] })
  assert.equal(closed('10.2.3.4'), null)
  assert.notEqual(closed('10.1.2.3'), null)
  assert.equal(closed('10.5.0.1'), null)
  assert.match(closed('192.0.2.1') ?? '', /not in networks\.allow/)
  assert.notEqual(closed('unknown'), null)
  assert.equal(compileApiNetworks({ allow: [], deny: [] })('192.0.2.1'), null)
})

test('compileNetworks() refuses what is no network, naming it', () => {
  for (const cidr of ['nowhere', '10.0.0.0/33', '10.0.0/8', '2001:db8::/129', ''])
    assert.throws(() => compileNetworks([rule(cidr)]), { code: 'invalid_argument', message: new RegExp(`'${cidr}'`) })
})
