import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { addressBytes, addressText, collide, isLoopback, isWildcard, parseAddress, parseNetwork } from './addresses.ts'

test('parseAddress() takes IP literals and localhost with a port', () => {
  assert.deepEqual(parseAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  assert.deepEqual(parseAddress('[::1]:0'), { host: '::1', port: 0 })
  assert.deepEqual(parseAddress('localhost:80'), { host: '127.0.0.1', port: 80 })
  for (const text of [
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:80',
    'example.com:80',
    '[127.0.0.1]:80',
    '1.2.3:80',
    '01.2.3.4:80',
    '[::1%lo]:80',
  ]) {
    assert.equal(parseAddress(text), null, text)
  }
})

test('addressBytes() knows the IP literals that the runtime knows, but for zones', () => {
  const part = fc.constantFrom('0', '1', '255', '256', '01', 'ffff', '12345', '', ':', '::', 'g', '1.2.3.4')
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    fc.string({ maxLength: 20 }),
  )
  fc.assert(
    fc.property(text, (literal) => {
      if (literal.includes('%')) return
      assert.equal(addressBytes(literal)?.length ?? 0, { 0: 0, 4: 4, 6: 16 }[isIP(literal)], literal)
    }),
    { numRuns: 1000 },
  )
})

test('addressText() is read back by parseAddress()', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      assert.deepEqual(parseAddress(addressText({ host, port })), { host: host.toLowerCase(), port })
    }),
  )
})

test('isLoopback() and isWildcard() know both families', () => {
  assert.deepEqual(['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '10.0.0.1', '::', '::2', 'x'].map(isLoopback), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ])
  assert.deepEqual(['0.0.0.0', '::', '127.0.0.1', 'x'].map(isWildcard), [true, true, false, false])
})

test('collide() sees an address under the wildcard, and never port 0', () => {
  assert.equal(collide({ host: '0.0.0.0', port: 80 }, { host: '127.0.0.1', port: 80 }), true)
  assert.equal(collide({ host: '127.0.0.1', port: 80 }, { host: '127.0.0.2', port: 80 }), false)
  assert.equal(collide({ host: '127.0.0.1', port: 0 }, { host: '127.0.0.1', port: 0 }), false)
})

test('parseNetwork() completes a bare address and finds bits behind the mask', () => {
  assert.equal(parseNetwork('192.0.2.7')?.cidr, '192.0.2.7/32')
  assert.equal(parseNetwork('::1')?.cidr, '::1/128')
  assert.deepEqual(parseNetwork('10.0.0.0/8'), { cidr: '10.0.0.0/8', clean: '10.0.0.0/8' })
  assert.equal(parseNetwork('10.1.2.3/8')?.clean, '10.0.0.0/8')
  assert.equal(parseNetwork('10.255.0.0/9')?.clean, '10.128.0.0/9')
  assert.equal(parseNetwork('2001:db8::1/32')?.clean, '2001:db8::/32')
  assert.equal(parseNetwork('1.2.3.4/0')?.clean, '0.0.0.0/0')
  for (const text of ['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0/8', 'x/8'])
    assert.equal(parseNetwork(text), null, text)
})
