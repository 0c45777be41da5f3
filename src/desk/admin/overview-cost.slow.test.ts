import assert from 'node:assert/strict'
import test from 'node:test'
import { type AccessEvent, emptyEvent } from '../../core/mod.ts'
import { openOverview } from './overview.ts'
import type { ShownEvent } from './shown.ts'

const beginMs = 1_790_000_000_000

function eventOf(i: number, callers: number): AccessEvent {
  return {
    ...emptyEvent,
    kind: 'request',
    outcome: i % 7 === 0 ? 'refused' : 'served',
    reason: i % 7 === 0 ? 'invalid_api_key' : null,
    status: i % 7 === 0 ? 401 : 200,
    durationUs: 1_000 + (i % 5_000),
    upstreamFirstByteUs: 800,
    route: `GET /v1/route-${i % 40}`,
    consumer: `consumer-${i % callers}`,
    clientIp: `10.0.${(i % callers) >> 8}.${(i % callers) & 255}`,
    userAgent: `agent/${i % 30}`,
    limits: [
      {
        name: 'per-consumer',
        per: 'consumer',
        limit: 600,
        windowMs: 60_000,
        used: i % 600,
        resetMs: 10,
        admitted: true,
        coarser: false,
      },
    ],
  }
}

/** CPU time of this process in ms: what others do on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

for (const [load, callers] of [
  ['everyday', 100],
  ['crowded', 3_000],
] as const)
  test(`with ${load} traffic an event costs at most 2 µs of CPU, and an answer at most 10 ms`, () => {
    const listeners: ((shown: ShownEvent) => void)[] = []
    const events = {
      listen: (listener: (shown: ShownEvent) => void): Disposable => {
        listeners.push(listener)
        return { [Symbol.dispose]: () => {} }
      },
    }
    const clock = { ms: beginMs }
    const overview = openOverview({ events, clock: { wallMs: () => clock.ms } })
    const [hear] = listeners
    assert.ok(hear !== undefined)
    const sample = Array.from({ length: 4_096 }, (_, i) => eventOf(i, callers))
    const perMinute = 5_000
    const eventUs: number[] = []
    for (let minute = 0; minute < 120; minute++) {
      const beforeMs = cpuMs()
      for (let i = 0; i < perMinute; i++) {
        const event = sample[(minute * 31 + i) & 4_095]
        if (event !== undefined) hear({ seq: i, recordedAtUs: (beginMs + minute * 60_000 + i * 10) * 1000, event })
      }
      eventUs.push(((cpuMs() - beforeMs) * 1000) / perMinute)
    }
    clock.ms = beginMs + 120 * 60_000
    overview.look(10)
    const answerMs = Array.from({ length: 20 }, () => {
      const beforeMs = cpuMs()
      overview.look(10)
      return cpuMs() - beforeMs
    })
    const [event, answer] = [median(eventUs), median(answerMs)]
    console.log(`${load}: ${event.toFixed(2)} µs an event, ${answer.toFixed(2)} ms an answer`)
    assert.ok(event <= 2, `${event} µs`)
    assert.ok(answer <= 10, `${answer} ms`)
  })

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
