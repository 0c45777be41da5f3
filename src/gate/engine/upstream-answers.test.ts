import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { Reason } from '../../core/mod.ts'
import {
  kindUnderTest,
  openHttpUpstream,
  openRawUpstream,
  openTestEngine,
  openTlsUpstream,
  type Seen,
  type TestEngineOptions,
  upstreamAt,
  testEngines,
} from './test/fixtures.ts'
import { RawClient, until, type WireAnswer } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

interface Outcome {
  readonly answer: WireAnswer | undefined
  readonly seen: Seen | undefined
  readonly reset: boolean
}

/** What a client gets, and the handler sees, of an upstream that sends these bytes and perhaps closes. */
async function outcomeOf(
  bytes: string,
  { after, ...options }: TestEngineOptions & { after?: (socket: Socket) => void } = {},
): Promise<Outcome> {
  await using upstream = await openRawUpstream((socket) => {
    socket.write(bytes, 'latin1')
    after?.(socket)
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), ...options })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(get).whenAnswered()
  await until(() => gate.seen.length === 1)
  assert.deepEqual(gate.defects, [])
  return { answer, seen: gate.seen[0], reset: client.wasReset }
}

async function refusalOf(bytes: string, after?: (socket: Socket) => void): Promise<Reason | null | undefined> {
  const { answer, seen } = await outcomeOf(bytes, after === undefined ? {} : { after })
  assert.equal(answer?.headers.get('x-reason') ?? null, seen?.reason)
  return seen?.reason
}

const end = (socket: Socket): void => void socket.end()
const reset = (socket: Socket): void => void setTimeout(() => socket.resetAndDestroy(), 20)

testEngines('forward() calls invalid what is not HTTP, or could be read in two ways', async () => {
  const hostile = [
    'garbage\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na',
    'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX : a\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
  ]
  for (const bytes of hostile) assert.equal(await refusalOf(bytes), 'upstream_invalid', bytes.slice(0, 80))
})

testEngines('forward() tells an upstream that closes or resets before its answer is whole', async () => {
  assert.equal(await refusalOf('', end), 'upstream_reset')
  assert.equal(await refusalOf('', reset), 'upstream_reset')
  assert.equal(await refusalOf('HTTP/1.1 200 OK\r\n', end), 'upstream_reset')
  for (const close of [end, reset]) {
    assert.notEqual(await refusalOf('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', close), null)
    assert.notEqual(
      await refusalOf('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc', close),
      null,
    )
    assert.notEqual(
      await refusalOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n', close),
      null,
    )
  }
})

testEngines('forward() ignores interim answers and takes one that ends with its connection', async () => {
  const { answer } = await outcomeOf(
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc',
    { after: end },
  )
  assert.deepEqual([answer?.status, answer?.body, answer?.headers.get('link')], [200, 'abc', undefined])
})

testEngines(
  'forward() passes repeated fields and bytes that are not ASCII, and drops hop-by-hop fields and trailers',
  async () => {
    const bytes =
      'HTTP/1.1 418 Short\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: \xfc\r\nConnection: x-hop\r\nX-Hop: 1\r\nProxy-Authenticate: x\r\n' +
      'Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext\r\nabc\r\n0\r\nX-T: 1\r\n\r\n'
    const { answer } = await outcomeOf(bytes)
    assert.deepEqual([answer?.status, answer?.body], [418, 'abc'])
    assert.equal(answer?.headers.get('set-cookie'), 'a=1, b=2')
    assert.equal(answer?.headers.get('x'), '\xfc')
    for (const name of ['x-hop', 'proxy-authenticate', 'trailer', 'x-t'])
      assert.equal(answer?.headers.has(name), false, name)
  },
)

testEngines('forward() says that nobody listens', async () => {
  const { url } = await openHttpUpstream(() => undefined).then(async (upstream) => {
    await upstream[Symbol.asyncDispose]()
    return upstream
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(url) })
  using client = await RawClient.open(gate.port)
  const [first] = await client.send(get).whenAnswered()
  assert.deepEqual([first?.status, gate.seen[0]?.reason], [502, 'upstream_refused'])
  const body = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
  const answers = await client.send(`${body}hello`).whenAnswered(2)
  assert.deepEqual(answers[1]?.status, 502)
})

testEngines('forward() trusts no certificate that nobody vouches for', async () => {
  await using upstream = await openTlsUpstream((_request, response) => void response.end('ok'))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(get).whenAnswered()
  assert.deepEqual([answer?.status, gate.seen[0]?.reason], [502, 'upstream_refused'])
  assert.match(gate.seen[0]?.note ?? '', /SELF_SIGNED/)
})

