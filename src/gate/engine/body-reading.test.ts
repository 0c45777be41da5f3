import assert from 'node:assert/strict'
import type { BodyRead } from './exchange.ts'
import { openHttpUpstream, openTestEngine, testEngines, type TestUpstream, upstreamAt } from './test/fixtures.ts'
import { RawClient, until } from './test/raw-client.ts'

/** Answers with the body that it got. */
function openMirror(): Promise<TestUpstream> {
  return openHttpUpstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => response.end(Buffer.concat(chunks)))
  })
}

function post(length: number, more = ''): string {
  return `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n${more}\r\n`
}

testEngines('readBody() gives the whole body, and the upstream gets it too', async () => {
  await using upstream = await openMirror()
  const reads: BodyRead[] = []
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    before: async (exchange) => void reads.push(await exchange.readBody(10)),
  })
  using client = await RawClient.open(gate.port)
  client.send(`${post(10)}hello`)
  await until(() => client.received === '')
  client.send('world')
  const [first] = await client.whenAnswered()
  assert.equal(first?.body, 'helloworld')
  using second = await RawClient.open(gate.port)
  const [answer] = await second.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n').whenAnswered()
  assert.equal(answer?.status, 200)
  assert.deepEqual(
    reads.map((read) => (read.kind === 'whole' ? Buffer.from(read.bytes).toString() : read.kind)),
    ['helloworld', ''],
  )
})

testEngines('readBody() says that a body is larger, and all of it is sent on', async () => {
  await using upstream = await openMirror()
  const reads: BodyRead[] = []
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    before: async (exchange) => void reads.push(await exchange.readBody(10)),
  })
  for (const size of [11, 40_000, 100_000]) {
    using client = await RawClient.open(gate.port)
    const body = 'x'.repeat(size)
    const [answer] = await client.send(post(size) + body).whenAnswered()
    assert.equal(answer?.status, 200)
    assert.ok(answer?.body.includes(body), `${size}: ${answer?.body.length}`)
  }
  assert.deepEqual(
    reads.map(({ kind }) => kind),
    ['larger', 'larger', 'larger'],
  )
})

testEngines('readBody() tells a client to continue, once', async () => {
  await using upstream = await openMirror()
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url),
    before: async (exchange) => void (await exchange.readBody(10)),
  })
  using client = await RawClient.open(gate.port)
  client.send(post(5, 'Expect: 100-continue\r\n'))
  await until(() => client.received.includes('100 Continue'))
  client.send('hello')
  await until(() => client.received.endsWith('hello'))
  assert.equal(client.received.split('100 Continue').length, 2)
})

testEngines('readBody() says why there is none when the client leaves or breaks its body', async () => {
  const reads: BodyRead[] = []
  let calls = 0
  await using gate = await openTestEngine({
    before: async (exchange) => {
      calls++
      reads.push(await exchange.readBody(10))
    },
  })
  {
    using leaving = await RawClient.open(gate.port)
    leaving.send(`${post(10)}hel`)
    await until(() => calls === 1)
  }
  await until(() => reads.length === 1)
  using client = await RawClient.open(gate.port)
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  await until(() => calls === 2)
  client.send('zz\r\n')
  await until(() => reads.length === 2)
  assert.deepEqual(
    reads.map((read) => (read.kind === 'failure' ? read.reason : read.kind)),
    ['client_abort', 'malformed'],
  )
})

testEngines('readBody() ends when the client breaks off, however it does', async () => {
  const reads: BodyRead[] = []
  let calls = 0
  await using gate = await openTestEngine({
    before: async (exchange) => {
      calls++
      reads.push(await exchange.readBody(100))
    },
  })
  for (const [index, leave] of (['end', 'resetAndDestroy'] as const).entries()) {
    using client = await RawClient.open(gate.port)
    client.send(`${post(10)}he`)
    await until(() => calls === index + 1)
    client.socket[leave]()
    await until(() => reads.length === index + 1)
  }
  assert.deepEqual(
    reads.map((read) => (read.kind === 'failure' ? read.reason : read.kind)),
    ['client_abort', 'client_abort'],
  )
})
