import assert from 'node:assert/strict'
import test from 'node:test'
import { type AccessEvent, emptyEvent } from '../../core/mod.ts'
import { openOverview, type OverviewDesk } from './overview.ts'
import { openRecentEvents } from './recent-events.ts'
import { openBench, sampleGate } from './test/bench.ts'

const beginMs = 1_790_000_000_000 - (1_790_000_000_000 % 60_000)
const encoder = new TextEncoder()

interface Desk extends OverviewDesk {
  readonly clock: { ms: number }
  /** Records that end at that moment. */
  take(atMs: number, ...events: readonly Partial<AccessEvent>[]): Promise<void>
}

function openDesk(): Desk {
  const clock = { ms: beginMs }
  const events = openRecentEvents()
  events.begin(0)
  const overview = openOverview({ events, clock: { wallMs: () => clock.ms } })
  return {
    ...overview,
    clock,
    take: async (atMs, ...taken) => {
      const first = events.next
      await events.follow(
        taken.map((event, at) => ({
          seq: first + at,
          recordedAtUs: atMs * 1000,
          bytes: encoder.encode(JSON.stringify({ ...emptyEvent, kind: 'request', clientIp: '192.0.2.1', ...event })),
        })),
      )
    },
  }
}

const served: Partial<AccessEvent> = { outcome: 'served', status: 200, route: 'GET /v1/orders', consumer: 'acme' }
const guessed: Partial<AccessEvent> = {
  outcome: 'refused',
  status: 401,
  reason: 'invalid_api_key',
  clientIp: '203.0.113.7',
  userAgent: 'curl "8"',
}
const times = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of)

/** What is counted in the third of twelve steps, the only one with anything in it. */
function step(column: readonly number[]): number {
  assert.deepEqual(
    column.filter((_, at) => at !== 2),
    times(11, 0),
  )
  return column[2] ?? 0
}

function near(value: number | null, wanted: number): void {
  assert.ok(value !== null && Math.abs(value - wanted) <= wanted * 0.03, `${value} is not ${wanted}`)
}

test('look() counts every request in the step in which it ended, by how it ended', async () => {
  const desk = openDesk()
  desk.clock.ms = beginMs + 61_000
  await desk.take(
    beginMs + 10_000,
    served,
    { ...served, status: 404 },
    { ...served, status: 503 },
    guessed,
    { outcome: 'refused', reason: 'insufficient_scope' },
    { outcome: 'refused', reason: 'quota_exceeded' },
    { outcome: 'refused', reason: 'malformed' },
    { outcome: 'refused', reason: 'no_route' },
    { outcome: 'failed', reason: 'upstream_refused', status: 502 },
    { outcome: 'aborted', reason: 'thread_died' },
    { outcome: 'aborted', reason: 'client_abort' },
  )
  await desk.take(beginMs + 60_500, served, { kind: 'opened' }, { kind: 'amended' })
  const { series, totals, everyMs } = desk.look(1)
  assert.equal(everyMs, 5_000)
  assert.deepEqual(
    series.atMs,
    [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55].map((s) => beginMs + s * 1_000),
  )
  assert.deepEqual([series.served2xx3xx, series.served4xx, series.served5xx, series.failed].map(step), [1, 1, 1, 2])
  assert.deepEqual(Object.values(series.refused).map(step), [1, 1, 1, 1, 1])
  const refused = { unauthenticated: 1, denied: 1, limited: 1, malformed: 1, other: 1 }
  const expected = { requests: 12, served2xx3xx: 2, served4xx: 1, served5xx: 1, refused, failed: 2, usual: null }
  assert.partialDeepStrictEqual(totals, expected)
})

test('look() tells durations within 3 %, and what Gatehouse added without the wait for the upstream', async () => {
  const desk = openDesk()
  const durations = Array.from({ length: 1_000 }, (_, i) => 1_000 + i * 100)
  await desk.take(
    beginMs + 1_000,
    ...durations.map((durationUs) => ({ ...served, durationUs, upstreamFirstByteUs: durationUs - 700 })),
    // Of an answer that was not held, the rest is the upstream's.
    ...times(1_000, { ...served, opening: 'x', durationUs: 51_000, upstreamFirstByteUs: 1_000 }),
  )
  desk.clock.ms = beginMs + 60_000
  const { totals, series } = desk.look(1)
  near(totals.p50Us, 51_000)
  near(totals.p95Us, 91_000)
  near(totals.gatewayP95Us, 700)
  near(series.p50Us[0] ?? null, 51_000)
  assert.equal(series.p50Us[1], null)
})

test('look() reaches back an hour in longer steps, and forgets what is older', async () => {
  const desk = openDesk()
  for (let minute = 0; minute < 90; minute++) await desk.take(beginMs + minute * 60_000, served)
  desk.clock.ms = beginMs + 90 * 60_000
  const hour = desk.look(60)
  assert.equal(hour.everyMs, 20_000)
  assert.equal(hour.series.atMs.length, 180)
  assert.equal(hour.totals.requests, 60)
  assert.deepEqual(hour.totals.usual, { requestsPerSecond: 1 / 60, refusedPerSecond: 0 })
  assert.equal(desk.look(10).totals.requests, 10)
})

