import assert from 'node:assert/strict'
import test from 'node:test'
import type { Finding, LedgerRecord } from '../../core/mod.ts'
import { handClock } from '../../../test/support/hand-clock.ts'
import { openMemoryControl } from '../../../test/support/memory-documents.ts'
import {
  type Play,
  poisson,
  recordsOf,
  refused,
  seeded,
  served,
  signIn,
  timesIn,
} from '../../../test/support/scenarios.ts'
import { type Detection, openDetection } from './detection.ts'
import { createDetectors, detectSettingsDefault } from './detectors.ts'

const startMs = Date.UTC(2026, 10, 23, 9)
const tag = (text: string): string => text.replaceAll('\n', '|')

/** An hour and a half of everything. */
function mixedTraffic(): readonly LedgerRecord[] {
  const random = seeded(7)
  const plays: Play[] = []
  for (let minute = 0; minute < 90; minute++) {
    const fromMs = startMs + minute * 60_000
    const many = poisson(minute >= 70 && minute < 74 ? 300 : 25, random)
    for (const timeMs of timesIn({ fromMs, lengthMs: 60_000, count: many }, random))
      plays.push(served(timeMs, { consumer: 'acme', consumerId: 'c1', durationUs: Math.floor(random() * 3_000_000) }))
    for (const timeMs of timesIn({ fromMs, lengthMs: 60_000, count: 6 }, random))
      plays.push(signIn(timeMs, `198.51.100.${Math.floor(random() * 256)}`))
  }
  for (let i = 0; i < 200; i++) plays.push(signIn(startMs + 1_800_000 + i * 400, `203.0.113.${(i % 9) + 1}`))
  for (let i = 0; i < 60; i++)
    plays.push(
      refused(startMs + 3_000_000 + i * 900, 'no_route', {
        api: null,
        route: null,
        path: `/${i}`,
        clientIp: '192.0.2.44',
      }),
    )
  for (let i = 0; i < 20; i++)
    plays.push(
      refused(startMs + 3_500_000 + i * 5_000, 'insufficient_scope', {
        credentialId: 'A1b2C3d4E5f6',
        consumer: 'acme',
      }),
    )
  return recordsOf(plays)
}

interface Run {
  readonly found: Map<string, Finding>
  readonly open: () => Promise<Detection>
  readonly clock: ReturnType<typeof handClock>
}

async function stage(): Promise<Run> {
  const clock = handClock(startMs)
  const control = await openMemoryControl(clock)
  const found = new Map<string, Finding>()
  const open = (): Promise<Detection> =>
    openDetection({
      documents: control.documents,
      detectors: createDetectors(detectSettingsDefault, { tag }),
      raise: async (findings) => {
        for (const finding of findings) {
          const before = found.get(finding.id)
          // What is read again after a crash is never news, and never says less in the end.
          if (before === undefined || before.lastSeenMs <= finding.lastSeenMs) found.set(finding.id, finding)
        }
      },
      clock,
      onProblem: (why) => assert.fail(why),
    })
  return { found, open, clock }
}

test('whoever is killed anywhere finds the same as whoever is not, and goes on from the last snapshot', async () => {
  const records = mixedTraffic()
  const whole = await stage()
  const detection = await whole.open()
  detection.begin(0)
  await detection.follow(records)
  whole.clock.nowMs += 5_000
  await detection.tick()
  assert.ok(whole.found.size >= 4, [...whole.found.keys()].join('\n'))

  const random = seeded(11)
  const broken = await stage()
  let running = await broken.open()
  running.begin(0)
  let restarts = 0
  for (let from = await running.cursor(); from < records.length;) {
    const batch = records.slice(from, from + 1 + Math.floor(random() * 300))
    broken.clock.nowMs += 7_000
    await running.follow(batch)
    from += batch.length
    if (random() < 0.3) {
      // Not closed: what was not kept is lost, as in a crash.
      running = await broken.open()
      running.begin(records.length)
      from = await running.cursor()
      restarts++
    }
  }
  assert.ok(restarts > 3)
  broken.clock.nowMs += 5_000
  await running.tick()
  assert.deepEqual([...broken.found].toSorted(byId), [...whole.found].toSorted(byId))
})

function byId([a]: [string, Finding], [b]: [string, Finding]): number {
  return a < b ? -1 : 1
}

test('what cannot be raised waits, is not passed over by the snapshot, and is raised at the next tick', async () => {
  const records = recordsOf(Array.from({ length: 30 }, (_, i) => signIn(startMs + i * 100, '203.0.113.7')))
  const clock = handClock(startMs)
  const { documents } = await openMemoryControl(clock)
  const raised: Finding[] = []
  const problems: string[] = []
  let fails = true
  const detection = await openDetection({
    documents,
    detectors: createDetectors(detectSettingsDefault, { tag }),
    raise: async (findings) => {
      if (fails) throw new Error('disk full')
      raised.push(...findings)
    },
    clock,
    onProblem: (why) => void problems.push(why),
  })
  detection.begin(0)
  clock.nowMs += 60_000
  await detection.follow(records)
  assert.match(problems.join(), /disk full/)
  assert.equal(await documents.get('detect-state', 'place'), null)
  assert.equal(await detection.cursor(), 30)
  fails = false
  await detection.tick()
  assert.equal(raised.length, 1)
  assert.notEqual(await documents.get('detect-state', 'place'), null)
})

test('begin() begins anew when the ledger is shorter than what was read, and near the end of one that is new to it', async () => {
  const { open } = await stage()
  const detection = await open()
  detection.begin(250_000)
  assert.equal(await detection.cursor(), 150_000)
  detection.begin(250_100)
  assert.equal(await detection.cursor(), 150_000)
  detection.begin(10)
  assert.equal(await detection.cursor(), 0)
})

test('what was there before the first start is learnt from and raises nothing, also when it goes on by a crash', async () => {
  const { found, open, clock } = await stage()
  const old = recordsOf(Array.from({ length: 40 }, (_, i) => signIn(startMs + i * 100, '203.0.113.7')))
  const fresh = recordsOf(
    Array.from({ length: 40 }, (_, i) => signIn(startMs + 60_000 + i * 100, '192.0.2.7')),
    40,
  )
  const detection = await open()
  detection.begin(40)
  await detection.follow(old)
  await detection.follow(fresh.slice(0, 10))
  const next = await open()
  next.begin(80)
  clock.nowMs += 6_000
  await next.follow([...old, ...fresh].slice(await next.cursor()))
  assert.deepEqual(
    [...found.values()].map(({ actor }) => actor.value),
    ['192.0.2.7'],
  )
})
