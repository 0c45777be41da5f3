import assert from 'node:assert/strict'
import { hasCode, systemClock } from '../../core/mod.ts'
import { openEngine } from './open-engine.ts'
import { openRawUpstream, openTestEngine, policyOf, upstreamAt, testEngines } from './test/fixtures.ts'
import { RawClient, until } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

const bare = {
  reusePort: false,
  policy: policyOf({}),
  clock: systemClock,
  ids: { requestId: () => 'f'.repeat(32), spanId: () => 'f'.repeat(16) },
  onDefect: () => undefined,
  handler: () => Promise.resolve(),
}

testEngines('openEngine() throws port_taken for a port that somebody has', async () => {
  await using gate = await openTestEngine()
  const listeners = [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port: gate.port },
  ]
  await assert.rejects(openEngine({ ...bare, listeners }), (error) => hasCode(error, 'port_taken'))
})

testEngines('openEngine() lets engines share a port with reusePort', async () => {
  const listeners = [{ host: '127.0.0.1', port: 0 }]
  await using first = await openEngine({ ...bare, listeners, reusePort: true })
  await using second = await openEngine({ ...bare, listeners: [...first.addresses], reusePort: true })
  assert.deepEqual(second.addresses, first.addresses)
})

testEngines('openEngine() throws for trusted hops that cannot be read', async () => {
  const policy = policyOf({ trustedHops: ['x'] })
  await assert.rejects(openEngine({ ...bare, listeners: [], policy }), (error) => hasCode(error, 'invalid_argument'))
})

testEngines('configure() changes limits for new connections and hops for new requests', async () => {
  await using gate = await openTestEngine()
  using before = await RawClient.open(gate.port)
  const trusting = { ...policyOf({ trustedHops: ['127.0.0.1'], limits: { urlBytesMax: 10, headersMax: 3 } }) }
  gate.engine.configure(trusting)
  await before.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n').whenAnswered()
  assert.equal(gate.seen[0]?.request.peer.clientIp, '203.0.113.1')
  using after = await RawClient.open(gate.port)
  const [answer] = await after.send('GET /long-long-long HTTP/1.1\r\nHost: a\r\n\r\n').whenEnded()
  assert.equal(answer?.status, 414)
})

testEngines('drain() lets running requests finish, closes idle connections and takes no new ones', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using idle = await RawClient.open(gate.port)
  using busy = await RawClient.open(gate.port)
  busy.send(get)
  await until(() => upstream.sockets.length === 1)
  const drained = gate.engine.drain(10_000)
  await idle.whenEnded()
  await assert.rejects(RawClient.open(gate.port))
  upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const [answer] = await busy.whenEnded()
  assert.deepEqual([answer?.status, answer?.headers.get('connection')], [200, 'close'])
  await drained
  assert.equal(gate.engine.connections, 0)
})

testEngines('drain() ends at its deadline', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using busy = await RawClient.open(gate.port)
  busy.send(get)
  await until(() => upstream.sockets.length === 1)
  await gate.engine.drain(100)
  assert.equal(gate.engine.connections, 1)
})

testEngines('disposing ends everything at once, and every exchange with it', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  const gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using busy = await RawClient.open(gate.port)
  busy.send(get)
  await until(() => upstream.sockets.length === 1)
  await gate[Symbol.asyncDispose]()
  await busy.whenEnded()
  await until(() => gate.seen.length === 1)
  assert.equal(gate.seen[0]?.reason, 'client_abort')
})
