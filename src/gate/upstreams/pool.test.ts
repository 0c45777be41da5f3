import assert from 'node:assert/strict'
import test from 'node:test'
import { type Api, type PoolRules, poolRulesDefault, type UpstreamState } from '../../core/mod.ts'
import { ApiPool, type Choice, type Endpoint } from './pool.ts'
import { createRandom } from './random.ts'

function apiOf(count: number, pool: Partial<PoolRules> = {}): Api {
  const rest = { tls: null, connectMs: 1, headersMs: 1, idleMs: 1, connectionsMax: 1 }
  return {
    name: 'orders',
    hosts: [],
    mode: 'enforce',
    networks: { allow: [], deny: [] },
    durability: 'durable',
    upstreams: Array.from({ length: count }, (_, index) => ({ url: `http://10.0.0.${index}`, ...rest })),
    pool: { ...poolRulesDefault, ...pool },
    routes: [],
  }
}

const open = (count: number, pool: Partial<PoolRules> = {}): ApiPool =>
  new ApiPool(apiOf(count, pool), { random: createRandom(1), before: null })

const choice: Choice = { consumerId: null, clientIp: '192.0.2.1', headers: [] }

function one(pool: ApiPool, nowMs: number): Endpoint {
  const endpoint = pool.first(choice, nowMs)
  if (typeof endpoint === 'string') throw new Error(endpoint)
  return endpoint
}

/** Where the next requests go. */
function round(pool: ApiPool, nowMs: number, count = 12): number[] {
  const seen = new Set<number>()
  for (let i = 0; i < count; i++) {
    const endpoint = one(pool, nowMs)
    seen.add(endpoint.index)
    pool.answered(endpoint, 200, nowMs)
    pool.left(endpoint)
  }
  return [...seen].toSorted((a, b) => a - b)
}

/** Requests until that one has got so many, which all fail. */
function fail(pool: ApiPool, index: number, { times, nowMs }: { times: number; nowMs: number }): void {
  for (let failed = 0, tries = 0; failed < times && tries < 1_000; tries++) {
    const endpoint = one(pool, nowMs)
    if (endpoint.index === index) {
      pool.failed(endpoint, 'upstream_refused', nowMs)
      failed++
    } else pool.answered(endpoint, 200, nowMs)
    pool.left(endpoint)
  }
}

const states = (pool: ApiPool, nowMs: number): UpstreamState[] => pool.status(nowMs).map(({ state }) => state)

test('first() leaves out who failed five times in a row, for longer each time in a row', () => {
  const pool = open(3)
  fail(pool, 1, { times: 4, nowMs: 0 })
  assert.deepEqual(round(pool, 0), [0, 1, 2]) // it has answered between
  fail(pool, 1, { times: 5, nowMs: 0 })
  assert.deepEqual(round(pool, 9_999), [0, 2])
  fail(pool, 1, { times: 1, nowMs: 10_000 }) // behind its time one is enough
  assert.deepEqual(round(pool, 29_999), [0, 2])
  assert.deepEqual(states(pool, 29_999), ['ok', 'ejected', 'ok'])
  assert.match(pool.status(29_999)[1]?.why ?? '', /upstream_refused; left out for 20 s/)
  assert.deepEqual(round(pool, 30_000), [0, 1, 2])
  fail(pool, 1, { times: 4, nowMs: 30_000 }) // it has answered: it begins anew
  assert.deepEqual(round(pool, 30_000), [0, 1, 2])
})

test('answered() takes 5xx for a failure and everything else for an answer', () => {
  const pool = open(2)
  for (const status of [500, 502, 503, 504, 599]) {
    const endpoint = pool.endpoints[0]!
    endpoint.begin()
    pool.answered(endpoint, status, 0)
    pool.left(endpoint)
  }
  assert.deepEqual(states(pool, 0), ['ejected', 'ok'])
  for (let i = 0; i < 10; i++) pool.answered(pool.endpoints[1]!, 499, 0)
  assert.deepEqual(states(pool, 0), ['ejected', 'ok'])
})

test('failed() leaves out no more than the share of the pool, and never the only one', () => {
  const pool = open(4)
  for (const index of [0, 1, 2, 3]) fail(pool, index, { times: 5, nowMs: 0 })
  assert.deepEqual(states(pool, 0), ['ejected', 'ejected', 'ok', 'ok'])
  const single = open(1)
  fail(single, 0, { times: 50, nowMs: 0 })
  assert.deepEqual(states(single, 0), ['ok'])
})

