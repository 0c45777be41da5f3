import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import {
  openHttpUpstream,
  openTestEngine,
  type TestEngine,
  type TestUpstream,
  upstreamAt,
  testEngines,
} from './test/fixtures.ts'
import { RawClient, until, whenStill } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** Answers with what it got. */
function openEcho(): Promise<TestUpstream> {
  return openHttpUpstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('x-method', request.method ?? '')
      response.setHeader('x-url', request.url ?? '')
      response.end(
        JSON.stringify({
          headers: request.rawHeaders,
          trailers: request.rawTrailers,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
  })
}

interface Echo {
  readonly headers: string[]
  readonly trailers: string[]
  readonly body: string
}

async function echoed(gate: TestEngine, bytes: string): Promise<Echo> {
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(bytes).whenAnswered()
  assert.equal(answer?.status, 200, client.received)
  return JSON.parse(answer?.body ?? '') as Echo
}

function field(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((item, at) => at % 2 === 0 && item.toLowerCase() === name)
  return index === -1 ? undefined : headers[index + 1]
}

testEngines('forward() sends the canonical target below the base path, and our fields', async () => {
  await using upstream = await openEcho()
  await using gate = await openTestEngine({ upstream: upstreamAt(`${upstream.url}/base`) })
  using client = await RawClient.open(gate.port)
  client.send(
    'GET /%61/b?q=%2f HTTP/1.1\r\nHost: A.test:99\r\nTE: trailers\r\nConnection: TE, x-hop\r\nX-Hop: 1\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n',
  )
  const [answer] = await client.whenAnswered()
  assert.equal(answer?.headers.get('x-url'), '/base/a/b?q=%2f')
  const { headers } = JSON.parse(answer?.body ?? '') as Echo
  assert.equal(field(headers, 'host'), 'a.test:99')
  assert.equal(field(headers, 'x-forwarded-for'), '127.0.0.1')
  assert.equal(field(headers, 'x-request-id'), gate.seen[0]?.request.id)
  for (const name of ['te', 'x-hop']) assert.equal(field(headers, name), undefined)
})

testEngines('forward() continues a valid trace and begins one otherwise', async () => {
  await using upstream = await openEcho()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const continued = await echoed(
    gate,
    `GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-${trace}-00f067aa0ba902b7-00\r\ntracestate: a=1\r\n\r\n`,
  )
  assert.equal(field(continued.headers, 'traceparent'), `00-${trace}-abcdef0123456789-00`)
  assert.equal(field(continued.headers, 'tracestate'), 'a=1')
  const begun = await echoed(gate, 'GET / HTTP/1.1\r\nHost: a\r\ntraceparent: nonsense\r\ntracestate: a=1\r\n\r\n')
  assert.equal(field(begun.headers, 'traceparent'), `00-${gate.seen[1]?.request.id}-abcdef0123456789-01`)
  assert.equal(field(begun.headers, 'tracestate'), undefined)
})

testEngines('forward() names the client by trusted hops and continues their fields', async () => {
  await using upstream = await openEcho()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), trustedHops: ['127.0.0.0/8'] })
  const { headers } = await echoed(gate, 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9, 203.0.113.1\r\n\r\n')
  assert.equal(field(headers, 'x-forwarded-for'), '9.9.9.9, 203.0.113.1, 127.0.0.1')
  assert.equal(gate.seen[0]?.request.peer.clientIp, '203.0.113.1')
  assert.equal(gate.seen[0]?.request.peer.trustedHop, '127.0.0.1')
})

testEngines('forward() sends a body that came with its head, and one that comes in pieces', async () => {
  await using upstream = await openEcho()
  let calls = 0
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), before: () => void calls++ })
  const whole = await echoed(gate, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
  assert.deepEqual([whole.body, field(whole.headers, 'content-length')], ['hello', '5'])
  using client = await RawClient.open(gate.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel')
  await until(() => calls === 2)
  client.send('lo').send('world')
  const [answer] = await client.whenAnswered()
  const pieces = JSON.parse(answer?.body ?? '') as Echo
  assert.deepEqual([pieces.body, field(pieces.headers, 'content-length')], ['helloworld', '10'])
  assert.deepEqual(
    gate.seen.map(({ bodyBytesRead }) => bodyBytesRead),
    [5, 10],
  )
})

