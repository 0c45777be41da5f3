import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import {
  openHttpUpstream,
  openRawUpstream,
  openTestEngine,
  type TestEngine,
  type TestEngineOptions,
  upstreamAt,
  testEngines,
} from './test/fixtures.ts'
import { RawClient, until, whenStill } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a.test\r\n'
/** More of a body than is kept: the rest is streamed. */
const much = 'x'.repeat(70_000)

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

testEngines('a connection without a byte is no request', async () => {
  await using gate = await openTestEngine({ limits: { headersMs: 300 } })
  using left = await RawClient.open(gate.port)
  left.socket.end()
  using broke = await RawClient.open(gate.port)
  broke.socket.resetAndDestroy()
  using stayed = await RawClient.open(gate.port)
  assert.deepEqual(await stayed.whenEnded(), [])
  await whenSeen(gate, 0)
})

testEngines('a client that leaves within a head is one exchange', async () => {
  await using gate = await openTestEngine()
  using left = await RawClient.open(gate.port)
  left.send('GET /a HT').socket.end()
  await whenSeen(gate, 1)
  using broke = await RawClient.open(gate.port)
  broke.send('GET /a HT')
  await whenStill(() => broke.socket.bytesWritten)
  broke.socket.resetAndDestroy()
  await whenSeen(gate, 2)
  assert.deepEqual(reasons(gate), ['client_abort', 'client_abort'])
})

testEngines('a client that leaves within its second head is one more exchange', async () => {
  await using gate = await openTestEngine()
  using left = await RawClient.open(gate.port)
  await left.send(get).whenAnswered()
  left.send('GET /a HT').socket.end()
  await whenSeen(gate, 2)
  using broke = await RawClient.open(gate.port)
  await broke.send(get).whenAnswered()
  broke.send('GET /a HT')
  await whenStill(() => broke.socket.bytesWritten)
  broke.socket.resetAndDestroy()
  await whenSeen(gate, 4)
  assert.deepEqual(reasons(gate), [null, 'client_abort', null, 'client_abort'])
})

testEngines('a client that closes an idle connection is nothing', async () => {
  await using gate = await openTestEngine()
  for (const body of ['', 'Content-Length: 2\r\n']) {
    using left = await RawClient.open(gate.port)
    await left.send(`${post}${body}\r\n${body === '' ? '' : 'hi'}`).whenAnswered()
    left.socket.end()
    using broke = await RawClient.open(gate.port)
    await broke.send(`${post}${body}\r\n${body === '' ? '' : 'hi'}`).whenAnswered()
    broke.socket.resetAndDestroy()
  }
  await whenSeen(gate, 4)
  assert.deepEqual(reasons(gate), [null, null, null, null])
})

testEngines('a head that does not arrive in time is answered 408', async () => {
  await using gate = await openTestEngine({ limits: { headersMs: 300, keepAliveMs: 200 } })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send('GET / HTTP/1.1\r\nHost').whenEnded()
  assert.deepEqual([answer?.status, answer?.headers.get('connection')], [408, 'close'])
  using second = await RawClient.open(gate.port)
  await second.send(get).whenAnswered()
  const answers = await second.send('GET / HT').whenEnded()
  assert.equal(answers[1]?.status, 408)
  await whenSeen(gate, 3)
})

testEngines('an idle connection is closed after the keep-alive time, and is nothing', async () => {
  await using gate = await openTestEngine({ limits: { keepAliveMs: 100 } })
  using client = await RawClient.open(gate.port)
  assert.equal((await client.send(get).whenEnded()).length, 1)
  await whenSeen(gate, 1)
})

testEngines('a body that does not arrive in time is answered 408', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    limits: { headersMs: 300, requestMs: 400 },
  })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(`${post}Content-Length: 10\r\n\r\nabc`).whenEnded()
  assert.equal(answer?.status, 408)
  await whenSeen(gate, 1)
  assert.deepEqual([gate.seen[0]?.reason, gate.seen[0]?.bodyBytesRead], ['request_timeout', 3])
  assert.equal(upstream.sockets.length, 0)
  using large = await RawClient.open(gate.port)
  const [late] = await large.send(`${post}Content-Length: 70001\r\n\r\n${much}`).whenEnded()
  assert.equal(late?.status, 408)
  await until(() => upstream.sockets[0]?.destroyed === true)
})

testEngines('a client that leaves within its body ends the upstream’s side too', async () => {
  const busy: Socket[] = []
  await using upstream = await openRawUpstream((socket) => void busy.push(socket))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  for (const [index, leave] of (['end', 'resetAndDestroy'] as const).entries()) {
    using client = await RawClient.open(gate.port)
    client.send(`${post}Content-Length: 70001\r\n\r\n${much}`)
    await until(() => upstream.sockets.length === index + 1 && busy.includes(upstream.sockets[index] as Socket))
    client.socket[leave]()
    await until(() => upstream.sockets[index]?.destroyed === true)
  }
  await whenSeen(gate, 2)
  assert.deepEqual(reasons(gate), ['client_abort', 'client_abort'])
})

