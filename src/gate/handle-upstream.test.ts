import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { type Api, type Policy, type PoolRules, poolRulesDefault, systemClock, type Upstream } from '../core/mod.ts'
import { openEngine } from './engine/mod.ts'
import { arrived, sendOn } from './handle-upstream.ts'
import { type Draft, draftOf } from './handle-record.ts'
import { createUpstreams, type Upstreams } from './upstreams/mod.ts'

interface Served extends AsyncDisposable {
  readonly url: string
  seen: number
}

async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer((request, response) => {
    served.seen++
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const served: Served = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    seen: 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
  return served
}

function apiOf(urls: readonly string[], pool: Partial<PoolRules> = {}): Api {
  const upstreams: Upstream[] = urls.map((url) => ({
    url,
    tls: null,
    connectMs: 1_000,
    headersMs: 300,
    idleMs: 1_000,
    connectionsMax: 4,
  }))
  return {
    name: 'orders',
    hosts: [],
    mode: 'enforce',
    networks: { allow: [], deny: [] },
    durability: 'durable',
    upstreams,
    pool: { ...poolRulesDefault, ...pool },
    routes: [],
  }
}

function policyOf(api: Api): Policy {
  return {
    apis: [api],
    trustedHops: [],
    issuers: [],
    roles: null,
    connections: {
      urlBytesMax: 8_192,
      headerBytesMax: 16_384,
      headersMax: 100,
      headersMs: 5_000,
      requestMs: 5_000,
      keepAliveMs: 5_000,
      requestsPerConnectionMax: 100,
      connectionsMax: 100,
      connectionsPerIpMax: 100,
      clientIdleMs: 5_000,
    },
    ledger: { ringBytes: 1 << 20, paceMs: 1, flushMs: 1, waitMs: 1_000, holdBytesMax: 65_536, stallMs: 1_000 },
    limitKeysMax: 1,
    rateLimitHeaders: false,
  }
}

interface TestGate extends AsyncDisposable {
  readonly url: string
  readonly drafts: readonly Draft[]
  readonly upstreams: Upstreams
}

/** An engine whose handler sends on, and nothing else. */
async function openGate(api: Api, { holdBytesMax = 65_536, totalMs = 5_000 } = {}): Promise<TestGate> {
  const policy = policyOf(api)
  const upstreams = createUpstreams(policy, { seed: 1, down: {} })
  const pool = upstreams.poolOf(api)
  const drafts: Draft[] = []
  const engine = await openEngine({
    kind: 'node',
    listeners: [{ host: '127.0.0.1', port: 0 }],
    reusePort: false,
    policy,
    clock: systemClock,
    ids: { requestId: () => '1'.padStart(32, '0'), spanId: () => 'abcdef0123456789' },
    onDefect: () => undefined,
    handler: async (exchange) => {
      const { request } = exchange
      const draft = draftOf(request, 1, 0)
      drafts.push(draft)
      const deadlineMs = request.startedMs + totalMs
      const more = { holdBytesMax, holdMsMax: 1_000, bodyBytesMax: 1_000_000, tap: null }
      const plan = { target: request.path, strip: [], add: [], deadlineMs, ...more }
      const choice = { consumerId: null, clientIp: request.peer.clientIp, headers: request.headers }
      const { reply, endpoint } = await sendOn({ exchange, draft, pool, choice, plan, clock: systemClock })
      if (reply.kind === 'failure') {
        draft.reason = reply.reason
        draft.note = reply.note
        await exchange.answer({ status: 502, headers: [], body: [], close: false })
        return
      }
      if (reply.complete) {
        await exchange.answer({ status: reply.status, headers: [], body: reply.held, close: false })
        return
      }
      draft.reason = (await exchange.stream({ status: reply.status, headers: [] })).reason
      arrived({ pool, endpoint }, draft, systemClock.monotonicMs())
    },
  })
  return {
    url: `http://127.0.0.1:${engine.addresses[0]?.port}/a`,
    drafts,
    upstreams,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}

const well: RequestListener = (request, response) => void request.resume().on('end', () => response.end('well'))
const cut: RequestListener = (request) => void request.socket.destroy()
/** Nobody listens there. */
const gone = 'http://127.0.0.1:1'

test('sendOn() sends what failed to another upstream, and the record says so', async () => {
  await using other = await serve(well)
  await using gate = await openGate(apiOf([gone, other.url]))
  for (let i = 0; i < 4; i++) assert.equal((await fetch(gate.url, { method: 'POST', body: 'x' })).status, 200)
  const again = gate.drafts.filter(({ attempts }) => attempts === 2)
  assert.equal(again.length, 2)
  for (const { upstream, note } of again)
    assert.deepEqual([upstream, note], [other.url, `attempt 1: ${gone} upstream_refused`])
  assert.equal(other.seen, 4)
})

test('sendOn() does not repeat a POST that the upstream may have got, but a GET', async () => {
  await using broken = await serve(cut)
  await using other = await serve(well)
  await using gate = await openGate(apiOf([broken.url, other.url], { eject: null }))
  const statuses = async (method: string): Promise<number[]> => [
    (await fetch(gate.url, { method })).status,
    (await fetch(gate.url, { method })).status,
  ]
  assert.deepEqual(
    (await statuses('POST')).toSorted((a, b) => a - b),
    [200, 502],
  )
  assert.equal(broken.seen, 1)
  assert.deepEqual(await statuses('GET'), [200, 200])
  assert.deepEqual(await statuses('DELETE'), [200, 200])
  assert.equal(broken.seen, 3)
})

test('sendOn() tries as often as it may, and tells what all attempts came to', async () => {
  await using broken = await serve(cut)
  await using gate = await openGate(
    apiOf([gone, gone.replace('1:1', '1:2'), broken.url], { retries: { max: 2, share: 1, perSecondMin: 9 } }),
  )
  assert.equal((await fetch(gate.url)).status, 502)
  const [draft] = gate.drafts
  assert.equal(draft?.attempts, 3)
  assert.match(draft.note, /; 3 attempts \(attempt 1: http:\S+ upstream_\w+; attempt 2: http:\S+ upstream_\w+\)$/)
})

test('sendOn() does not try again when the time of the request is over', async () => {
  await using silent = await serve(() => undefined)
  await using other = await serve(() => undefined)
  await using gate = await openGate(apiOf([silent.url, other.url]), { totalMs: 200 })
  assert.equal((await fetch(gate.url)).status, 502)
  assert.deepEqual([gate.drafts[0]?.attempts, gate.drafts[0]?.reason], [1, 'upstream_timeout'])
})

test('sendOn() leaves out who fails, and gives back what was on its way', async () => {
  await using other = await serve(well)
  await using gate = await openGate(apiOf([gone, other.url]))
  for (let i = 0; i < 20; i++) await fetch(gate.url)
  const [dead, alive] = gate.upstreams.status(systemClock.monotonicMs())
  assert.partialDeepStrictEqual(dead, { state: 'ejected', requests: 5, failures: 5, ejections: 1, inflight: 0 })
  assert.partialDeepStrictEqual(alive, { state: 'ok', requests: 20, failures: 0, inflight: 0 })
})

test('arrived() blames who breaks off within an answer that is streamed', async () => {
  await using broken = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('abc')
    setTimeout(() => response.destroy(), 20)
  })
  await using gate = await openGate(apiOf([broken.url]), { holdBytesMax: 0 })
  await assert.rejects(async () => await (await fetch(gate.url)).text())
  while (gate.drafts[0]?.reason === null) await passed(5)
  const [status] = gate.upstreams.status(systemClock.monotonicMs())
  assert.partialDeepStrictEqual(status, { requests: 1, failures: 1, inflight: 0 })
})

test('sendOn() sends to nobody where all breakers are open', async () => {
  await using broken = await serve((_, response) => void response.writeHead(500).end())
  const breaker = { failureRate: 0.5, requestsMin: 3, windowMs: 10_000, openMs: 10_000 }
  await using gate = await openGate(apiOf([broken.url], { breaker }))
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await fetch(gate.url)).status)
  assert.deepEqual(statuses, [500, 500, 500, 502, 502])
  assert.equal(broken.seen, 3)
  assert.deepEqual(
    [gate.drafts[4]?.reason, gate.drafts[4]?.attempts, gate.drafts[4]?.upstream],
    ['circuit_open', 0, null],
  )
})