testEngines('forward() writes its own framing for chunked bodies, and drops extensions and trailers', async () => {
  await using upstream = await openEcho()
  let calls = 0
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), before: () => void calls++ })
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-API-Key\r\n\r\n'
  const tail = '5;ext=1\r\nhello\r\n0\r\nX-API-Key: evil\r\n\r\n'
  const whole = await echoed(gate, head + tail)
  assert.deepEqual([whole.body, whole.trailers, field(whole.headers, 'trailer')], ['hello', [], undefined])
  using client = await RawClient.open(gate.port)
  client.send(head)
  await until(() => calls === 2)
  const [answer] = await client.send(tail).whenAnswered()
  const gathered = JSON.parse(answer?.body ?? '') as Echo
  assert.deepEqual([gathered.body, gathered.trailers], ['hello', []])
  using large = await RawClient.open(gate.port)
  const chunk = 'x'.repeat(70_000)
  large.send(`${head}${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  await until(() => calls === 3)
  const [echo] = await large.send(tail).whenAnswered()
  const streamed = JSON.parse(echo?.body ?? '') as Echo
  assert.deepEqual([streamed.body, streamed.trailers], [`${chunk}hello`, []])
})

testEngines('answer() keeps the connection for the next request, and serves pipelined ones in order', async () => {
  await using upstream = await openEcho()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  await client.whenAnswered(3)
  client.send('GET /4 HTTP/1.1\r\nHost: a\r\n\r\n')
  const answers = await client.whenAnswered(4)
  assert.deepEqual(
    answers.map(({ headers }) => headers.get('x-url')),
    ['/1', '/2', '/3', '/4'],
  )
  assert.equal(client.ended, false)
})

testEngines('answer() does not start a pipelined request before the one ahead of it is answered', async () => {
  const waiting: (() => void)[] = []
  await using upstream = await openHttpUpstream((_request, response) => void waiting.push(() => response.end('ok')))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  client.send(get + get)
  await until(() => waiting.length === 1)
  waiting[0]?.()
  await client.whenAnswered(1)
  await until(() => waiting.length === 2)
  waiting[1]?.()
  assert.equal((await client.whenAnswered(2)).length, 2)
})

testEngines('answer() frames by length for HTTP/1.1 and closes for HTTP/1.0', async () => {
  await using gate = await openTestEngine()
  using client = await RawClient.open(gate.port)
  const [modern] = await client.send(get).whenAnswered()
  assert.deepEqual(
    [modern?.body, modern?.headers.get('content-length'), modern?.headers.get('connection')],
    ['ok', '2', 'keep-alive'],
  )
  using old = await RawClient.open(gate.port)
  const [ancient] = await old.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n').whenEnded()
  assert.deepEqual([ancient?.body, ancient?.headers.get('connection')], ['ok', 'close'])
})

testEngines('answer() gives HEAD, 204 and 304 no body, and HEAD the length that GET would have', async () => {
  await using upstream = await openHttpUpstream((request, response) => {
    const status = Number(request.url?.slice(1))
    if (status === 200)
      response
        .writeHead(200, { 'content-length': '12', etag: '"x"' })
        .end(request.method === 'HEAD' ? '' : 'twelve bytes')
    else response.writeHead(status, { etag: '"x"' }).end()
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  const methods = ['HEAD', 'GET', 'GET', 'GET']
  for (const [index, path] of ['/200', '/204', '/304', '/200'].entries()) {
    client.send(`${methods[index]} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await client.whenAnswered(index + 1, methods)
  }
  const answers = client.answers(methods)
  assert.deepEqual(
    answers.map(({ status, body, headers }) => [status, body, headers.get('content-length'), headers.get('etag')]),
    [
      [200, '', '12', '"x"'],
      [204, '', undefined, '"x"'],
      [304, '', undefined, '"x"'],
      [200, 'twelve bytes', '12', '"x"'],
    ],
  )
})

testEngines('answer() goes out in a single write when the upstream’s answer was whole', async () => {
  await using upstream = await openEcho()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port)
  let packets = 0
  client.socket.on('data', () => packets++)
  await client.send(get).whenAnswered()
  assert.equal(packets, 1)
  assert.equal(gate.seen[0]?.streamed, null)
})