test('look() shows what makes up more of the refusals than before, with the query for it', async () => {
  const desk = openDesk()
  for (let minute = 0; minute < 60; minute++)
    await desk.take(beginMs + minute * 60_000, ...times(20, served), {
      ...served,
      outcome: 'refused',
      reason: 'quota_exceeded',
    })
  const attackMs = beginMs + 61 * 60_000
  await desk.take(attackMs, ...times(100, guessed), { ...served, route: 'GET /v1/debug', consumer: 'newcomer' })
  desk.clock.ms = attackMs + 30_000
  const { changes } = desk.look(1)
  assert.deepEqual(
    changes.map(({ kind, value, tone, query }) => [kind, value, tone, query]),
    [
      ['network', '203.0.113.0/28', 'bad', 'outcome:refused ip:203.0.113.0/28'],
      ['userAgent', 'curl "8"', 'bad', String.raw`outcome:refused agent:"curl \"8\""`],
      ['reason', 'invalid_api_key', 'warn', 'outcome:refused reason:invalid_api_key'],
      ['route', 'GET /v1/debug', 'anomaly', 'route:"GET /v1/debug"'],
      ['consumer', 'newcomer', 'anomaly', 'consumer:newcomer'],
    ],
  )
  assert.equal(changes[0]?.text, '100 % of refused, 0 % before')
})

test('look() shows no change while everything is as it was', async () => {
  const desk = openDesk()
  for (let minute = 0; minute < 70; minute++)
    await desk.take(beginMs + minute * 60_000, ...times(20, served), ...times(5, guessed))
  desk.clock.ms = beginMs + 70 * 60_000
  assert.deepEqual(desk.look(10).changes, [])
})

test('look() shows the busiest consumers and the fullest limits, each at its newest reading', async () => {
  const desk = openDesk()
  const reading = {
    name: 'per-consumer',
    per: 'consumer',
    limit: 100,
    windowMs: 60_000,
    used: 10,
    resetMs: 0,
    admitted: true,
    coarser: false,
  }
  await desk.take(
    beginMs + 1_000,
    ...times(8, { ...served, limits: [reading] }),
    { ...served, limits: [{ ...reading, used: 60 }] },
    { ...served, outcome: 'refused', reason: 'quota_exceeded', limits: [{ ...reading, used: 90, admitted: false }] },
    { ...served, consumer: 'shop', limits: [{ ...reading, name: 'per-ip', per: 'ip', used: 5 }] },
    {
      ...served,
      consumer: 'shop',
      clientIp: '2001:db8::5',
      limits: [{ ...reading, name: 'per-ip', per: 'ip', used: 7 }],
    },
  )
  desk.clock.ms = beginMs + 20_000
  const { consumers, limits } = desk.look(1)
  assert.deepEqual(consumers, [
    { name: 'acme', perSecond: 0.5, refusedShare: 0.1, limitFill: 0.9 },
    { name: 'shop', perSecond: 0.1, refusedShare: 0, limitFill: null },
  ])
  assert.deepEqual(
    limits.map(({ name, key, used, fill }) => [name, key, used, fill]),
    [
      ['per-consumer', 'acme', 90, 0.9],
      ['per-ip', '2001:db8::/64', 7, 0.07],
      ['per-ip', '192.0.2.1', 5, 0.05],
    ],
  )
  desk.clock.ms = beginMs + 62_000
  assert.deepEqual(desk.look(1).limits, [])
})

test('look() still finds who is frequent when countless others are seen once', async () => {
  const desk = openDesk()
  for (let i = 0; i < 5_000; i++) {
    const once = { ...guessed, userAgent: `agent-${i}`, clientIp: `198.18.${i >> 6}.${(i & 63) * 4}` }
    await desk.take(beginMs + 1_000, once, { ...guessed, userAgent: 'frequent' })
  }
  desk.clock.ms = beginMs + 50_000
  const { changes } = desk.look(1)
  const found = changes.find(({ kind, value }) => kind === 'userAgent' && value === 'frequent')
  assert.ok(
    found !== undefined && found.share !== null && found.share > 0.45 && found.share <= 0.5,
    JSON.stringify(changes),
  )
})

test('GET /v1/overview answers with the ledger as it stands, and takes 1 to 60 minutes', async () => {
  const events = openRecentEvents()
  events.begin(0)
  const overview = openOverview({ events, clock: { wallMs: () => Date.now() } })
  const ledger = {
    ledgerFile: async (): Promise<Uint8Array> => encoder.encode('gatehouse.example/access\n'),
    proof: async (): Promise<null> => null,
    records: async (): Promise<[]> => [],
  }
  await using bench = await openBench({ overview, ledger })
  await bench.call('GET', '/v1/overview')
  const { status, body } = await bench.call('GET', '/v1/overview?minutes=30')
  assert.equal(status, 200)
  assert.partialDeepStrictEqual(body, {
    everyMs: 10_000,
    totals: { requests: 0, usual: null, p50Us: null },
    ledger: { log: 'gatehouse.example/access', size: 10, checkpointSize: 9, checkpointAgeMs: 500, sealed: false },
    incidents: null,
  })
  bench.gate.current = null
  const without = await bench.call('GET', '/v1/overview')
  assert.partialDeepStrictEqual(without.body, { ledger: { size: 0, checkpointSize: null, sealed: false } })
  bench.gate.current = sampleGate
  for (const minutes of ['0', '61', 'x'])
    assert.equal((await bench.call('GET', `/v1/overview?minutes=${minutes}`)).status, 400)
})
