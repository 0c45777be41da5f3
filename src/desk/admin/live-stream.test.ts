import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import test from 'node:test'
import { type Bench, openBench } from './test/bench.ts'
import { type Message, messagesOf } from './test/client.ts'

/** Quick, so that the tests are. */
const live = { batchMs: 20, heartbeatMs: 60 }

interface Batch {
  readonly events: readonly {
    readonly seq: number
    readonly event: { readonly path: string; readonly outcome: string }
  }[]
  readonly skipped: number
}

/** A live stream of which the greeting was read. */
interface Live extends AsyncDisposable {
  readonly response: IncomingMessage
  readonly hello: Message
  next(): Promise<Message>
  /** The next batch, whatever comments come before. */
  batch(): Promise<Batch & { readonly id: string }>
}

async function follow(bench: Bench, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Live> {
  const response = await bench.open('GET', `/v1/events/live${query}`, { headers })
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['content-type'], 'text/event-stream')
  const messages = messagesOf(response)
  const next = async (): Promise<Message> => {
    const { value, done } = await messages.next()
    assert.ok(done !== true, 'the stream ended')
    return value
  }
  return {
    response,
    hello: await next(),
    next,
    batch: async () => {
      let message = await next()
      while (message.event === '') message = await next()
      assert.equal(message.event, 'batch')
      return { ...(message.data as Batch), id: message.id } // as our server wrote it
    },
    [Symbol.asyncDispose]: async () => void response.destroy(),
  }
}

test('openLiveStream() greets first, then batches what is new', async () => {
  await using bench = await openBench({ live })
  await bench.append({ path: '/old' })
  await using stream = await follow(bench)
  assert.equal(stream.hello.event, 'hello')
  assert.partialDeepStrictEqual(stream.hello.data, { version: '9.9.9' })
  assert.ok(Math.abs(Date.parse((stream.hello.data as { time: string }).time) - Date.now()) < 60_000)
  await bench.append({ path: '/a' }, { path: '/b' })
  const { events, skipped, id } = await stream.batch()
  assert.deepEqual(
    events.map(({ seq, event }) => [seq, event.path]),
    [
      [1, '/a'],
      [2, '/b'],
    ],
  )
  assert.deepEqual([skipped, id], [0, '2'])
})

test('openLiveStream() sends what the filter wants', async () => {
  await using bench = await openBench({ live })
  await using stream = await follow(bench, '?outcome=refused,failed&path=/v1&status=4xx&consumer=acme')
  const wanted = { outcome: 'refused', path: '/v1/x', status: 403, consumer: 'acme' } as const
  await bench.append(
    { ...wanted, status: 503 },
    { ...wanted, path: '/v2' },
    { ...wanted, consumer: null },
    { ...wanted, outcome: 'served' },
    wanted,
  )
  const { events, skipped } = await stream.batch()
  assert.deepEqual([events.map(({ seq }) => seq), skipped], [[4], 0])
})

test('openLiveStream() counts what does not fit into a batch, and leaves out served requests first', async () => {
  await using bench = await openBench({ live })
  await using stream = await follow(bench)
  await bench.append(
    ...Array.from({ length: 1000 }, (_, at) => ({
      outcome: at % 10 === 0 ? ('refused' as const) : ('served' as const),
    })),
  )
  const { events, skipped, id } = await stream.batch()
  assert.deepEqual([events.length, skipped, id], [200, 800, '999'])
  assert.equal(events.filter(({ event }) => event.outcome === 'refused').length, 100)
})

test('openLiveStream() resumes behind the last event id without a gap, and from a position', async () => {
  await using bench = await openBench({ live })
  await bench.append(...Array.from({ length: 450 }, () => ({ outcome: 'served' as const })))
  const wanted = Array.from({ length: 440 }, (_, at) => at + 10)
  for (const [query, headers] of [
    ['?from=3', { 'last-event-id': '9' }],
    ['?from=10', {}],
    ['', { 'last-event-id': '9' }],
  ] as const) {
    await using stream = await follow(bench, query, headers)
    const seqs: number[] = []
    while (seqs.length < wanted.length) {
      const { events, skipped, id } = await stream.batch()
      assert.equal(skipped, 0)
      seqs.push(...events.map(({ seq }) => seq))
      assert.equal(id, String(seqs.at(-1)))
    }
    assert.deepEqual(seqs, wanted)
  }
  await using anew = await follow(bench, '', { 'last-event-id': 'never sent by us' })
  assert.equal(anew.hello.id, '449')
})

test('openLiveStream() skips for a client that does not read, and queues nothing for it', async () => {
  await using bench = await openBench({ live, recent: { eventsMax: 2_000 } })
  await using stream = await follow(bench)
  stream.response.pause()
  const note = 'x'.repeat(2000)
  let appended = 0
  for (; appended < 8_000; appended += 200) {
    await bench.append(...Array.from({ length: 200 }, () => ({ outcome: 'served' as const, note })))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  stream.response.resume()
  let accounted = 0
  let unseen = 0
  while (accounted < appended) {
    const { events, skipped } = await stream.batch()
    assert.ok(events.length <= 200)
    accounted += events.length + skipped
    unseen += skipped
  }
  assert.equal(accounted, appended)
  assert.ok(unseen > 0)
})

test('openLiveStream() says that it lives when there is nothing to say', async () => {
  await using bench = await openBench({ live })
  await using stream = await follow(bench)
  assert.equal((await stream.next()).event, '')
  assert.equal((await stream.next()).event, '')
})

test('openLiveStream() is refused when there are too many, and its place is free again when a client leaves', async () => {
  await using bench = await openBench({ live: { ...live, streamsMax: 1 } })
  {
    await using stream = await follow(bench)
    assert.equal(stream.hello.event, 'hello')
    const refused = await bench.call('GET', '/v1/events/live')
    assert.partialDeepStrictEqual(refused.body, { status: 503, code: 'too_many_streams' })
  }
  await untilPlaceIsFree(bench, async () => {})
})

/** Asks for a stream again and again until there is room for it. */
async function untilPlaceIsFree(bench: Bench, meanwhile: () => Promise<void>): Promise<void> {
  const end = performance.now() + 20_000
  for (;;) {
    const response = await bench.open('GET', '/v1/events/live')
    response.destroy()
    if (response.statusCode === 200) return
    assert.ok(performance.now() < end, 'the place stays taken')
    await meanwhile()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('openLiveStream() cuts off a client that takes nothing', async () => {
  await using bench = await openBench({ live: { ...live, streamsMax: 1, stalledMs: 200 } })
  await using stream = await follow(bench)
  stream.response.pause()
  const note = 'x'.repeat(2000)
  await untilPlaceIsFree(bench, async () => {
    await bench.append(...Array.from({ length: 200 }, () => ({ note })))
  })
})

test('openLiveStream() ends when the admin API closes', async () => {
  const bench = await openBench({ live })
  const response = await bench.open('GET', '/v1/events/live')
  response.resume()
  const ended = new Promise((resolve) => response.on('end', resolve).on('error', resolve))
  await bench[Symbol.asyncDispose]()
  await ended
})
