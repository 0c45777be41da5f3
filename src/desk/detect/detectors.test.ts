import assert from 'node:assert/strict'
import test from 'node:test'
import type { Finding, LedgerRecord } from '../../core/mod.ts'
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
import { createDetectors, detectSettingsDefault, findingsIn } from './detectors.ts'

const startMs = Date.UTC(2026, 10, 23, 9)
const minuteMs = 60_000
const tag = (text: string): string => text.replaceAll('\n', '|')

function run(records: readonly LedgerRecord[]): ReadonlyMap<string, Finding> {
  const detectors = createDetectors(detectSettingsDefault, { tag })
  const found = new Map<string, Finding>()
  for (const record of records) for (const finding of findingsIn(detectors, record)) found.set(finding.id, finding)
  for (const detector of detectors) for (const finding of detector.flush()) found.set(finding.id, finding)
  return found
}

function only(plays: readonly Play[]): Finding {
  const found = [...run(recordsOf(plays)).values()]
  assert.equal(found.length, 1, `found ${found.map(({ title }) => title).join(', ') || 'nothing'}`)
  assert.ok(found[0] !== undefined)
  return found[0]
}

function quiet(plays: readonly Play[]): void {
  const found = [...run(recordsOf(plays)).values()]
  assert.deepEqual(
    found.map(({ title, actor }) => `${title}: ${actor.value}`),
    [],
  )
}

test('one attack from 9 addresses of a /28 is one finding, about the /28', () => {
  const random = seeded(1)
  const plays = timesIn({ fromMs: startMs, lengthMs: 20_000, count: 400 }, random).map((timeMs, i) =>
    signIn(timeMs, `203.0.113.${(i % 9) + 1}`),
  )
  const finding = only(plays)
  assert.equal(finding.rule.id, 'failed-sign-ins')
  assert.deepEqual(finding.actor, { kind: 'network', value: '203.0.113.0/28', group: '203.0.113.0/28' })
  assert.equal(finding.severity, 'high')
  assert.equal(finding.route, 'POST /v1/login')
  assert.equal(finding.note, 'From 9 addresses')
  assert.equal(finding.count, 400)
  assert.equal(finding.evidence.length, 20)
})

test('the benign twin: 400 users of a carrier network, each of whom mistypes now and then', () => {
  const random = seeded(2)
  const times = timesIn({ fromMs: startMs, lengthMs: 2 * 3_600_000, count: 4_000 }, random)
  quiet(times.map((timeMs) => signIn(timeMs, `198.51.100.${Math.floor(random() * 256)}`, random() < 0.08 ? 401 : 200)))
})

test('an attack that a limit holds down is found all the same', () => {
  const plays = Array.from({ length: 60 }, (_, i): Play =>
    i % 6 === 0
      ? signIn(startMs + i * 1_000, '203.0.113.7')
      : {
          ...signIn(startMs + i * 1_000, '203.0.113.7', 429),
          outcome: 'refused',
          reason: 'quota_exceeded',
          attempts: 0,
        },
  )
  const finding = only(plays)
  assert.deepEqual([finding.rule.id, finding.count], ['failed-sign-ins', 60])
})

test('an attack from one address is about that address, and becomes critical when a sign-in succeeds', () => {
  const plays = Array.from({ length: 40 }, (_, i) => signIn(startMs + i * 500, '203.0.113.7'))
  assert.equal(only(plays).actor.value, '203.0.113.7')
  const finding = only([...plays, signIn(startMs + 30_000, '203.0.113.7', 200)])
  assert.equal(finding.severity, 'critical')
  assert.match(finding.note, /succeeded after the failures/)
})

test('the benign twin: someone who mistypes and then signs in, and a neighbour who signs in during an attack', () => {
  quiet([
    ...Array.from({ length: 6 }, (_, i) => signIn(startMs + i * 2_000, '203.0.113.7')),
    signIn(startMs + 15_000, '203.0.113.7', 200),
  ])
  const plays = Array.from({ length: 40 }, (_, i) => signIn(startMs + i * 500, '203.0.113.7'))
  assert.equal(only([...plays, signIn(startMs + 30_000, '203.0.113.9', 200)]).severity, 'high')
})

test('guessed keys are about the network; one old key that goes on calling is about the key', () => {
  const guesses = Array.from({ length: 30 }, (_, i) =>
    refused(startMs + i * 400, 'invalid_api_key', {
      clientIp: '2001:db8::5',
      credentialId: i % 3 === 0 ? null : `key${i}`,
    }),
  )
  assert.deepEqual(only(guesses).actor, { kind: 'network', value: '2001:db8::/64', group: '2001:db8::/56' })
  const old = Array.from({ length: 30 }, (_, i) =>
    refused(startMs + i * 400, 'invalid_api_key', { clientIp: '192.0.2.9', credentialId: 'A1b2C3d4E5f6' }),
  )
  const finding = only(old)
  assert.deepEqual(finding.actor, { kind: 'credential', value: 'A1b2C3d4E5f6', group: 'A1b2C3d4E5f6' })
  assert.equal(finding.rule.id, 'failed-keys')
})

test('sign-ins that an app passes on from many networks are about the app; from one they are about the network', () => {
  const app = { consumer: 'shop-app', consumerId: 'c1', credentialId: 'A1b2C3d4E5f6' }
  const from = (ip: (i: number) => string): Play[] =>
    Array.from({ length: 40 }, (_, i) => ({ ...signIn(startMs + i * 700, ip(i)), ...app }))
  assert.deepEqual(only(from((i) => `10.${i}.3.4`)).actor, {
    kind: 'credential',
    value: 'A1b2C3d4E5f6',
    group: 'shop-app',
  })
  assert.equal(only(from(() => '203.0.113.7')).actor.value, '203.0.113.7')
})

