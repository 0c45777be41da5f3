import assert from 'node:assert/strict'
import test from 'node:test'
import type { ResponseHead } from '../response-head.ts'
import { openHttpUpstream, openRawUpstream, upstreamAt } from '../test/fixtures.ts'
import { until } from '../test/raw-client.ts'
import type { ClientRequest, ClientUser, UpstreamClient } from '../upstream-client.ts'
import { openSocketClient } from './socket-client.ts'

interface Told extends ClientUser {
  readonly heads: readonly number[]
  readonly body: string
  /** `complete`, or the reason of the failure. */
  readonly end: string | null
}

function user(): Told {
  const heads: number[] = []
  const told = {
    heads,
    body: '',
    end: null as string | null,
    onConnect: () => {},
    onHead: (status: number, _head: ResponseHead) => {
      heads.push(status)
      return true
    },
    onData: (chunk: Buffer) => {
      told.body += chunk.toString('latin1')
      return true
    },
    onComplete: () => (told.end = 'complete'),
    onFailed: ({ reason }: { reason: string }) => (told.end = reason),
  }
  return told
}

const get: ClientRequest = { method: 'GET', path: '/', headers: ['host', 'a'], body: null }

async function ask(client: UpstreamClient, request: ClientRequest = get): Promise<Told> {
  const told = user()
  client.send(request, told)
  await until(() => told.end !== null)
  return told
}

test('openSocketClient() closes connections that were idle too long, and the thread lives on', async () => {
  let nowMs = 0
  await using upstream = await openHttpUpstream((_request, response) => response.end('ok'))
  const client = openSocketClient(upstream.url, upstreamAt(upstream.url), {
    readFile: () => '',
    nowMs: () => nowMs,
  })
  await Promise.all([ask(client), ask(client), ask(client)])
  assert.equal(upstream.sockets.length, 3)
  nowMs = 4_500
  await until(() => upstream.sockets.every((socket) => socket.destroyed))
  assert.equal((await ask(client)).body, 'ok')
  assert.equal(upstream.sockets.length, 4)
  await client.destroy()
})

test('openSocketClient() uses the connection that was used last, and none behind which more came than was asked for', async () => {
  await using upstream = await openRawUpstream((socket, text) => {
    const more = text.startsWith('GET /more') ? 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil' : ''
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${more}`)
  })
  const client = openSocketClient(upstream.url, upstreamAt(upstream.url), {
    readFile: () => '',
    nowMs: () => performance.now(),
  })
  for (let i = 0; i < 3; i++) assert.equal((await ask(client)).body, 'ok')
  assert.equal(upstream.sockets.length, 1)
  assert.equal((await ask(client, { ...get, path: '/more' })).body, 'ok')
  assert.equal((await ask(client)).body, 'ok')
  assert.equal(upstream.sockets.length, 2)
  await client.destroy()
})

test('openSocketClient() says of a POST without a body that it has none', async () => {
  let heard = ''
  await using upstream = await openRawUpstream((socket, text) => {
    heard += text
    socket.write('HTTP/1.1 204 No Content\r\n\r\n')
  })
  const client = openSocketClient(upstream.url, upstreamAt(upstream.url), {
    readFile: () => '',
    nowMs: () => performance.now(),
  })
  assert.deepEqual((await ask(client, { ...get, method: 'POST' })).heads, [204])
  assert.match(heard, /content-length: 0\r\n/)
  await client.destroy()
})
