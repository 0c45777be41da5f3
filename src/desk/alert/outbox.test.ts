import assert from 'node:assert/strict'
import test from 'node:test'
import { type HandClock, handClock } from '../../../test/support/hand-clock.ts'
import { type Control, openMemoryControl, toldBy } from '../../../test/support/memory-documents.ts'
import type { Channel, Message } from './channel.ts'
import { testMessage } from './messages.ts'
import { openOutbox, type Outbox, perMinuteMax } from './outbox.ts'
import { retryDelayMs } from './retry.ts'

const startMs = Date.UTC(2026, 10, 23, 9)

interface Receiver extends Channel {
  readonly got: Message[]
  readonly triedMs: number[]
  fails: boolean
}

function receiver(name: string, clock: HandClock): Receiver {
  const made: Receiver = {
    name,
    type: 'webhook',
    got: [],
    triedMs: [],
    fails: false,
    notify: async (message) => {
      made.triedMs.push(clock.nowMs)
      if (made.fails) throw new Error('503')
      made.got.push(message)
    },
  }
  return made
}

function open(control: Control, clock: HandClock, channels: readonly Channel[]): Promise<Outbox> {
  let ids = 0
  return openOutbox({
    documents: control.documents,
    channels,
    clock,
    random: () => 0.999,
    mintId: () => `${clock.nowMs}-${++ids}`,
    ended: (_notice, _end, { writes, told }) => control.documents.write(writes, told),
    onProblem: () => {},
  })
}

async function put(outbox: Outbox, control: Control, target: string): Promise<void> {
  const { writes, told, added } = outbox.draft({ target, draft: testMessage(target), incidents: ['INC-1'] })
  await control.documents.write(writes, told)
  added()
  await outbox.look()
}

async function setUp(): Promise<{ clock: HandClock; control: Control; hook: Receiver; outbox: Outbox }> {
  const clock = handClock(startMs)
  const control = await openMemoryControl(clock)
  const hook = receiver('hook', clock)
  return { clock, control, hook, outbox: await open(control, clock, [hook]) }
}

test('look() sends once what is in it, and forgets it', async () => {
  const { control, hook, outbox } = await setUp()
  await put(outbox, control, 'hook')
  await outbox.look()
  assert.equal(hook.got.length, 1)
  assert.equal(await control.documents.count('notify-outbox'), 0)
})

test('what fails is tried again with the same id, later each time, and given up and recorded after a day', async () => {
  const { clock, control, hook, outbox } = await setUp()
  hook.fails = true
  await put(outbox, control, 'hook')
  while (clock.nowMs < startMs + 26 * 3_600_000) {
    clock.nowMs += 10_000
    await outbox.look()
  }
  const waits = hook.triedMs.slice(1).map((atMs, i) => atMs - (hook.triedMs[i] ?? 0))
  assert.ok(waits[0] !== undefined && waits[0] <= 10_000)
  assert.ok(waits.every((wait, i) => wait >= (waits[i - 1] ?? 0) - 10_000 && wait <= 3_610_000))
  assert.ok((hook.triedMs.at(-1) ?? 0) <= startMs + 24 * 3_600_000)
  assert.equal(await control.documents.count('notify-outbox'), 0)
  assert.equal(await control.documents.count('notify-dead'), 1)
  const told = await toldBy(control)
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['notification.failed'],
  )
})

test('what was not sent when the process died is sent after it, with the id that it had', async () => {
  const { clock, control, hook, outbox } = await setUp()
  hook.fails = true
  await put(outbox, control, 'hook')
  const kept = await control.documents.list('notify-outbox')
  hook.fails = false
  const next = await open(control, clock, [hook])
  await next.look()
  assert.equal(hook.got.length, 0, 'it waits for its time')
  clock.nowMs += 3_000
  await next.look()
  assert.deepEqual(
    hook.got.map(({ id }) => id),
    kept.map(({ value }) => (value as { message: Message }).message.id),
  )
})

test('targets do not wait for each other', async () => {
  const { clock, control, hook } = await setUp()
  const stuck = Promise.withResolvers<void>()
  const slow: Channel = { name: 'slow', type: 'email', notify: () => stuck.promise }
  const outbox = await open(control, clock, [slow, hook])
  const { writes, added } = outbox.draft({ target: 'slow', draft: testMessage('slow'), incidents: [] })
  await control.documents.write(writes)
  added()
  const looking = outbox.look()
  const other = outbox.draft({ target: 'hook', draft: testMessage('hook'), incidents: [] })
  await control.documents.write(other.writes)
  other.added()
  const again = outbox.look()
  for (let i = 0; i < 50 && hook.got.length === 0; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(hook.got.length, 1)
  stuck.resolve()
  await Promise.all([looking, again])
})

test('beyond so many in a minute messages to one target are joined, and none is lost', async () => {
  const { clock, control, hook, outbox } = await setUp()
  for (let i = 0; i < perMinuteMax + 10; i++) await put(outbox, control, 'hook')
  const singles = hook.got.filter(({ type }) => type === 'test').length
  assert.equal(singles, perMinuteMax)
  clock.nowMs += 60_000
  await outbox.look()
  const digests = hook.got.filter(({ type }) => type === 'incidents.digest')
  assert.ok(digests.length <= 2)
  const joined = digests.reduce((sum, { data }) => sum + Number(data['count']), 0)
  const later = hook.got.filter(({ type }) => type === 'test').length - singles
  assert.equal(joined + later, 10)
  assert.equal(await control.documents.count('notify-outbox'), 0)
})

test('a notice to a target that is gone from the configuration is given up', async () => {
  const { clock, control, outbox } = await setUp()
  const { writes } = outbox.draft({ target: 'gone', draft: testMessage('gone'), incidents: [] })
  await control.documents.write(writes)
  const next = await open(control, clock, [receiver('hook', clock)])
  await next.look()
  assert.equal(await control.documents.count('notify-outbox'), 0)
  assert.equal((await toldBy(control)).length, 1)
})

test('retryDelayMs() is anything up to a bound that doubles from 2 s to 1 h', () => {
  assert.deepEqual(
    [1, 2, 3, 11, 12, 40].map((attempt) => retryDelayMs(attempt, () => 1)),
    [2_000, 4_000, 8_000, 2_048_000, 3_600_000, 3_600_000],
  )
  assert.equal(
    retryDelayMs(9, () => 0),
    100,
  )
})