testEngines(
  'forward() with nothing to hold resolves whole when all came with the head, and at the head otherwise',
  async () => {
    await using upstream = await openHttpUpstream((request, response) => {
      if (request.url === '/whole') return response.end('whole')
      response.write('first,')
      return request.socket.once('data', () => undefined) && setTimeout(() => response.end('second'), 20)
    })
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { holdBytesMax: 0 } })
    using client = await RawClient.open(gate.port)
    await client.send('GET /whole HTTP/1.1\r\nHost: a\r\n\r\n').whenAnswered(1)
    const answers = await client.send('GET /parts HTTP/1.1\r\nHost: a\r\n\r\n').whenAnswered(2)
    assert.deepEqual(
      answers.map(({ body }) => body),
      ['whole', 'first,second'],
    )
    assert.equal(answers[1]?.headers.get('transfer-encoding'), 'chunked')
    assert.deepEqual(
      gate.seen.map(({ streamed }) => streamed),
      [null, { reason: null, note: '', bytes: 12 }],
    )
  },
)

testEngines('forward() holds up to so many bytes and so long, then hands over what there is', async () => {
  const requests: IncomingMessage[] = []
  await using upstream = await openHttpUpstream((request, response) => {
    requests.push(request)
    if (request.url === '/large') return response.end('x'.repeat(5_000))
    response.write('tick')
    return response
  })
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    plan: { holdBytesMax: 1_000, holdMsMax: 100 },
  })
  using large = await RawClient.open(gate.port)
  const [answer] = await large.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n').whenAnswered()
  assert.equal(answer?.body.length, 5_000)
  assert.equal(gate.seen[0]?.streamed?.bytes, 5_000)
  using slow = await RawClient.open(gate.port)
  slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await slow.whenReceived('tick')
  assert.match(slow.received, /tick/)
})

testEngines('stream() frames an answer without length for HTTP/1.0 by the end of the connection', async () => {
  await using upstream = await openHttpUpstream((_request, response) => {
    response.write('a')
    setTimeout(() => response.end('b'), 20)
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { holdBytesMax: 0 } })
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n').whenEnded()
  assert.deepEqual([answer?.body, answer?.headers.get('transfer-encoding'), client.wasReset], ['ab', undefined, false])
})

testEngines('stream() keeps memory bounded while a client does not read, and loses nothing', async () => {
  const total = 48 * 1024 * 1024
  let sentBytes = 0
  await using upstream = await openHttpUpstream((_request, response) => {
    response.setHeader('content-length', String(total))
    const chunk = Buffer.alloc(65_536, 120)
    const more = (): void => {
      while (sentBytes < total) {
        sentBytes += chunk.length
        if (!response.write(chunk)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  using client = await RawClient.open(gate.port, { pauseOnConnect: true })
  client.send(get)
  await until(() => sentBytes > 0)
  await whenStill(() => sentBytes)
  assert.ok(sentBytes < total / 2, `${sentBytes} bytes were taken from the upstream`)
  let receivedBytes = 0
  client.socket.removeAllListeners('data')
  client.socket.on('data', (text: string) => {
    receivedBytes += text.length
  })
  client.socket.resume()
  await until(() => receivedBytes >= total, 30_000)
  await until(() => gate.seen.length === 1)
  assert.deepEqual(gate.seen[0]?.streamed, { reason: null, note: '', bytes: total })
})

testEngines('forward() takes a client’s body no faster than the upstream does', async () => {
  const total = 48 * 1024 * 1024
  const paused: IncomingMessage[] = []
  let gotBytes = 0
  await using upstream = await openHttpUpstream((request, response) => {
    paused.push(request)
    request.pause().on('data', (chunk: Buffer) => {
      gotBytes += chunk.length
    })
    request.pause()
    request.on('end', () => response.end('ok'))
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { bodyBytesMax: total } })
  using client = await RawClient.open(gate.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`)
  for (let sent = 0; sent < total; sent += 1 << 20) client.send(Buffer.alloc(1 << 20))
  await until(() => paused.length === 1)
  await whenStill(() => client.socket.writableLength)
  assert.ok(client.socket.writableLength > total / 2)
  paused[0]?.resume()
  const [answer] = await client.whenAnswered()
  assert.deepEqual([answer?.status, gotBytes, gate.seen[0]?.bodyBytesRead], [200, total, total])
})
