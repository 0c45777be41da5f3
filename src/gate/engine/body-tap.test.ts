import assert from 'node:assert/strict'
import { openHttpUpstream, openTestEngine, testEngines, upstreamAt } from './test/fixtures.ts'
import { RawClient, until } from './test/raw-client.ts'

/** Notes what passes, copied as a tap must. */
function noting(): {
  request: Buffer[]
  response: Buffer[]
  tap: { request(c: Uint8Array): void; response(c: Uint8Array): void }
} {
  const request: Buffer[] = []
  const response: Buffer[] = []
  const tap = {
    request: (chunk: Uint8Array) => void request.push(Buffer.from(chunk)),
    response: (chunk: Uint8Array) => void response.push(Buffer.from(chunk)),
  }
  return { request, response, tap }
}

const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('latin1')

testEngines('a tap sees both bodies whole and once: gathered, streamed and held ones', async () => {
  await using upstream = await openHttpUpstream((request, response) => void request.pipe(response))
  for (const [bytes, inPieces] of [
    [10, false],
    [10, true],
    [200_000, true],
  ] as const) {
    const { request, response, tap } = noting()
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { tap } })
    using client = await RawClient.open(gate.port)
    const body = Array.from({ length: bytes }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`)
    if (inPieces) {
      client.send(body.slice(0, bytes / 2))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    client.send(body.slice(inPieces ? bytes / 2 : 0))
    const [answer] = await client.whenAnswered()
    await until(() => gate.seen.length === 1)
    assert.equal(answer?.body, body)
    assert.equal(textOf(request), body)
    assert.equal(textOf(response), body)
  }
})

testEngines('a tap sees nothing of a body that is larger than allowed', async () => {
  await using upstream = await openHttpUpstream((request, response) => void request.pipe(response))
  const { request, response, tap } = noting()
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url), plan: { tap, bodyBytesMax: 5 } })
  using client = await RawClient.open(gate.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n')
  assert.equal((await client.whenEnded())[0]?.status, 413)
  assert.deepEqual([textOf(request), textOf(response)], ['', ''])
})
