import assert from 'node:assert/strict'
import test from 'node:test'
import { openHook } from '../../../test/support/hook.ts'
import { testCertificate } from '../../../test/support/receivers.ts'
import { systemClock } from '../../core/mod.ts'
import { openOutbound } from '../../outbound/mod.ts'
import type { ExportItem, Sink } from './sink.ts'
import { openWebhookSigner } from '../../crypto/mod.ts'
import { openWebhookSink, type WebhookOptions } from './webhook-sink.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const never = new AbortController().signal
const items = [4, 5, 6].map((seq): ExportItem => ({
  log: 'access',
  seq,
  uid: `r${seq}`,
  timeMs: 1_795_212_179_000,
  severityId: 1,
  json: JSON.stringify({ metadata: { sequence: seq, uid: `r${seq}` } }),
}))

async function openSink(options: Partial<WebhookOptions>): Promise<Sink & AsyncDisposable> {
  const outbound = openOutbound()
  const sink = openWebhookSink({
    url: 'http://127.0.0.1:1/',
    ca: null,
    token: null,
    secret: null,
    outbound,
    clock: systemClock,
    ...options,
  })
  return { ...sink, [Symbol.asyncDispose]: () => outbound[Symbol.asyncDispose]() }
}

test('openWebhookSigner() signs as the reference of Standard Webhooks does', () => {
  const body = Buffer.from('{"test": 2432232314}')
  const signed = openWebhookSigner([secret])({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', atMs: 1_614_265_330_000, body })
  assert.deepEqual(signed, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('deliver() posts a JSON array over TLS, with token and signature, under an id that a retry keeps', async () => {
  const tls = await testCertificate()
  await using hook = await openHook(undefined, tls)
  await using sink = await openSink({ url: hook.url, ca: tls.cert, token: 'abc', secret })
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await sink.deliver(items, never), { kind: 'delivered', answer: 'status 204' })
  const [first, second] = hook.calls
  assert.deepEqual(first?.seqs, [4, 5, 6])
  assert.deepEqual(
    [first.headers['content-type'], first.headers.authorization, first.headers['webhook-id']],
    ['application/json', 'Bearer abc', 'access-4-6'],
  )
  assert.equal(second?.headers['webhook-id'], 'access-4-6')
  const atMs = Number(first.headers['webhook-timestamp']) * 1000
  const expected = openWebhookSigner([secret])({ id: 'access-4-6', atMs, body: Buffer.from(first.body) })
  assert.equal(first.headers['webhook-signature'], expected['webhook-signature'])
})

test('deliver() refuses to send to a receiver whose certificate nobody signed', async () => {
  await using hook = await openHook(undefined, await testCertificate())
  await using sink = await openSink({ url: hook.url })
  await assert.rejects(sink.deliver(items, never), /no TLS with/)
  assert.equal(hook.calls.length, 0)
})

test('deliver() tells what a status asks for', async () => {
  const asks = {
    200: 'delivered',
    202: 'delivered',
    302: 'later',
    400: 'rejected',
    401: 'later',
    404: 'later',
    413: 'too_large',
    422: 'rejected',
    429: 'later',
    500: 'later',
    503: 'later',
  }
  for (const [status, kind] of Object.entries(asks)) {
    await using hook = await openHook(() => ({ status: Number(status), body: ' no\n' }))
    await using sink = await openSink({ url: hook.url })
    const delivery = await sink.deliver(items, never)
    assert.deepEqual([delivery.kind, delivery.answer], [kind, `status ${status}: no`], status)
  }
})

test('deliver() reads Retry-After as seconds and as a date, and waits a quarter of an hour at most', async () => {
  const fields = ['7', new Date(Date.now() + 60_000).toUTCString(), '999999', 'soon', undefined]
  const waits: (number | null)[] = []
  for (const field of fields) {
    await using hook = await openHook(() => ({
      status: 429,
      ...(field === undefined ? {} : { headers: { 'retry-after': field } }),
    }))
    await using sink = await openSink({ url: hook.url })
    const delivery = await sink.deliver(items, never)
    assert.equal(delivery.kind, 'later')
    waits.push(delivery.kind === 'later' ? delivery.retryAfterMs : 0)
  }
  const [seconds, date, long, odd, none] = waits
  assert.deepEqual([seconds, long, odd, none], [7_000, 900_000, null, null])
  assert.ok(date !== null && date !== undefined && date > 50_000 && date <= 60_000)
})

test('deliver() ends soon when everything closes', async () => {
  await using hook = await openHook(() => null)
  await using sink = await openSink({ url: hook.url })
  const closing = new AbortController()
  const delivery = sink.deliver(items, closing.signal)
  setTimeout(() => closing.abort(), 30)
  await assert.rejects(delivery, /Cannot call 127\.0\.0\.1/)
})