testEngines('a client that leaves while the upstream works ends the upstream’s side too', async () => {
  let requests = 0
  await using upstream = await openRawUpstream(() => void requests++)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(get)
  await until(() => requests === 1)
  client.socket.destroy()
  await until(() => upstream.sockets[0]?.destroyed === true)
  await whenSeen(gate, 1)
  assert.deepEqual(reasons(gate), ['client_abort'])
})

testEngines('a broken chunk within a body is the one exchange’s failure', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(`${post}Transfer-Encoding: chunked\r\n\r\n11170\r\n${much}\r\n`)
  await until(() => upstream.sockets.length === 1)
  const [answer] = await client.send('zz\r\n').whenEnded()
  assert.equal(answer?.status, 400)
  await until(() => upstream.sockets[0]?.destroyed === true)
  await whenSeen(gate, 1)
  using early = await RawClient.open(gate.port)
  early.send(`${post}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`)
  const [refused] = await early.send('zz\r\n').whenEnded()
  assert.equal(refused?.status, 400)
  await whenSeen(gate, 2)
  assert.deepEqual(reasons(gate), ['malformed', 'malformed'])
})

testEngines('garbage behind a request is one more exchange, behind a body that came with it none', async () => {
  await using gate = await openTestEngine()
  using bare = await RawClient.open(gate.port)
  const answers = await bare.send(`${get}garbage`).whenEnded()
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 400],
  )
  await whenSeen(gate, 2)
  using body = await RawClient.open(gate.port)
  const [refused] = await body.send(`${post}Content-Length: 1\r\n\r\nagarbage`).whenEnded()
  assert.equal(refused?.status, 400)
  await whenSeen(gate, 3)
})

testEngines(
  'a body that is too large is answered 413: by its declaration before anything is forwarded, else when it is',
  async () => {
    await using upstream = await openRawUpstream(() => undefined)
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { bodyBytesMax: 10 } })
    using declared = await RawClient.open(gate.port)
    const [first] = await declared.send(`${post}Content-Length: 11\r\n\r\n`).whenEnded()
    assert.equal(first?.status, 413)
    using whole = await RawClient.open(gate.port)
    const [second] = await whole
      .send(`${post}Transfer-Encoding: chunked\r\n\r\nb\r\nelevenbytes\r\n0\r\n\r\n`)
      .whenAnswered()
    assert.equal(second?.status, 413)
    assert.equal(upstream.sockets.length, 0)
    using pieces = await RawClient.open(gate.port)
    pieces.send(`${post}Transfer-Encoding: chunked\r\n\r\n6\r\nsixsix\r\n`)
    const [third] = await pieces.send('6\r\nsixsix\r\n').whenEnded()
    assert.deepEqual([third?.status, upstream.sockets.length], [413, 0])
    await whenSeen(gate, 3)
    assert.deepEqual(reasons(gate), ['body_too_large', 'body_too_large', 'body_too_large'])
  },
)

testEngines('a client that still sends gets its last answer whole', async () => {
  await using gate = await openTestEngine()
  using client = await RawClient.open(gate.port)
  client.send(`${post}Content-Length: 100000000\r\n\r\n`)
  for (let i = 0; i < 20; i++) client.send(Buffer.alloc(65_536))
  await client.whenAnswered()
  const [answer] = await client.whenEnded()
  assert.deepEqual([answer?.status, answer?.body], [200, 'ok'])
})

