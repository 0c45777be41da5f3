import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { systemClock } from '../../core/mod.ts'
import { openControl, openMemoryControlStore } from '../control/mod.ts'
import { openReviews, type Reviews } from '../review/mod.ts'
import { type Bench, openBench } from './test/bench.ts'

/** An admin API with reviews of a ledger that is empty, in a control room with one consumer. */
async function open(): Promise<{ bench: Bench; reviews: Reviews }> {
  const control = await openControl({
    store: openMemoryControlStore(),
    clock: systemClock,
    pepper: new Uint8Array(32),
    publish: async () => true,
  })
  const reviews = openReviews({
    documents: control.documents,
    plans: [
      { name: 'daily', cron: '30 7 * * *', timeZone: 'UTC', period: 'day', sample: 5, dueMs: 86_400_000, signers: [] },
    ],
    ledger: { records: async () => [], ledgerFile: async () => null, proof: async () => null },
    verify: () => false,
    clock: systemClock,
    credentials: () => [],
    consumers: () => [],
    status: () => null,
  })
  return { bench: await openBench({ reviews }), reviews }
}

test('a review goes from the first request to the report over the API', async () => {
  await using stack = new AsyncDisposableStack()
  const { bench, reviews } = await open()
  stack.use(bench)
  stack.use(reviews)
  const opened = await bench.call('POST', '/v1/reviews', { body: { period: '2026-01-05' } })
  assert.equal(opened.status, 202, opened.text)
  assert.partialDeepStrictEqual(opened.body, { id: 'daily-2026-01-05', openedBy: 'token', items: { total: 0 } })
  await reviews.tick()
  const path = '/v1/reviews/daily-2026-01-05'
  assert.partialDeepStrictEqual((await bench.call('GET', path)).body, { state: 'ready', items: { open: 0, list: [] } })
  assert.partialDeepStrictEqual((await bench.call('GET', '/v1/reviews')).body, {
    plans: [{ name: 'daily' }],
    items: [{ id: 'daily-2026-01-05', overdue: false }],
  })
  const signed = await bench.call('POST', `${path}/sign`, { body: { name: 'Ana' } })
  assert.partialDeepStrictEqual(signed.body, { state: 'signed', signOff: { name: 'Ana', actor: 'token' } })
  const report = await bench.call('GET', `${path}/report?format=json`)
  const digest = createHash('sha256').update(report.text).digest('base64')
  assert.equal(report.headers['content-digest'], `sha-256=:${digest}:`)
  assert.match(
    String(report.headers['content-disposition']),
    /^attachment; filename="gatehouse-review-daily-2026-01-05\.json"$/,
  )
  const page = await bench.call('GET', `${path}/report`)
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  assert.match(page.text, /Signed by Ana/)
})

test('what cannot be done to a review is refused with its code', async () => {
  await using stack = new AsyncDisposableStack()
  const { bench, reviews } = await open()
  stack.use(bench)
  stack.use(reviews)
  await bench.call('POST', '/v1/reviews', { body: { period: '2026-01-05' } })
  await reviews.tick()
  const path = '/v1/reviews/daily-2026-01-05'
  const decision = { disposition: 'suspicious', note: 'x' }
  for (const [method, at, body, status, code] of [
    ['POST', '/v1/reviews', { period: '2026-01-05' }, 409, 'conflict'],
    ['POST', '/v1/reviews', { plan: 'weekly' }, 404, 'not_found'],
    ['POST', '/v1/reviews', { period: 'soon' }, 422, 'invalid_argument'],
    ['POST', '/v1/reviews', { perod: 'today' }, 422, 'invalid_argument'],
    ['GET', '/v1/reviews/nothing', undefined, 404, 'not_found'],
    ['POST', `${path}/items/nothing`, decision, 404, 'not_found'],
    ['POST', `${path}/items/x`, { disposition: 'fine' }, 422, 'invalid_argument'],
    ['POST', `${path}/sign`, { name: '' }, 422, 'invalid_argument'],
    ['GET', `${path}/report?format=pdf`, undefined, 400, 'invalid_request'],
  ] as const) {
    const answer = await bench.call(method, at, body === undefined ? {} : { body })
    assert.equal(answer.status, status, `${method} ${at}: ${answer.text}`)
    assert.partialDeepStrictEqual(answer.body, { code })
  }
})

test('a replay is begun by POST and told by GET', async () => {
  await using stack = new AsyncDisposableStack()
  const { bench, reviews } = await open()
  stack.use(bench)
  stack.use(reviews)
  await bench.call('POST', '/v1/reviews', { body: { period: '2026-01-05' } })
  await reviews.tick()
  const path = '/v1/reviews/daily-2026-01-05/replay'
  assert.equal((await bench.call('POST', path)).status, 202)
  for (let looks = 0; looks < 100; looks++) {
    const { body } = await bench.call('GET', path)
    if ((body as { state: string }).state === 'running') continue
    assert.partialDeepStrictEqual(body, { state: 'done', matches: true, differences: [] })
    return
  }
  assert.fail('it did not end')
})