testEngines('forward() answers 502 although the client’s body is still on its way', async () => {
  await using upstream = await openRawUpstream((socket) => void socket.resetAndDestroy())
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(70_000)}`)
  const [answer] = await client.whenEnded()
  assert.deepEqual([answer?.status, answer?.whole, gate.seen[0]?.reason], [502, true, 'upstream_reset'])
})

testEngines('forward() passes an answer that comes before the client’s body is whole, and closes', async () => {
  await using upstream = await openRawUpstream(
    (socket) => void socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
  )
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(70_000)}`)
  const [answer] = await client.whenEnded()
  assert.deepEqual([answer?.status, answer?.body, answer?.headers.get('connection')], [413, 'big', 'close'])
})

testEngines('forward() gives up on an upstream that does not answer, or falls silent', async () => {
  await using upstream = await openRawUpstream((socket, text) => {
    if (text.includes('/part')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url, { headersMs: 200, idleMs: 200 }) })
  using client = await RawClient.open(gate.port)
  client.send(get)
  await client.whenAnswered(1)
  client.send(get.replace('/', '/part'))
  await client.whenAnswered(2)
  assert.deepEqual(
    client.answers().map(({ status }) => status),
    [504, 504],
  )
  assert.match(gate.seen[0]?.note ?? '', /no answer/)
  assert.match(gate.seen[1]?.note ?? '', /silent/)
})

testEngines('forward() ends the exchange at its deadline', async () => {
  await using upstream = await openRawUpstream(() => undefined)
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { deadlineMs: 0 } })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(get).whenAnswered()
  assert.deepEqual([answer?.status, gate.seen[0]?.reason], [504, 'upstream_timeout'])
})

testEngines('stream() leaves the framing incomplete when the upstream breaks off', async () => {
  const breaks: [string, Reason][] = [
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'upstream_reset'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'upstream_reset'],
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n',
      kindUnderTest() === 'strict' ? 'upstream_reset' : 'upstream_invalid',
    ],
  ]
  for (const [bytes, reason] of breaks) {
    await using upstream = await openRawUpstream((socket) => void socket.write(bytes))
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { holdBytesMax: 0 } })
    using client = await RawClient.open(gate.port)
    client.send(get)
    await client.whenReceived('abc')
    upstream.sockets[0]?.end()
    const [answer] = await client.whenEnded()
    assert.deepEqual([answer?.status, answer?.whole, client.wasReset], [200, false, true])
    await until(() => gate.seen.length === 1)
    assert.deepEqual([gate.seen[0]?.reason, gate.seen[0]?.streamed?.bytes], [reason, 3])
  }
})

testEngines(
  'stream() resets an HTTP/1.0 client, for which the end of the connection would mean a whole answer',
  async () => {
    await using upstream = await openRawUpstream(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    )
    await using gate = await openTestEngine({
      upstream: upstreamAt(upstream.url, { idleMs: 200 }),
      plan: { holdBytesMax: 0 },
    })
    using client = await RawClient.open(gate.port)
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    await client.whenReceived('abc')
    await client.whenEnded()
    assert.equal(client.wasReset, true)
    await until(() => gate.seen.length === 1)
    assert.equal(gate.seen[0]?.reason, 'upstream_timeout')
  },
)

testEngines('forward() does not harm a connection when a request is given up before its turn', async () => {
  const waiting: Socket[] = []
  await using upstream = await openRawUpstream((socket) => void waiting.push(socket))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url, { connectionsMax: 1 }) })
  using first = await RawClient.open(gate.port)
  first.send(get)
  await until(() => waiting.length === 1)
  using second = await RawClient.open(gate.port)
  second.send(get)
  await until(() => gate.engine.connections === 2)
  second.socket.destroy()
  await until(() => gate.seen.length === 1)
  assert.equal(gate.seen[0]?.reason, 'client_abort')
  waiting[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await first.whenAnswered()
  first.send(get)
  await until(() => waiting.length === 2)
  waiting[1]?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  assert.equal((await first.whenAnswered(2)).length, 2)
  assert.equal(upstream.sockets.length, 1)
})

testEngines('configure() closes pools that are gone and opens new ones, under running requests too', async () => {
  await using upstream = await openHttpUpstream((_request, response) => void response.end('ok'))
  const known = upstreamAt(upstream.url)
  await using gate = await openTestEngine({ upstream: known })
  using client = await RawClient.open(gate.port)
  await client.send(get).whenAnswered(1)
  gate.engine.configure({ ...gate.policy, apis: [] })
  await until(() => upstream.sockets[0]?.destroyed === true)
  await client.send(get).whenAnswered(2)
  assert.deepEqual(
    client.answers().map(({ status }) => status),
    [200, 200],
  )
})
