import assert from 'node:assert/strict'
import test from 'node:test'
import type { Finding } from '../../core/mod.ts'
import { type HandClock, handClock } from '../../../test/support/hand-clock.ts'
import { type Control, openMemoryControl, toldBy } from '../../../test/support/memory-documents.ts'
import type { Message } from './channel.ts'
import { groupOf, type Incident } from './incident.ts'
import { type Incidents, openIncidents } from './incidents.ts'
import { openOutbox, type Outbox } from './outbox.ts'

const startMs = Date.UTC(2026, 10, 23, 9)
const minuteMs = 60_000

interface Stage {
  readonly clock: HandClock
  readonly control: Control
  readonly sent: Message[]
  incidents: Incidents
  outbox: Outbox
  /** As after a crash: everything is opened again from what was kept. */
  restart(): Promise<void>
}

async function stage(): Promise<Stage> {
  const clock = handClock(startMs)
  const control = await openMemoryControl(clock)
  const sent: Message[] = []
  let ids = 0
  const open = async (): Promise<{ incidents: Incidents; outbox: Outbox }> => {
    let outbox: Outbox | null = null
    const incidents = await openIncidents({
      documents: control.documents,
      clock,
      settings: { to: ['hook'], severityMin: 'medium' },
      outbox: () => {
        assert.ok(outbox !== null)
        return outbox
      },
      covers: (cidr, network) => cidr === network || cidr === '0.0.0.0/0',
      onProblem: (why) => assert.fail(why),
    })
    outbox = await openOutbox({
      documents: control.documents,
      channels: [{ name: 'hook', type: 'webhook', notify: async (message) => void sent.push(message) }],
      clock,
      random: () => 0.5,
      mintId: () => `id${++ids}`,
      ended: (notice, end, kept) => incidents.noticeEnded(notice, end, kept),
      onProblem: (why) => assert.fail(why),
    })
    return { incidents, outbox }
  }
  const made: Stage = {
    clock,
    control,
    sent,
    ...(await open()),
    restart: async () => void Object.assign(made, await open()),
  }
  return made
}

function found(more: Partial<Finding> = {}): Finding {
  return {
    id: 'f1',
    fingerprint: 'p1',
    rule: { id: 'failed-sign-ins', version: 1 },
    title: 'Credential stuffing or password guessing',
    severity: 'high',
    actor: { kind: 'network', value: '203.0.113.7', group: '203.0.113.0/28' },
    api: 'orders',
    route: 'POST /v1/login',
    firstSeenMs: startMs - 2_000,
    lastSeenMs: startMs,
    count: 20,
    baseline: { expected: 20, observed: 20, windowMs: 60_000, p: null },
    evidence: [{ seq: 7, requestId: 'r7' }],
    tags: ['owasp:API2:2023'],
    action: 'Block the network',
    note: '',
    ...more,
  }
}

/** Raises, and waits until everybody is told. */
async function raise({ incidents, outbox }: Stage, ...findings: readonly Finding[]): Promise<void> {
  await incidents.raise(findings)
  await outbox.look()
}

async function only({ incidents }: Stage): Promise<Incident> {
  const all = await incidents.list({ max: 10 })
  assert.equal(all.length, 1)
  assert.ok(all[0] !== undefined)
  return all[0]
}

const typesOf = (sent: readonly Message[]): string[] => sent.map(({ type }) => type)
const kindsOf = ({ timeline }: Incident): string[] => timeline.map(({ kind }) => kind)

test('raise() opens an incident with its story, tells the audit log and people, once', async () => {
  const play = await stage()
  await raise(play, found())
  const incident = await only(play)
  assert.deepEqual([incident.id, incident.state, incident.severity], ['INC-1', 'open', 'high'])
  assert.deepEqual(kindsOf(incident), ['first_seen', 'rule_fired', 'notified'])
  assert.deepEqual(typesOf(play.sent), ['incident.opened'])
  assert.match(play.sent[0]?.subject ?? '', /HIGH INC-1: Credential stuffing .* 203\.0\.113\.7/)
  const told = await toldBy(play.control)
  assert.deepEqual(told.map(({ kind }) => kind).toSorted(), ['finding.raised', 'incident.opened'])
})

