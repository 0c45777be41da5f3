import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { systemClock } from '../../core/mod.ts'
import type { Exchange, ForwardFailure, ForwardPlan, UpstreamReply } from './exchange.ts'
import { openEngine } from './open-engine.ts'
import { kindUnderTest, openHttpUpstream, openRawUpstream, policyOf, testEngines, upstreamAt } from './test/fixtures.ts'
import { RawClient } from './test/raw-client.ts'

interface Attempts {
  readonly replies: readonly (UpstreamReply | ForwardFailure)[]
  readonly text: string
}

/** What comes of a request whose first attempt goes to one upstream and whose second to another. */
async function attempts(
  t: TestContext,
  request: string,
  { first, second, plan = {} }: { first: string; second: string; plan?: Partial<ForwardPlan> },
): Promise<Attempts> {
  const replies: (UpstreamReply | ForwardFailure)[] = []
  const handler = async (exchange: Exchange): Promise<void> => {
    const { path, startedMs } = exchange.request
    for (const url of [first, second]) {
      const upstream = upstreamAt(url, { headersMs: 300 })
      const deadlineMs = startedMs + 5_000
      const base = { upstream, target: path, strip: [], add: [], bodyBytesMax: 1e6, deadlineMs, tap: null }
      replies.push(await exchange.forward({ ...base, holdBytesMax: 65_536, holdMsMax: 1_000, ...plan }))
    }
    const last = replies.at(-1)
    const isReply = last?.kind === 'reply'
    await exchange.answer({ status: isReply ? 200 : 502, headers: [], body: isReply ? last.held : [], close: true })
  }
  await using engine = await openEngine({
    kind: kindUnderTest(),
    listeners: [{ host: '127.0.0.1', port: 0 }],
    reusePort: false,
    policy: policyOf({}),
    clock: systemClock,
    ids: { requestId: () => '1'.padStart(32, '0'), spanId: () => 'abcdef0123456789' },
    onDefect: (error) => t.diagnostic(String(error)),
    handler,
  })
  using client = await RawClient.open(engine.addresses[0]?.port ?? 0)
  await client.send(request).whenEnded()
  return { replies, text: client.answers()[0]?.body ?? '' }
}

const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const post = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
/** Nobody listens there. */
const gone = 'http://127.0.0.1:1'

function echo(): ReturnType<typeof openHttpUpstream> {
  return openHttpUpstream((incoming, response) => {
    let body = ''
    incoming.on('data', (chunk) => (body += String(chunk)))
    incoming.on('end', () => response.end(`${incoming.method} ${body}`))
  })
}

testEngines('forward() sends again, body and all, what the first upstream got nothing of', async (t) => {
  await using second = await echo()
  const { replies, text } = await attempts(t, post, { first: gone, second: second.url })
  assert.partialDeepStrictEqual(replies[0], { reason: 'upstream_refused', again: 'unsent' })
  assert.equal(text, 'POST hello')
})

testEngines('forward() sends again what was sent only where the plan says that it may be repeated', async (t) => {
  await using second = await echo()
  await using first = await openRawUpstream((socket) => void socket.resetAndDestroy())
  for (const request of [get, post]) {
    const to = { first: first.url, second: second.url }
    const repeatable = await attempts(t, request, { ...to, plan: { isRepeatable: true } })
    assert.partialDeepStrictEqual(repeatable.replies[0], { reason: 'upstream_reset', again: 'sent' })
    assert.equal(repeatable.text, request === get ? 'GET ' : 'POST hello')
    const { replies } = await attempts(t, request, to)
    assert.equal(replies[0]?.kind === 'failure' ? (replies[0].again ?? null) : 'reply', null)
    assert.partialDeepStrictEqual(replies[1], { reason: 'internal_error', note: 'forwarded twice' })
  }
})

testEngines('forward() lets nothing of a silent upstream into the answer of the next', async (t) => {
  await using first = await openRawUpstream(
    (socket) => void setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate'), 500),
  )
  await using second = await echo()
  const to = { first: first.url, second: second.url, plan: { isRepeatable: true } }
  const { replies, text } = await attempts(t, get, to)
  assert.partialDeepStrictEqual(replies[0], { reason: 'upstream_timeout', again: 'sent' })
  assert.equal(text, 'GET ')
})

testEngines('forward() does not send again what the client streamed', async (t) => {
  await using first = await openRawUpstream((socket) => void socket.resetAndDestroy())
  await using second = await echo()
  const long = `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(70_000)}`
  for (const url of [first.url, gone]) {
    const { replies } = await attempts(t, long, { first: url, second: second.url, plan: { isRepeatable: true } })
    assert.equal(replies[0]?.kind === 'failure' ? (replies[0].again ?? null) : 'reply', null)
    assert.partialDeepStrictEqual(replies[1], { kind: 'failure' })
  }
})
