import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Api, type HealthRules, poolRulesDefault } from '../../core/mod.ts'
import { createHealthChecks, type HealthChecks } from './health-checks.ts'
import { mergeStatus } from './merge-status.ts'

const health: HealthRules = {
  path: '/healthz',
  everyMs: 5_000,
  timeoutMs: 1_000,
  healthyAfter: 2,
  unhealthyAfter: 3,
  expect: { from: 200, to: 399 },
}

function apiOf(urls: readonly string[], rules: HealthRules | null = health): Api {
  const rest = { tls: null, connectMs: 1, headersMs: 1, idleMs: 1, connectionsMax: 1 }
  const upstreams = urls.map((url) => ({ url, ...rest }))
  const pool = { ...poolRulesDefault, health: rules }
  const networks = { allow: [], deny: [] }
  return { name: 'orders', hosts: [], mode: 'enforce', networks, durability: 'durable', upstreams, pool, routes: [] }
}

interface Bench {
  readonly checks: HealthChecks
  readonly asked: string[]
  readonly turns: string[]
  readonly answers: Map<string, number | string>
  /** Moves the clock so far, a tick each second. */
  pass(ms: number): Promise<void>
}

function benchOf(apis: readonly Api[]): Bench {
  const [asked, turns] = [[] as string[], [] as string[]]
  const answers = new Map<string, number | string>()
  let nowMs = 0
  const checks = createHealthChecks({
    probe: async ({ url }) => {
      asked.push(url)
      await turn()
      return answers.get(url) ?? 200
    },
    clock: { monotonicMs: () => nowMs },
    random: () => 0.5,
    onChange: () => undefined,
    onTurn: ({ url, why }) => turns.push(`${url} ${why ?? 'well'}`),
  })
  checks.configure({ apis })
  const pass = async (ms: number): Promise<void> => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 1_000) {
      checks.tick()
      await turn()
      await turn()
    }
  }
  return { checks, asked, turns, answers, pass }
}

test('tick() asks each as often as its API says, and nobody where it says nothing', async () => {
  const bench = benchOf([apiOf(['http://a', 'http://b']), { ...apiOf(['http://c'], null), name: 'other' }])
  await bench.pass(51_000)
  const counts = ['http://a', 'http://b', 'http://c'].map((url) => bench.asked.filter((one) => one === url).length)
  assert.deepEqual(counts, [10, 10, 0])
})

test('an upstream is left out after three bad answers in a row, and comes back after two good ones', async () => {
  const bench = benchOf([apiOf(['http://a', 'http://b'])])
  bench.answers.set('http://a', 503)
  await bench.pass(10_000)
  bench.answers.set('http://a', 204)
  await bench.pass(5_000)
  bench.answers.set('http://a', 'no answer within 1000 ms')
  await bench.pass(10_000)
  assert.deepEqual(bench.checks.down, {})
  await bench.pass(5_000)
  assert.deepEqual(bench.checks.down, { orders: { 'http://a': 'health check: no answer within 1000 ms' } })
  bench.answers.set('http://a', 399)
  await bench.pass(5_000)
  bench.answers.set('http://a', 400)
  await bench.pass(5_000)
  bench.answers.set('http://a', 200)
  await bench.pass(10_000)
  assert.deepEqual(bench.checks.down, {})
  assert.deepEqual(bench.turns, ['http://a health check: no answer within 1000 ms', 'http://a well'])
})

test('configure() keeps what is known of those that stay and forgets the others', async () => {
  const bench = benchOf([apiOf(['http://a', 'http://b'])])
  bench.answers.set('http://a', 500).set('http://b', 500)
  await bench.pass(16_000)
  assert.deepEqual(Object.keys(bench.checks.down['orders'] ?? {}), ['http://a', 'http://b'])
  bench.checks.configure({ apis: [apiOf(['http://b', 'http://c'])] })
  assert.deepEqual(Object.keys(bench.checks.down['orders'] ?? {}), ['http://b'])
  bench.checks.configure({ apis: [apiOf(['http://b'], null)] })
  assert.deepEqual(bench.checks.down, {})
})

test('mergeStatus() adds up and tells the worst', () => {
  const one = { api: 'a', url: 'u', panic: false, inflight: 1, requests: 2, failures: 3, ejections: 0 }
  const merged = mergeStatus([
    [{ ...one, state: 'ok', why: '' }],
    [{ ...one, state: 'ejected', why: 'failed', ejections: 4 }],
    [{ ...one, state: 'trying', why: 'tries' }],
  ])
  const all = { api: 'a', url: 'u', panic: false, inflight: 3, requests: 6, failures: 9, ejections: 4 }
  assert.deepEqual(merged, [{ ...all, state: 'ejected', why: 'failed' }])
})