test('a finding that comes again as it was, also after a restart, changes nothing', async () => {
  const play = await stage()
  await raise(play, found({ count: 40, lastSeenMs: startMs + 10_000 }))
  const before = await only(play)
  await play.restart()
  await raise(play, found(), found({ count: 40, lastSeenMs: startMs + 10_000 }))
  assert.deepEqual(await only(play), before)
  assert.equal(play.sent.length, 1)
  assert.equal((await toldBy(play.control)).length, 2)
})

test('a finding that goes on counts up without a word; one that gets worse is told', async () => {
  const play = await stage()
  await raise(play, found())
  await raise(play, found({ count: 80, lastSeenMs: startMs + 5_000 }))
  assert.equal((await only(play)).count, 80)
  assert.equal(play.sent.length, 1)
  await raise(play, found({ count: 81, severity: 'critical', note: 'A sign-in succeeded' }))
  const incident = await only(play)
  assert.deepEqual([incident.severity, incident.count], ['critical', 81])
  assert.ok(kindsOf(incident).includes('severity_raised'))
  assert.deepEqual(typesOf(play.sent), ['incident.opened', 'incident.worsened'])
})

test('findings of one actor within half an hour are one incident; repetitions of one rule are counted, not told', async () => {
  const play = await stage()
  await raise(play, found())
  play.clock.nowMs += 20 * minuteMs
  const later = { firstSeenMs: play.clock.nowMs, lastSeenMs: play.clock.nowMs }
  await raise(play, found({ id: 'f2', ...later }))
  await raise(
    play,
    found({ id: 'f3', fingerprint: 'p2', rule: { id: 'probing', version: 1 }, severity: 'medium', ...later }),
  )
  const incident = await only(play)
  assert.deepEqual([incident.count, incident.findings.length, incident.route], [60, 2, 'POST /v1/login'])
  assert.deepEqual(
    incident.findings.map(({ repeats }) => repeats).toSorted((a, b) => a - b),
    [0, 1],
  )
  assert.equal(play.sent.length, 1)
  play.clock.nowMs += 45 * minuteMs
  await raise(play, found({ id: 'f4', firstSeenMs: play.clock.nowMs, lastSeenMs: play.clock.nowMs }))
  assert.equal((await play.incidents.list({ max: 10 })).length, 2)
})

test('an attack that moves to neighbouring addresses widens its incident; another network has one of its own', async () => {
  const play = await stage()
  await raise(play, found())
  const group = '203.0.113.0/28'
  await raise(play, found({ count: 40, actor: { kind: 'network', value: group, group } }))
  const incident = await only(play)
  assert.equal(incident.actor.value, group)
  assert.ok(kindsOf(incident).includes('widened'))
  await raise(play, found({ id: 'x', actor: { kind: 'network', value: '198.51.100.1', group: '198.51.100.0/28' } }))
  assert.equal((await play.incidents.list({ max: 10 })).length, 2)
})

test('what is below the least severity is kept and not told', async () => {
  const play = await stage()
  await raise(play, found({ severity: 'low' }))
  assert.equal((await only(play)).told, null)
  assert.deepEqual(play.sent, [])
})

test('act() acknowledges, adds notes, and resolves; each is recorded in the name of who did it', async () => {
  const play = await stage()
  await raise(play, found())
  await play.incidents.act('INC-1', { kind: 'acknowledge', by: 'admin:ana' })
  await play.incidents.act('INC-1', { kind: 'note', by: 'admin:ana', note: 'It is our own scanner' })
  const incident = await play.incidents.act('INC-1', { kind: 'resolve', by: 'admin:ben' })
  await play.outbox.look()
  assert.deepEqual(
    [incident.state, incident.acknowledgedBy, incident.resolvedBy],
    ['resolved', 'admin:ana', 'admin:ben'],
  )
  const acts = (await toldBy(play.control)).filter(({ kind }) => kind === 'incident.changed')
  assert.deepEqual(
    acts.map(({ actor }) => actor),
    ['admin:ana', 'admin:ana', 'admin:ben'],
  )
  assert.deepEqual(typesOf(play.sent), ['incident.opened', 'incident.resolved'])
  await assert.rejects(play.incidents.act('INC-1', { kind: 'snooze', by: 'x' }), { code: 'conflict' })
  await assert.rejects(play.incidents.act('INC-9', { kind: 'resolve', by: 'x' }), { code: 'not_found' })
})

