import assert from 'node:assert/strict'
import test from 'node:test'
import { sampleEvent } from '../../test/conformance/control-store.ts'
import type { AuditEvent } from '../core/mod.ts'
import type { AuditOutbox, OutboxEntry } from '../desk/control/mod.ts'
import { openAuditDrain } from './audit-drain.ts'

function outboxOf(count: number): AuditOutbox & { waiting: OutboxEntry[]; add(id: string): void } {
  const listeners = new Set<() => void>()
  let lastPlace = 0
  const outbox = {
    waiting: [] as OutboxEntry[],
    add: (id: string) => {
      outbox.waiting.push({ place: ++lastPlace, event: sampleEvent(id) })
      for (const listener of listeners) listener()
    },
    next: async (max: number) => outbox.waiting.slice(0, max),
    sent: async (place: number) => {
      outbox.waiting = outbox.waiting.filter((entry) => entry.place > place)
    },
    listen: (listener: () => void) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
  for (let i = 0; i < count; i++) outbox.add(`e${i}`)
  return outbox
}

const idsOf = (events: readonly AuditEvent[]): unknown[] => events.map(({ details }) => details['id'])

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000
  while (!holds()) {
    assert.ok(performance.now() < end, 'did not happen within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

test('openAuditDrain() brings what waits and what comes, in order, and forgets it', async () => {
  const outbox = outboxOf(250)
  const got: unknown[] = []
  await using drain = openAuditDrain({
    outbox,
    send: async (events) => void got.push(...idsOf(events)),
    onProblem: () => {},
  })
  drain.look()
  outbox.add('late')
  await until(() => got.length === 251)
  outbox.add('later')
  await until(() => got.length === 252)
  assert.deepEqual(got, [...Array.from({ length: 250 }, (_, i) => `e${i}`), 'late', 'later'])
  await until(() => outbox.waiting.length === 0)
})

test('openAuditDrain() keeps an event until the ledger has it, and says once that it cannot send', async () => {
  const outbox = outboxOf(2)
  const got: unknown[] = []
  const problems: string[] = []
  let refusals = 3
  const send = async (events: readonly AuditEvent[]): Promise<void> => {
    if (refusals-- > 0) throw new Error('no gate')
    got.push(...idsOf(events))
  }
  await using drain = openAuditDrain({ outbox, send, onProblem: (why) => void problems.push(why), retryMs: 2 })
  drain.look()
  await until(() => outbox.waiting.length === 0)
  assert.deepEqual(got, ['e0', 'e1'])
  assert.deepEqual(problems, ['no gate'])
})

test('openAuditDrain() sends again what it cannot say to be forgotten: at least once', async () => {
  const outbox = outboxOf(1)
  const got: unknown[] = []
  const sent = outbox.sent.bind(outbox)
  let broken = true
  outbox.sent = async (place) => {
    if (broken) {
      broken = false
      throw new Error('disk full')
    }
    await sent(place)
  }
  await using drain = openAuditDrain({
    outbox,
    send: async (events) => void got.push(...idsOf(events)),
    onProblem: () => {},
    retryMs: 2,
  })
  drain.look()
  await until(() => outbox.waiting.length === 0)
  assert.deepEqual(got, ['e0', 'e0'])
})

test('openAuditDrain() closes at once while there is no gate', async () => {
  const outbox = outboxOf(1)
  const drain = openAuditDrain({
    outbox,
    send: () => Promise.reject(new Error('no gate')),
    onProblem: () => {},
    retryMs: 60_000,
  })
  drain.look()
  await new Promise((resolve) => setImmediate(resolve))
  await drain[Symbol.asyncDispose]()
  assert.equal(outbox.waiting.length, 1)
})