test('first() uses all where health checks leave out all, and says so; or refuses', () => {
  const down = new Map([
    ['http://10.0.0.0', 'status 500'],
    ['http://10.0.0.1', 'status 500'],
  ])
  const pool = open(2)
  pool.setDown(new Map([...down].slice(1)))
  assert.deepEqual(round(pool, 0), [0])
  pool.setDown(down)
  assert.deepEqual(round(pool, 0), [0, 1])
  assert.deepEqual(
    pool.status(0).map(({ state, panic, why }) => [state, panic, why]),
    [
      ['down', true, 'status 500'],
      ['down', true, 'status 500'],
    ],
  )
  const strict = open(2, { panic: false })
  strict.setDown(down)
  assert.equal(strict.first(choice, 0), 'no_healthy_upstream')
  strict.setDown(new Map())
  assert.deepEqual(round(strict, 0), [0, 1])
})

const breaker = { failureRate: 0.5, requestsMin: 10, windowMs: 10_000, openMs: 5_000 }

test('first() refuses while the breaker is open, lets one try, and closes when that one succeeds', () => {
  const pool = open(1, { breaker, eject: null })
  fail(pool, 0, { times: 9, nowMs: 0 })
  assert.deepEqual(states(pool, 0), ['ok'])
  fail(pool, 0, { times: 1, nowMs: 0 })
  assert.equal(pool.first(choice, 0), 'circuit_open')
  assert.equal(pool.first(choice, 4_999), 'circuit_open')
  const trial = one(pool, 5_000)
  assert.equal(pool.first(choice, 5_000), 'circuit_open')
  pool.failed(trial, 'upstream_timeout', 6_000)
  pool.left(trial)
  assert.equal(pool.first(choice, 10_999), 'circuit_open')
  const second = one(pool, 11_000)
  pool.answered(second, 200, 11_000)
  pool.left(second)
  assert.deepEqual(states(pool, 11_000), ['ok'])
  fail(pool, 0, { times: 9, nowMs: 11_000 }) // it counts anew
  assert.deepEqual(states(pool, 11_000), ['ok'])
})

test('left() lets another try where the trial said nothing', () => {
  const pool = open(1, { breaker, eject: null })
  fail(pool, 0, { times: 10, nowMs: 0 })
  const trial = one(pool, 5_000)
  pool.left(trial) // the client left
  assert.equal(typeof pool.first(choice, 5_000), 'object')
})

test('the breaker of one sends its requests to the others, and forgets what is older than its window', () => {
  const pool = open(2, { breaker, eject: null })
  fail(pool, 0, { times: 10, nowMs: 0 })
  assert.deepEqual(round(pool, 0), [1])
  const slow = open(1, { breaker, eject: null })
  for (let ms = 0; ms < 100_000; ms += 1_200) fail(slow, 0, { times: 1, nowMs: ms })
  assert.deepEqual(states(slow, 100_000), ['ok'])
})

test('next() takes another one, no more often than it may, and within the budget', () => {
  const pool = open(3, { retries: { max: 2, share: 0, perSecondMin: 1 } })
  const first = one(pool, 0)
  const second = pool.next([first], 0)!
  const third = pool.next([first, second], 0)!
  assert.deepEqual(
    [first.index, second.index, third.index].toSorted((a, b) => a - b),
    [0, 1, 2],
  )
  assert.equal(pool.next([first, second, third], 0), null)
  for (let i = 0; i < 8; i++) assert.notEqual(pool.next([first], 0), null)
  assert.equal(pool.next([first], 0), null)
  assert.equal(open(1).next([], 0) === null, false)
  const single = open(1)
  assert.equal(single.next([one(single, 0)], 0), null)
})

function of(pool: ApiPool, more: Partial<Choice>): number {
  const endpoint = pool.first({ ...choice, ...more }, 0)
  if (typeof endpoint === 'string') throw new Error(endpoint)
  pool.left(endpoint)
  return endpoint.index
}

test('hash goes by consumer, address or field, and by the address where there is none', () => {
  const byField = open(5, { balance: 'hash', hashBy: 'header:x-tenant' })
  const tenants = Array.from({ length: 50 }, (_, i) => `tenant-${i}`)
  for (const tenant of tenants) {
    const headers = ['x-tenant', tenant]
    assert.equal(of(byField, { headers, clientIp: '192.0.2.1' }), of(byField, { headers, clientIp: '192.0.2.2' }))
  }
  assert.equal(new Set(tenants.map((tenant) => of(byField, { headers: ['x-tenant', tenant] }))).size, 5)
  const byConsumer = open(5, { balance: 'hash' })
  assert.equal(of(byConsumer, { consumerId: 'a', clientIp: '1' }), of(byConsumer, { consumerId: 'a', clientIp: '2' }))
  assert.equal(of(byConsumer, { clientIp: '192.0.2.9' }), of(byConsumer, { clientIp: '192.0.2.9' }))
})