test('a snooze ends by itself, and an hour without a record resolves', async () => {
  const play = await stage()
  await raise(play, found())
  await play.incidents.act('INC-1', { kind: 'snooze', by: 'x', forMs: 20 * minuteMs })
  play.clock.nowMs += 19 * minuteMs
  await play.incidents.tick()
  assert.equal((await only(play)).state, 'snoozed')
  play.clock.nowMs += minuteMs
  await play.incidents.tick()
  assert.equal((await only(play)).state, 'open')
  play.clock.nowMs += 40 * minuteMs
  await play.incidents.tick()
  await play.outbox.look()
  assert.equal((await only(play)).state, 'resolved')
  assert.deepEqual(typesOf(play.sent), ['incident.opened', 'incident.resolved'])
})

test('what goes on after it was resolved is open again, and told not sooner than five minutes after the last word', async () => {
  const play = await stage()
  await raise(play, found())
  await play.incidents.act('INC-1', { kind: 'resolve', by: 'x' })
  await play.outbox.look()
  play.clock.nowMs += minuteMs
  await raise(play, found({ count: 50, lastSeenMs: play.clock.nowMs }))
  assert.equal((await only(play)).state, 'open')
  assert.deepEqual(typesOf(play.sent), ['incident.opened', 'incident.resolved'])
  play.clock.nowMs += 5 * minuteMs
  await play.outbox.look()
  assert.deepEqual(typesOf(play.sent), ['incident.opened', 'incident.resolved', 'incident.reopened'])
})

test('the same attack a day after it was over is a new incident', async () => {
  const play = await stage()
  await raise(play, found())
  await play.incidents.act('INC-1', { kind: 'resolve', by: 'x' })
  play.clock.nowMs += 25 * 60 * minuteMs
  await play.incidents.tick()
  await raise(play, found({ id: 'f2', firstSeenMs: play.clock.nowMs, lastSeenMs: play.clock.nowMs }))
  const all = await play.incidents.list({ max: 10 })
  assert.deepEqual(
    all.map(({ id }) => id),
    ['INC-2', 'INC-1'],
  )
})

test('numbers go on after a restart, and open incidents are still known', async () => {
  const play = await stage()
  await raise(play, found())
  await play.restart()
  const group = '198.51.100.0/28'
  await raise(play, found({ id: 'f2', fingerprint: 'p9', actor: { kind: 'network', value: group, group } }))
  assert.deepEqual(
    (await play.incidents.list({ max: 10 })).map(({ id }) => id),
    ['INC-2', 'INC-1'],
  )
  const { newest, ...counts } = play.incidents.summary()
  assert.deepEqual(counts, { open: 2, acknowledged: 0, snoozed: 0, resolved: 0, oldestOpenMs: startMs })
  assert.equal(newest?.id, 'INC-2')
})

test('network() adds a line to the story of whoever is in the network', async () => {
  const play = await stage()
  await raise(play, found())
  await play.incidents.network({ cidr: '10.0.0.0/8', isBlocked: true, by: 'admin:ana' })
  await play.incidents.network({ cidr: '203.0.113.7', isBlocked: true, by: 'admin:ana' })
  const lines = (await only(play)).timeline.filter(({ kind }) => kind === 'network_blocked')
  assert.deepEqual(
    lines.map(({ by, text }) => [by, text]),
    [['admin:ana', '203.0.113.7']],
  )
})

test('a hundred incidents at once are one message to each target', async () => {
  const play = await stage()
  const many = Array.from({ length: 100 }, (_, i) =>
    found({
      id: `f${i}`,
      fingerprint: `p${i}`,
      actor: { kind: 'network', value: `10.0.${i}.1`, group: `10.0.${i}.0/28` },
    }),
  )
  await raise(play, ...many)
  assert.deepEqual(typesOf(play.sent), ['incidents.digest'])
  assert.match(play.sent[0]?.subject ?? '', /100 notices/)
  const incident = await play.incidents.get('INC-57')
  assert.ok(kindsOf(incident).includes('notified'))
})

test('groupOf() counts a key as its consumer', () => {
  assert.equal(
    groupOf({ kind: 'credential', value: 'k', group: 'acme' }),
    groupOf({ kind: 'consumer', value: 'acme', group: 'acme' }),
  )
})
