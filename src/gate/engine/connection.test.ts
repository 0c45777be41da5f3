import assert from 'node:assert/strict'
import {
  openHttpUpstream,
  openRawUpstream,
  openTestEngine,
  type TestEngine,
  testEngines,
  upstreamAt,
} from './test/fixtures.ts'
import { RawClient, until, whenStill } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a.test\r\n'

function reasons(gate: TestEngine): (string | null)[] {
  return gate.seen.map(({ reason }) => reason)
}

/** Waits for so many exchanges, and that no further one follows. */
async function whenSeen(gate: TestEngine, count: number): Promise<void> {
  await until(() => gate.seen.length >= count)
  await whenStill(() => gate.seen.length)
  assert.equal(gate.seen.length, count, JSON.stringify(reasons(gate)))
  assert.deepEqual(gate.defects, [])
}

testEngines(
  'the last request that a connection may send closes it; those behind it are recorded and not answered',
  async () => {
    await using gate = await openTestEngine({ limits: { requestsPerConnectionMax: 2 } })
    using client = await RawClient.open(gate.port)
    const answers = await client.send(get.repeat(4)).whenEnded()
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('connection')),
      ['keep-alive', 'close'],
    )
    await whenSeen(gate, 4)
    assert.equal(reasons(gate).filter((reason) => reason === 'too_many_connections').length, 2)
    assert.equal(reasons(gate).filter((reason) => reason === null).length, 2)
  },
)

testEngines(
  'a client that sends too far ahead is served so many, and the rest is recorded',
  async () => {
    const waiting: (() => void)[] = []
    await using upstream = await openHttpUpstream((_request, response) => void waiting.push(() => response.end('ok')))
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
    using client = await RawClient.open(gate.port)
    client.send(get.repeat(100))
    await until(() => gate.seen.length === 34)
    for (let served = 0; served < 66; served++) {
      await until(() => waiting.length > 0)
      waiting.shift()?.()
    }
    assert.equal((await client.whenEnded()).length, 66)
    await whenSeen(gate, 100)
  },
  ['node'],
)

testEngines(
  'a client that never stops sending ahead loses its connection',
  async () => {
    await using upstream = await openRawUpstream(() => undefined)
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
    using client = await RawClient.open(gate.port)
    client.send(get.repeat(400))
    assert.deepEqual(await client.whenEnded(), [])
    await until(() => gate.engine.connections === 0)
  },
  ['node'],
)

testEngines(
  'a client that sends far ahead is held back, and served in order',
  async () => {
    const waiting: (() => void)[] = []
    await using upstream = await openHttpUpstream((request, response) => {
      waiting.push(() => response.end(request.url))
    })
    await using gate = await openTestEngine({
      upstream: upstreamAt(upstream.url),
      limits: { requestsPerConnectionMax: 1e6 },
    })
    using client = await RawClient.open(gate.port)
    const count = 1_200
    for (let i = 0; i < count; i++) client.send(`GET /${i} HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(14_000)}\r\n\r\n`)
    await until(() => waiting.length === 1)
    await whenStill(() => client.socket.writableLength)
    assert.ok(client.socket.writableLength > 0, 'the client is not held back')
    for (let i = 0; i < count; i++) {
      await until(() => waiting.length > 0)
      waiting.shift()?.()
    }
    const answers = await client.whenAnswered(count)
    assert.deepEqual(
      answers.map(({ body }) => body),
      Array.from({ length: count }, (_, i) => `/${i}`),
    )
  },
  ['strict'],
)

testEngines('requests in line behind an answer that closes are not forwarded', async () => {
  const waiting: (() => void)[] = []
  await using upstream = await openHttpUpstream((_request, response) => void waiting.push(() => response.end('ok')))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(get.repeat(2))
  await until(() => waiting.length === 1)
  const drained = gate.engine.drain(10_000)
  waiting[0]?.()
  assert.equal((await client.whenEnded()).length, 1)
  await drained
  await whenSeen(gate, 2)
  assert.deepEqual([reasons(gate), waiting.length], [[null, 'client_abort'], 1])
})

testEngines('bytes behind a request that closes are no answerable request', async () => {
  await using gate = await openTestEngine()
  using client = await RawClient.open(gate.port)
  const answers = await client.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${get}`).whenEnded()
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  using body = await RawClient.open(gate.port)
  const [refused] = await body.send(`${post}Connection: close\r\nContent-Length: 1\r\n\r\nab`).whenEnded()
  assert.equal(refused?.status, 400)
  await until(() => gate.seen.length >= 2)
  assert.deepEqual(gate.defects, [])
})

testEngines('what follows a defect on its connection is no request', async () => {
  await using gate = await openTestEngine()
  using client = await RawClient.open(gate.port)
  const answers = await client.send(`GET //x HTTP/1.1\r\nHost: a\r\n\r\n${get}`).whenEnded()
  assert.deepEqual(
    answers.map(({ status }) => status),
    [400],
  )
  await whenSeen(gate, 1)
})

testEngines('requests that wait in line when the client leaves are exchanges too', async () => {
  let requests = 0
  await using upstream = await openRawUpstream(() => void requests++)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(get.repeat(3))
  await until(() => requests === 1)
  client.socket.destroy()
  await whenSeen(gate, 3)
  assert.deepEqual([reasons(gate), requests], [['client_abort', 'client_abort', 'client_abort'], 1])
})
