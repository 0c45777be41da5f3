import assert from 'node:assert/strict'
import test from 'node:test'
import { anonymous, type LimitPolicy, type Principal } from '../../core/mod.ts'
import {
  compileLimits,
  type CompiledLimits,
  createCounters,
  createLimiter,
  type Limiter,
  type LimitVerdict,
  openCounterTable,
} from './mod.ts'

const startMs = 86_400_000

function openLimiter(options: { keysMax?: number; rateLimitHeaders?: boolean } = {}): Limiter {
  const { keysMax = 100, rateLimitHeaders = true } = options
  const store = openCounterTable(createCounters({ keysMax, threadsMax: 1 }), 0)
  return createLimiter({ store, seed: 42, rateLimitHeaders })
}

function policyOf(name: string, per: LimitPolicy['per'], limit: number, windowMs: number = 60_000): LimitPolicy {
  return { name, per, limit, windowMs }
}

function principalOf(consumerId: string, credentialId: string): Principal {
  return {
    kind: 'consumer',
    consumerId,
    consumerName: consumerId,
    credentialId,
    via: 'api-key',
    environment: 'live',
    scopes: new Set(),
    roles: [],
    deprecation: null,
  }
}

const acme = principalOf('acme', 'key1')

test('take() admits up to the limit, then refuses with 429 words and when to come back', () => {
  const limiter = openLimiter()
  const limits = compileLimits([policyOf('default', 'consumer', 2)])
  assert.equal(limiter.take(limits, acme, '192.0.2.1', startMs).refusal, null)
  assert.equal(limiter.take(limits, acme, '192.0.2.1', startMs + 10_500).refusal, null)
  assert.deepEqual(limiter.take(limits, acme, '192.0.2.1', startMs + 12_100), {
    refusal: {
      reason: 'quota_exceeded',
      detail: 'Try again in 51 s', // the first one's cell of 3 s leaves 63 s after it began
      note: 'limits: default',
      headers: ['retry-after', '51'],
    },
    readings: [
      {
        name: 'default',
        per: 'consumer',
        limit: 2,
        windowMs: 60_000,
        used: 2,
        resetMs: 50_900,
        admitted: false,
        coarser: false,
      },
    ],
    headers: ['ratelimit-policy', '"default";q=2;w=60', 'ratelimit', '"default";r=0;t=51'],
  })
  assert.equal(limiter.take(limits, acme, '192.0.2.1', startMs + 12_100 + 51_000).refusal, null)
})

test('take() names all limits in the fields, and asks to wait for the last of those that refuse', () => {
  const limiter = openLimiter()
  const limits = compileLimits([
    policyOf('burst', 'credential', 1, 1000),
    policyOf('hour', 'consumer', 1, 3_600_000),
    policyOf('day', 'ip', 50, 86_400_000),
  ])
  const first = limiter.take(limits, acme, '192.0.2.1', startMs)
  const policies = '"burst";q=1;w=1,"hour";q=1;w=3600,"day";q=50;w=86400'
  assert.deepEqual(first.headers, [
    'ratelimit-policy',
    policies,
    'ratelimit',
    '"burst";r=0;t=2,"hour";r=0;t=3780,"day";r=49;t=90720',
  ])
  const second = limiter.take(limits, acme, '192.0.2.1', startMs)
  assert.deepEqual(second.refusal?.headers, ['retry-after', '3780'])
  assert.equal(second.refusal?.note, 'limits: burst, hour')
  assert.deepEqual(
    second.readings.map(({ used, admitted }) => [used, admitted]),
    [
      [1, false],
      [1, false],
      [1, true],
    ],
  )
})

test('take() never says in Retry-After an earlier moment than in the field of the limit that refuses', () => {
  const limits = compileLimits([policyOf('a', 'ip', 1, 1700), policyOf('b', 'ip', 1, 999)])
  for (let step = 0; step < 1700; step += 37) {
    const limiter = openLimiter()
    limiter.take(limits, anonymous, '192.0.2.1', startMs)
    const { refusal, headers } = limiter.take(limits, anonymous, '192.0.2.1', startMs + step)
    assert.ok(refusal !== null)
    const times = [...(headers[3] ?? '').matchAll(/r=0;t=(\d+)/g)].map(([, seconds]) => Number(seconds))
    assert.equal(Number(refusal.headers[1]), Math.max(...times))
  }
})

test('take() sends no fields where they are switched off, but says when to come back', () => {
  const limiter = openLimiter({ rateLimitHeaders: false })
  const limits = compileLimits([policyOf('default', 'ip', 1)])
  assert.deepEqual(limiter.take(limits, anonymous, '192.0.2.1', startMs).headers, [])
  const refused = limiter.take(limits, anonymous, '192.0.2.1', startMs)
  assert.deepEqual([refused.headers, refused.refusal?.headers], [[], ['retry-after', '63']])
})

test('take() of a route without limits admits and says nothing', () => {
  const verdict = openLimiter().take(compileLimits([]), acme, '192.0.2.1', startMs)
  assert.deepEqual(verdict, { refusal: null, readings: [], headers: [] })
})

/** How many of these callers, one after the other, a limit of one admits. */
function admittedOf(per: LimitPolicy['per'], callers: readonly (readonly [Principal, string])[]): number {
  const limiter = openLimiter()
  const limits = compileLimits([policyOf('one', per, 1)])
  const verdicts = callers.map(([principal, ip]) => limiter.take(limits, principal, ip, startMs))
  return verdicts.filter(({ refusal }) => refusal === null).length
}

