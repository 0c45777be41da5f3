import assert from 'node:assert/strict'
import test from 'node:test'
import { openHttpUpstream, openRawUpstream, openTlsUpstream, upstreamAt } from './test/fixtures.ts'
import { probeUpstream } from './upstream-probe.ts'

const deps = { readFile: () => '', nowMs: () => 0 }
const request = { path: '/healthz', timeoutMs: 300 }

test('probeUpstream() asks behind the path of the upstream and tells the status, without waiting for a body', async () => {
  const seen: string[] = []
  await using upstream = await openHttpUpstream((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url} ${incoming.headers.host}`)
    response.writeHead(503)
    response.write('and then nothing')
  })
  assert.equal(await probeUpstream(upstreamAt(`${upstream.url}/base`), request, deps), 503)
  assert.deepEqual(seen, [`GET /base/healthz ${new URL(upstream.url).host}`])
})

const why = (url: string): Promise<number | string> => probeUpstream(upstreamAt(url), request, deps)

test('probeUpstream() says why there is no status, in time', async () => {
  await using silent = await openRawUpstream(() => undefined)
  await using nonsense = await openRawUpstream((socket) => void socket.write('SSH-2.0\r\n'))
  await using unproven = await openTlsUpstream((_, response) => void response.end())
  assert.equal(await why(silent.url), 'no answer within 300 ms')
  assert.match(String(await why(nonsense.url)), /^upstream_invalid: /)
  assert.match(String(await why(unproven.url)), /^upstream_refused: .*SELF_SIGNED/)
  assert.match(String(await why('http://127.0.0.1:1')), /^upstream_refused: ECONNREFUSED/)
})

test('probeUpstream() leaves no connection behind', async () => {
  await using upstream = await openRawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  })
  assert.equal(await probeUpstream(upstreamAt(upstream.url), request, deps), 200)
  const [socket] = upstream.sockets
  if (socket !== undefined && !socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
})
