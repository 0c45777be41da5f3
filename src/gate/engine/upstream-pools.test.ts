import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import {
  openHttpUpstream,
  openRawUpstream,
  openTestEngine,
  type TestEngine,
  type TestUpstream,
  upstreamAt,
  testEngines,
} from './test/fixtures.ts'
import { RawClient, until } from './test/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a.test\r\n'
const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
/** More than is kept of a body before it is streamed. */
const much = 'x'.repeat(70_000)

async function statusOf(gate: TestEngine, bytes: string): Promise<number | undefined> {
  using client = await RawClient.open(gate.port)
  const [answer] = await client.send(bytes).whenAnswered()
  return answer?.status
}

/** Answers when the request is whole, and tells how many have begun. */
async function openCounting(): Promise<TestUpstream & { readonly begun: readonly string[] }> {
  const begun: string[] = []
  const upstream = await openHttpUpstream((request, response) => {
    begun.push(request.method ?? '')
    request.resume().on('end', () => response.end('ok'))
  })
  return { ...upstream, begun }
}

testEngines('forward() takes no connection for a body that does not come', async () => {
  await using upstream = await openCounting()
  let calls = 0
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url, { connectionsMax: 2, connectMs: 2_000 }),
    before: () => void calls++,
  })
  const unfinished = [
    `${post}Content-Length: 10\r\n\r\nab`,
    `${post}Content-Length: 1000000\r\n\r\nab`,
    `${post}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`,
    `${post}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`,
  ]
  using clients = new DisposableStack()
  for (const bytes of unfinished) clients.use(await RawClient.open(gate.port)).send(bytes)
  await until(() => calls === unfinished.length)
  assert.equal(await statusOf(gate, get), 200)
  assert.deepEqual(upstream.begun, ['GET'])
})

testEngines('forward() streams the bodies of one address on half of the connections at most', async () => {
  await using upstream = await openCounting()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url, { connectionsMax: 4 }) })
  using opened = new DisposableStack()
  const clients: RawClient[] = []
  for (let i = 0; i < 6; i++) {
    const client = opened.use(await RawClient.open(gate.port))
    clients.push(client.send(`${post}Content-Length: 70001\r\n\r\n${much}`))
  }
  await until(() => upstream.begun.length === 2)
  for (let i = 0; i < 3; i++) assert.equal(await statusOf(gate, get), 200)
  assert.deepEqual(upstream.begun.toSorted(), ['GET', 'GET', 'GET', 'POST', 'POST'])
  for (const client of clients) client.send('y')
  for (const client of clients) assert.equal((await client.whenAnswered())[0]?.status, 200)
  assert.equal(upstream.begun.length, 9)
})

testEngines('forward() counts a body no longer when it has gone out', async () => {
  const busy: Socket[] = []
  await using upstream = await openRawUpstream((socket, text) => {
    if (text.startsWith('POST')) busy.push(socket)
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url, { connectionsMax: 2 }) })
  using opened = new DisposableStack()
  const clients: RawClient[] = []
  for (let i = 0; i < 2; i++) {
    const client = opened.use(await RawClient.open(gate.port))
    clients.push(client.send(`${post}Content-Length: 70000\r\n\r\n${much}`))
    await until(() => busy.length === i + 1)
  }
  for (const socket of busy) socket.write(empty)
  for (const client of clients) assert.equal((await client.whenAnswered())[0]?.status, 200)
})

testEngines('forward() says that the pool was busy when no connection became free in time', async () => {
  const busy: Socket[] = []
  await using upstream = await openRawUpstream((socket) => void busy.push(socket))
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url, { connectionsMax: 1, connectMs: 200 }),
  })
  using first = await RawClient.open(gate.port)
  first.send(get)
  await until(() => busy.length === 1)
  for (const bytes of [get, `${post}Content-Length: 2\r\n\r\nhi`]) assert.equal(await statusOf(gate, bytes), 503)
  for (const { reason, note } of gate.seen) {
    assert.equal(reason, 'too_many_connections')
    assert.equal(note, 'pool busy: all 1 connections were in use for 200 ms')
  }
  busy[0]?.write(empty)
  assert.equal((await first.whenAnswered())[0]?.status, 200)
  first.send(get)
  await until(() => busy.length === 2) // and not those who have left
  busy[1]?.write(empty)
  assert.equal((await first.whenAnswered(2)).length, 2)
})

testEngines('forward() says so too of a body that finds no share', async () => {
  await using upstream = await openCounting()
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url, { connectionsMax: 2, connectMs: 200 }),
  })
  const bytes = `${post}Content-Length: 70001\r\n\r\n${much}`
  using first = await RawClient.open(gate.port)
  first.send(bytes)
  await until(() => upstream.begun.length === 1)
  using second = await RawClient.open(gate.port)
  const [answer] = await second.send(bytes).whenEnded()
  assert.equal(answer?.status, 503)
  await until(() => gate.seen.length === 1)
  assert.match(gate.seen[0]?.note ?? '', /^pool busy: 127\.0\.0\.1 streamed bodies on its share of 1 connections/)
})

testEngines('forward() frees the connections of those who fail, leave or are refused', async () => {
  let posts = 0
  await using upstream = await openHttpUpstream((request, response) => {
    if (request.method === 'POST') posts++
    if (request.url === '/reset') request.socket.resetAndDestroy()
    else request.resume().on('end', () => response.end('ok'))
  })
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url, { connectionsMax: 1 }),
    plan: { bodyBytesMax: 80_000 },
  })
  assert.equal(await statusOf(gate, get.replace('/', '/reset')), 502)
  using excessive = await RawClient.open(gate.port)
  excessive.send(`${post}Transfer-Encoding: chunked\r\n\r\n${chunk(much)}`)
  await until(() => posts === 1)
  assert.equal((await excessive.send(chunk(much)).whenEnded())[0]?.status, 413)
  using leaving = await RawClient.open(gate.port)
  leaving.send(`${post}Content-Length: 71000\r\n\r\n${much}`)
  await until(() => posts === 2)
  leaving.socket.destroy()
  assert.equal(await statusOf(gate, get), 200)
})

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

testEngines('configure() lets those who wait for a connection of a pool that is gone have one', async () => {
  const busy: Socket[] = []
  await using upstream = await openRawUpstream((socket) => void busy.push(socket))
  let calls = 0
  await using gate = await openTestEngine({
    upstream: upstreamAt(upstream.url, { connectionsMax: 1 }),
    before: () => void calls++,
  })
  using first = await RawClient.open(gate.port)
  first.send(get)
  await until(() => busy.length === 1)
  using second = await RawClient.open(gate.port)
  second.send(get)
  await until(() => calls === 2)
  await new Promise((resolve) => setImmediate(resolve))
  gate.engine.configure({ ...gate.policy, apis: [] })
  busy[0]?.write(empty)
  assert.equal((await first.whenAnswered())[0]?.status, 200)
  await until(() => busy.length === 2)
  busy[1]?.write(empty)
  assert.equal((await second.whenAnswered())[0]?.status, 200)
})