test('take() counts consumers together over their credentials and addresses', () => {
  const [second, other] = [principalOf('acme', 'key2'), principalOf('umbrella', 'key1')]
  const callers = [[acme, '192.0.2.1'] as const, [second, '192.0.2.2'] as const, [other, '192.0.2.1'] as const]
  assert.equal(admittedOf('consumer', callers), 2)
  assert.equal(admittedOf('credential', callers), 2)
  assert.equal(admittedOf('ip', callers), 2)
})

test('take() counts who is anonymous by address, whatever the limit counts by', () => {
  const callers = ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map((ip) => [anonymous, ip] as const)
  for (const per of ['consumer', 'credential', 'ip'] as const) assert.equal(admittedOf(per, callers), 2)
  const limits = compileLimits([policyOf('one', 'consumer', 1)])
  assert.equal(openLimiter().take(limits, anonymous, '192.0.2.1', startMs).readings[0]?.per, 'ip')
})

test('take() counts IPv6 clients by /64', () => {
  const ips = ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:1::', '2001:db8:0:1::1', '2001:db8:0:1::2']
  assert.equal(
    admittedOf(
      'ip',
      ips.map((ip) => [anonymous, ip] as const),
    ),
    2,
  )
  assert.equal(
    admittedOf(
      'ip',
      ['::ffff:192.0.2.1', '192.0.2.1'].map((ip) => [anonymous, ip] as const),
    ),
    1,
  )
})

test('take() keeps counts when limits are compiled again, and begins anew with another name or window', () => {
  const limiter = openLimiter()
  const used = (policy: LimitPolicy): number | undefined =>
    limiter.take(compileLimits([policy]), acme, '192.0.2.1', startMs).readings[0]?.used
  const policy = policyOf('default', 'consumer', 9)
  assert.deepEqual([used(policy), used({ ...policy, limit: 5 })], [1, 2])
  assert.deepEqual([used({ ...policy, name: 'other' }), used({ ...policy, windowMs: 1000 }), used(policy)], [1, 1, 3])
})

/** So many callers that a small table is full; each takes once. */
function crowd(limits: CompiledLimits, caller: (i: number) => readonly [Principal, string]): readonly LimitVerdict[] {
  const limiter = openLimiter({ keysMax: 20 })
  return Array.from({ length: 200 }, (_, i) => limiter.take(limits, ...caller(i), startMs))
}

test('take() counts addresses by /24 and /48, and credentials by consumer, where the table has no room', () => {
  const callers: readonly [LimitPolicy['per'], (i: number) => readonly [Principal, string]][] = [
    ['ip', (i) => [anonymous, `192.0.2.${i}`]],
    ['ip', (i) => [anonymous, `2001:db8:0:${i.toString(16)}::1`]],
    ['credential', (i) => [principalOf('acme', `key${i}`), '192.0.2.1']],
  ]
  for (const [per, caller] of callers) {
    const coarser = crowd(compileLimits([policyOf('many', per, 1000)]), caller).filter(
      ({ readings }) => readings[0]?.coarser === true,
    )
    assert.ok(coarser.length > 100, `${coarser.length} of 200`)
    assert.equal(coarser.at(-1)?.readings[0]?.used, coarser.length)
  }
})

test('take() refuses consumers for whom the table has no room, and the record says so', () => {
  const limits = compileLimits([policyOf('many', 'consumer', 1000), policyOf('day', 'consumer', 1000, 86_400_000)])
  const refused = crowd(limits, (i) => [principalOf(`consumer${i}`, 'key'), '192.0.2.1']).filter(
    ({ refusal }) => refusal !== null,
  )
  assert.ok(refused.length > 100)
  const [last] = refused.slice(-1)
  assert.match(last?.refusal?.note ?? '', /^limits: .*many.*; no room to count: .*many/)
  assert.equal(last?.refusal?.detail, 'Try again in 1 s')
  assert.match(last?.headers[3] ?? '', /"many";r=0;t=1/)
})

test('compileLimits() writes names as structured-field strings', () => {
  const { policyField } = compileLimits([
    policyOf('say "hi" \\ now', 'ip', 1, 1500),
    policyOf('naïve 😀 \ud800', 'ip', 1, 1),
  ])
  assert.equal(policyField, String.raw`"say \"hi\" \\ now";q=1;w=2,"na%C3%AFve %F0%9F%98%80 %EF%BF%BD";q=1;w=1`)
})

test('compileLimits() keeps the lowest of limits that share their counters', () => {
  const { policies } = compileLimits([
    policyOf('a', 'ip', 9),
    policyOf('a', 'consumer', 4),
    policyOf('a', 'ip', 5),
    policyOf('a', 'ip', 9, 1000),
  ])
  assert.deepEqual(
    policies.map(({ policy }) => [policy.limit, policy.windowMs]),
    [
      [4, 60_000],
      [9, 1000],
    ],
  )
})

test('compileLimits() refuses more limits than can be taken at once', () => {
  const limits = Array.from({ length: 17 }, (_, i) => policyOf(`limit ${i}`, 'ip', 1))
  assert.throws(() => compileLimits(limits), { code: 'config_invalid' })
  assert.equal(openLimiter().take(compileLimits(limits.slice(1)), acme, '192.0.2.1', startMs).readings.length, 16)
})