testEngines('100 Continue is sent when the request is forwarded, and not before', async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<void>()
  let calls = 0
  await using upstream = await openHttpUpstream(
    (request, response) => void request.resume().on('end', () => response.end('ok')),
  )
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    before: () => {
      calls++
      return decided
    },
  })
  using client = await RawClient.open(gate.port)
  client.send(`${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  await until(() => calls === 1)
  assert.equal(client.received, '')
  decide()
  await client.whenReceived('HTTP/1.1 100 Continue\r\n\r\n')
  const [answer] = await client.send('hello').whenAnswered()
  assert.equal(answer?.status, 200)
})

testEngines('a refusal instead of 100 Continue closes the connection', async () => {
  await using gate = await openTestEngine()
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(`${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`).whenEnded()
  assert.deepEqual(
    [answer?.status, answer?.headers.get('connection'), client.received.includes(' 100 ')],
    [200, 'close', false],
  )
  using other = await RawClient.open(gate.port)
  const [failed] = await other.send(`${post}Expect: tea\r\nContent-Length: 5\r\n\r\n`).whenEnded()
  assert.equal(failed?.status, 417)
})

testEngines('CONNECT, upgrades and other protocols are refused, each as one exchange', async () => {
  await using gate = await openTestEngine()
  const sent: [string, number | undefined][] = [
    ['CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 400],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200],
  ]
  for (const [bytes, status] of sent) {
    using client = await RawClient.open(gate.port)
    const answers = await client.send(bytes).whenEnded()
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [status],
      bytes,
    )
  }
  await whenSeen(gate, sent.length)
  assert.equal(gate.seen[0]?.request.method, 'CONNECT')
})

testEngines('connections over the limits are answered 503', async () => {
  await using gate = await openTestEngine({ limits: { connectionsPerIpMax: 2 } })
  using first = await RawClient.open(gate.port)
  using second = await RawClient.open(gate.port)
  using third = await RawClient.open(gate.port)
  await until(() => gate.engine.connections === 3)
  const [refused] = await third.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n').whenEnded()
  assert.deepEqual([refused?.status, gate.seen[0]?.request.path], [503, '/x'])
  first.socket.destroy()
  await until(() => gate.engine.connections === 1)
  using fourth = await RawClient.open(gate.port)
  const [served] = await fourth.send(get).whenAnswered()
  assert.equal(served?.status, 200)
  assert.equal((await second.send(get).whenAnswered())[0]?.status, 200)
})

testEngines('trusted hops may have as many connections as all clients together', async () => {
  await using gate = await openTestEngine({
    limits: { connectionsPerIpMax: 1, connectionsMax: 2 },
    trustedHops: ['127.0.0.1'],
  })
  using first = await RawClient.open(gate.port)
  using second = await RawClient.open(gate.port)
  using third = await RawClient.open(gate.port)
  const statuses: (number | undefined)[] = []
  for (const client of [first, second, third]) statuses.push((await client.send(get).whenAnswered())[0]?.status)
  assert.deepEqual(statuses, [200, 200, 503])
})

testEngines('connections over the hard limit are dropped and recorded', async () => {
  await using gate = await openTestEngine({ limits: { connectionsMax: 1 } })
  const clients: RawClient[] = []
  for (let i = 0; i < 66; i++) clients.push(await RawClient.open(gate.port))
  await until(() => gate.seen.length > 0)
  assert.deepEqual(
    [gate.seen[0]?.reason, gate.seen[0]?.delivery?.begun, gate.seen[0]?.request.peer.address],
    ['too_many_connections', false, '127.0.0.1'],
  )
  for (const client of clients) client[Symbol.dispose]()
})

testEngines('a client that does not read is given up after clientIdleMs, whatever is still to come', async () => {
  await using upstream = await openHttpUpstream((_request, response) => {
    response.setHeader('content-length', String(1 << 30))
    const chunk = Buffer.alloc(1 << 20)
    const more = (): void => {
      if (!response.destroyed && response.write(chunk)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), limits: { clientIdleMs: 300 } })
  using client = await RawClient.open(gate.port, { pauseOnConnect: true })
  client.send(get)
  await whenSeen(gate, 1)
  assert.equal(gate.seen[0]?.reason, 'client_too_slow')
  await until(() => upstream.sockets[0]?.destroyed === true)
})

testEngines('a slow upstream is never blamed on the client', async () => {
  await using upstream = await openHttpUpstream((_request, response) => {
    response.write('a')
    setTimeout(() => response.end('b'), 900)
  })
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    plan: { holdBytesMax: 0 },
    limits: { clientIdleMs: 200 },
  })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(get).whenAnswered()
  assert.deepEqual([answer?.body, answer?.whole], ['ab', true])
})

testEngines('a handler that throws, or ends nothing, is reported and drops its connection', async () => {
  const broken: TestEngineOptions[] = [{ before: () => Promise.reject(new Error('crash')) }, { answers: false }]
  for (const options of broken) {
    await using gate = await openTestEngine(options)
    using client = await RawClient.open(gate.port)
    assert.deepEqual(await client.send(get).whenEnded(), [])
    assert.equal(gate.defects.length, 1)
  }
})

testEngines('a slow exchange keeps its answer although the socket of another broke', async () => {
  const sockets: Socket[] = []
  await using upstream = await openRawUpstream((socket) => void sockets.push(socket))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using leaving = await RawClient.open(gate.port)
  leaving.send(get)
  await until(() => sockets.length === 1)
  using staying = await RawClient.open(gate.port)
  staying.send(get)
  await until(() => sockets.length === 2)
  leaving.socket.resetAndDestroy()
  await until(() => gate.seen.length === 1)
  sockets[1]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  assert.equal((await staying.whenAnswered())[0]?.status, 200)
})
