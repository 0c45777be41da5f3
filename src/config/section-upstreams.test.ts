import assert from 'node:assert/strict'
import test from 'node:test'
import { poolRulesDefault, type PoolRules } from '../core/mod.ts'
import { type LoadedConfig, loadText } from './load-config.ts'

const load = (lines: string): LoadedConfig =>
  loadText(`version: 1\napis: { orders: { upstreams: [http://a, http://b], ${lines} } }\n`, {
    path: 'gatehouse.yaml',
    env: {},
    cores: 4,
    host: 'gate',
  })

function poolOf(lines: string): PoolRules | undefined {
  const read = load(lines)
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config.policy.apis[0]?.pool
}

function faultsOf(lines: string): string {
  const read = load(lines)
  return read.ok ? '' : read.problems.map(({ code, message, hint }) => `${code} ${message} (${hint})`).join('\n')
}

test('an API that says nothing of its pool has the rules that the gate takes for given', () => {
  assert.deepEqual(poolOf('auth: none'), poolRulesDefault)
})

test('the settings of a pool come to the rules that they say', () => {
  const text =
    'balance: hash, hashBy: "header:X-Tenant", weights: [2, 1], eject: { after: 2, for: 1m, longest: 1s, most: 34 }, ' +
    'breaker: { failures: 25 }, retries: { max: 0, share: 5, least: 0 }, panic: false, health: { expect: "204" }'
  assert.deepEqual(poolOf(text), {
    balance: 'hash',
    hashBy: 'header:x-tenant',
    weights: [2, 1],
    eject: { failures: 2, baseMs: 60_000, mostMs: 60_000, share: 0.34 },
    breaker: { failureRate: 0.25, requestsMin: 20, windowMs: 10_000, openMs: 5_000 },
    retries: { max: 0, share: 0.05, perSecondMin: 0 },
    health: {
      path: '/healthz',
      everyMs: 5_000,
      timeoutMs: 2_000,
      healthyAfter: 2,
      unhealthyAfter: 3,
      expect: { from: 204, to: 204 },
    },
    panic: false,
  })
  assert.equal(poolOf('eject: { most: 0 }')?.eject, null)
})

test('a setting of a pool that makes no sense is refused with the way out', () => {
  for (const [lines, fault] of [
    ['balance: random', /GH-C007 .*round-robin, least-requests, hash/],
    ['hashBy: x-tenant', /GH-C008 .*header:x-tenant/],
    ['weights: [0]', /GH-C009/],
    ['weights: [1, 1, 1]', /GH-C014 .*weight/],
    ['health: { expect: 399-200 }', /GH-C009/],
    ['health: { path: healthz }', /GH-C008 .*\/healthz/],
    ['health: { every: 1s, timeout: 2s }', /GH-C014 .*longer/],
    ['eject: { most: 101 }', /GH-C009/],
  ] as const)
    assert.match(faultsOf(lines), fault, lines)
})