const observed = (wouldRefuse: 'credential_missing' | 'invalid_api_key'): Play[] =>
  Array.from({ length: 60 }, (_, i) =>
    served(startMs + i * 300, { mode: 'observe', wouldRefuse, clientIp: '192.0.2.1' }),
  )

test('in observe mode requests without any credential are no failures, wrong ones are', () => {
  quiet(observed('credential_missing'))
  assert.equal(only(observed('invalid_api_key')).rule.id, 'failed-keys')
})

const trying = (everyMs: number): Play[] =>
  Array.from({ length: 14 }, (_, i) =>
    refused(startMs + i * everyMs, 'insufficient_scope', {
      status: 403,
      consumer: 'web',
      credentialId: 'A1b2C3d4E5f6',
    }),
  )

test('a caller that tries what it may not do is found; one that errs now and then is not', () => {
  const finding = only(trying(20_000))
  assert.equal(finding.rule.id, 'scope-refusals')
  assert.deepEqual(finding.actor, { kind: 'credential', value: 'A1b2C3d4E5f6', group: 'web' })
  quiet(trying(45_000))
})

const asking = (path: (i: number) => string): Play[] =>
  Array.from({ length: 300 }, (_, i) =>
    refused(startMs + i * 250, 'no_route', {
      status: 404,
      api: null,
      route: null,
      path: path(i),
      clientIp: '192.0.2.7',
    }),
  )

test('somebody who looks for paths is found; a client that asks for one missing path a thousand times is not', () => {
  assert.equal(only(asking((i) => `/admin/${i}.php`)).rule.id, 'probing')
  quiet(asking((i) => `/v1/gone/${i % 5}`))
})

test('an unreadable record is passed over', () => {
  const broken: LedgerRecord = { seq: 0, recordedAtUs: 1, bytes: new TextEncoder().encode('{') }
  assert.equal(run([broken]).size, 0)
})

/** Requests of one consumer, minute by minute. */
function minutes(perMinute: (minute: number) => number, count: number, random: () => number): Play[] {
  return Array.from({ length: count }, (_, minute) => {
    const fromMs = startMs + minute * minuteMs
    return timesIn({ fromMs, lengthMs: minuteMs, count: perMinute(minute) }, random).map((timeMs) =>
      served(timeMs, { consumer: 'acme', consumerId: 'c1', credentialId: 'A1b2C3d4E5f6', clientIp: '192.0.2.1' }),
    )
  }).flat()
}

test('a consumer that sends eight times as much as usual is found, with its API, and not again within two hours', () => {
  const random = seeded(3)
  const found = [
    ...run(
      recordsOf(minutes((minute) => poisson(minute >= 60 && minute < 75 ? 160 : 20, random), 150, random)),
    ).values(),
  ]
  assert.deepEqual(found.map(({ rule }) => rule.id).toSorted(), ['spike-api', 'spike-consumer'])
  const [spike] = found.filter(({ rule }) => rule.id === 'spike-consumer')
  assert.ok(
    spike !== undefined && spike.firstSeenMs >= startMs + 60 * minuteMs && spike.firstSeenMs < startMs + 62 * minuteMs,
  )
  assert.ok((spike.baseline.p ?? 1) < 1e-9 && Math.abs(spike.baseline.expected - 20) < 5)
})

const tide = (minute: number): number => 12 * (1.15 + Math.sin((minute / 1440) * 2 * Math.PI))

test('nothing is found in the first half hour, and nothing in three days of tides', () => {
  const random = seeded(4)
  quiet(minutes((minute) => poisson(minute >= 20 ? 200 : 5, random), 29, random))
  quiet(minutes((minute) => poisson(tide(minute), random), 3 * 1440, random))
})

test('a batch that comes each hour is usual from the second day on', () => {
  const random = seeded(5)
  const plays = minutes((minute) => poisson(2, random) + (minute % 60 === 0 ? 300 : 0), 2 * 1440, random)
  const late = [...run(recordsOf(plays)).values()].filter(({ firstSeenMs }) => firstSeenMs > startMs + 1440 * minuteMs)
  assert.deepEqual(late, [])
})

const batch = (minute: number): number => (minute % 1440 === 200 ? (minute > 5 * 1440 ? 900 : 250) : 0)

test('the work of a day that is done at once is usual from the second day on, and twice as much is not', () => {
  const random = seeded(6)
  const plays = minutes((minute) => poisson(1, random) + batch(minute), 6 * 1440, random)
  const days = [...run(recordsOf(plays)).values()]
    .filter(({ rule }) => rule.id === 'spike-consumer')
    .map(({ firstSeenMs }) => Math.floor((firstSeenMs - startMs) / (1440 * minuteMs)))
  assert.deepEqual(days, [0, 5])
})

const coming = (fromMs: number): Play[] =>
  Array.from({ length: 30 }, (_, i) =>
    refused(fromMs + i * 10_000, 'network_blocked', { status: 403, clientIp: `192.0.2.${33 + (i % 4)}`, api: null }),
  )

test('a blocked network that comes again is found once in an hour, whatever it asks for', () => {
  const finding = only([...coming(startMs), ...coming(startMs + 40 * minuteMs)])
  assert.deepEqual([finding.rule.id, finding.severity, finding.count], ['blocked-network', 'low', 60])
  assert.deepEqual(finding.actor, { kind: 'network', value: '192.0.2.32/28', group: '192.0.2.32/28' })
  assert.equal(run(recordsOf([...coming(startMs), ...coming(startMs + 180 * minuteMs)])).size, 2)
})
