import assert from 'node:assert/strict'
import test from 'node:test'
import { GatehouseError } from '../../core/mod.ts'
import { digestOf } from './digest.ts'
import type { RunView } from './run.ts'
import { manifestOf } from './sign.ts'
import { type Bench, dailyPlan, openBench, ordinaryTraffic } from './test/bench.ts'

const hourMs = 3_600_000

/** A bench on the morning after a day with traffic, before which there was another. */
async function morningAfter(count = 300): Promise<Bench> {
  const bench = openBench({ at: '2026-11-24T08:00:00Z' })
  await bench.reviews.tick()
  ordinaryTraffic(bench.ledger, '2026-11-23T10:00:00Z', count)
  bench.ledger.audit(Date.parse('2026-11-24T09:00:00Z'), { kind: 'gate.started', actor: 'gate' })
  bench.ledger.audit(Date.parse('2026-11-24T10:00:00Z'), {
    kind: 'key.created',
    actor: 'token',
    details: { keyId: 'k1' },
  })
  ordinaryTraffic(bench.ledger, '2026-11-24T10:00:00Z', count)
  ordinaryTraffic(bench.ledger, '2026-11-25T01:00:00Z', 10)
  bench.ledger.seal()
  bench.clock.nowMs = Date.parse('2026-11-25T07:30:10Z')
  return bench
}

async function decideAll({ reviews, clock }: Bench, id: string, more: { actor?: string } = {}): Promise<RunView> {
  for (const item of (await reviews.show(id)).items.list) {
    clock.nowMs += 5_000
    const wish = { disposition: 'expected-change', note: 'looked at it' } as const
    await reviews.decide(id, item.id, { wish, actor: more.actor ?? 'admin:ana' })
  }
  return await reviews.show(id)
}

test('tick() opens and collects the review of the day before, pinned to the records of that day', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const run = await bench.reviews.show('daily-2026-11-24')
  assert.equal(run.state, 'ready')
  assert.deepEqual([run.results?.pins.access.from, run.results?.pins.access.to], [300, 600])
  assert.equal(run.results?.pins.access.checkpointSize, 610)
  assert.deepEqual(run.results?.trust.limitations, [])
  assert.equal(run.lateReason, '')
  assert.equal(run.dueAtMs, Date.parse('2026-11-25T07:30:00Z') + 24 * hourMs)
  assert.ok(bench.told.some(({ kind, details }) => kind === 'review.opened' && details['run'] === run.id))
})

test('tick() opens each period once, whatever happens between', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  await bench.reviews.tick()
  const again = await bench.restart()
  await again.tick()
  assert.deepEqual(
    (await again.list()).map(({ id }) => id),
    ['daily-2026-11-24'],
  )
  assert.equal(bench.told.filter(({ kind }) => kind === 'review.opened').length, 1)
})

test('tick() makes up for the newest that were missed, as late, and keeps the others as missed', async () => {
  await using bench = await morningAfter()
  bench.clock.nowMs = Date.parse('2026-12-05T09:00:00Z')
  await bench.reviews.tick()
  const runs = await bench.reviews.list()
  const late = runs.filter(({ state }) => state === 'ready')
  assert.equal(late.length, 7)
  assert.deepEqual([runs[0]?.id, runs.at(-1)?.id], ['daily-2026-12-04', 'daily-2026-11-24'])
  assert.match(late[0]?.lateReason ?? '', /1 h 30 min late: Gatehouse was not running/)
  const view = await bench.reviews.show(late[0]?.id ?? '')
  assert.match(view.results?.trust.limitations.join() ?? '', /The run came in time: Opened/)
  const missed = runs.filter(({ state }) => state === 'missed')
  assert.equal(missed.length, 4)
  assert.match(missed[0]?.waiting ?? '', /was not running/)
  assert.equal(bench.overdue.length, 4, 'of a missed one it is told at once')
})

test('tick() opens nothing of the time before the plan was there', async () => {
  await using bench = openBench({ at: '2026-11-24T07:31:00Z' })
  await bench.reviews.tick()
  assert.deepEqual(await bench.reviews.list(), [])
})

test('tick() waits for a gate that is away, and says for what', async () => {
  await using bench = await morningAfter()
  bench.ledger.broken = new GatehouseError('unreachable', 'No gate is connected')
  await bench.reviews.tick()
  assert.partialDeepStrictEqual(await bench.reviews.show('daily-2026-11-24'), {
    state: 'collecting',
    waiting: 'No gate is connected',
    results: null,
  })
  bench.ledger.broken = null
  bench.clock.nowMs += 2 * hourMs
  await bench.reviews.tick()
  const run = await bench.reviews.show('daily-2026-11-24')
  assert.equal(run.state, 'ready')
  assert.equal(run.lateReason, 'Collected 2 h 0 min late: No gate is connected')
})

test('tick() gives up on a run that could not be collected until it was due', async () => {
  await using bench = await morningAfter()
  bench.ledger.broken = new GatehouseError('unreachable', 'No gate is connected')
  await bench.reviews.tick()
  bench.clock.nowMs += 25 * hourMs
  await bench.reviews.tick()
  assert.equal((await bench.reviews.show('daily-2026-11-24')).state, 'missed')
})

test('tick() tells once of a review that is overdue, and not of one that is signed', async () => {
  await using bench = await morningAfter(40)
  await bench.reviews.tick()
  bench.clock.nowMs = Date.parse('2026-11-26T07:29:00Z')
  await bench.reviews.tick()
  assert.deepEqual(bench.overdue, [])
  bench.clock.nowMs = Date.parse('2026-11-26T07:30:01Z')
  await bench.reviews.tick()
  await bench.reviews.tick()
  assert.deepEqual(
    bench.overdue.map(({ id }) => id),
    ['daily-2026-11-24'],
  )
  assert.equal(bench.told.filter(({ kind }) => kind === 'review.overdue').length, 1)
  assert.equal((await bench.reviews.list()).find(({ id }) => id === 'daily-2026-11-24')?.overdue, true)
})

test('run() opens what is asked for, once', async () => {
  await using bench = await morningAfter(40)
  const { reviews } = bench
  const run = await reviews.run({ plan: 'daily', period: '2026-11-23' }, 'token')
  await reviews.tick()
  assert.partialDeepStrictEqual(await reviews.show(run.id), { state: 'ready', openedBy: 'token' })
  await assert.rejects(reviews.run({ plan: 'daily', period: '2026-11-23' }, 'token'), { code: 'conflict' })
  await assert.rejects(reviews.run({ plan: 'weekly' }, 'token'), { code: 'not_found', message: /there is daily/ })
  await assert.rejects(reviews.run({ plan: 'daily', period: 'tomorrow' }, 'token'), { code: 'invalid_argument' })
})

test('run() of what is going on now reads up to the newest signed record', async () => {
  await using bench = await morningAfter(40)
  bench.ledger.access(Date.parse('2026-11-25T07:40:00Z'), {})
  bench.ledger.seal()
  const { id } = await bench.reviews.run({ plan: 'daily', period: '24h' }, 'socket')
  await bench.reviews.tick()
  assert.equal((await bench.reviews.show(id)).results?.pins.access.to, 90, 'all but the record of the future')
})

test('show() lists every check, with those that found nothing, and an item for each that did', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const { results, items } = await bench.reviews.show('daily-2026-11-24')
  const hits = Object.fromEntries((results?.checks ?? []).map((check) => [check.id, check.hits]))
  assert.equal(hits['limit_refusals'], 26)
  assert.equal(hits['upstream_failures'], 14)
  assert.equal(hits['failed_authentication'], 0)
  assert.equal(hits['admin_changes'], 1)
  assert.ok(items.list.some(({ id }) => id === 'check-limit_refusals'))
  assert.ok(!items.list.some(({ id }) => id === 'check-failed_authentication'))
  assert.equal(results?.differences.against, '2026-11-23')
  assert.equal(results?.sample.records.length, 25)
  assert.ok(results?.sample.records.every(({ seq }) => seq >= 300 && seq < 600))
  assert.ok(
    results?.sample.records.every(({ seq }) => results.proofs[String(seq)]?.startsWith('c2sp.org/tlog-proof@v1')),
  )
})

test('decide() needs a note for everything but a benign item of low severity', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  const { items } = await bench.reviews.show(id)
  const low = items.list.find(({ severity }) => severity === 'low')?.id ?? ''
  const high = items.list.find(({ severity }) => severity === 'high')?.id ?? ''
  const decide = async (item: string, wish: Parameters<typeof bench.reviews.decide>[2]['wish']): Promise<RunView> =>
    await bench.reviews.decide(id, item, { wish, actor: 'admin:ana' })
  const after = await decide(low, { disposition: 'benign-explained' })
  assert.equal(after.state, 'in_review')
  await assert.rejects(decide(high, { disposition: 'benign-explained' }), {
    code: 'invalid_argument',
    message: /a note/,
  })
  await assert.rejects(decide(low, { disposition: 'suspicious' }), { code: 'invalid_argument' })
  await assert.rejects(decide(low, { disposition: 'accept-risk', note: 'for now' }), {
    code: 'invalid_argument',
    message: /until when/,
  })
  await assert.rejects(decide('nothing', { disposition: 'suspicious', note: 'x' }), { code: 'not_found' })
  await decide(low, { disposition: 'accept-risk', note: 'for now', untilMs: bench.clock.nowMs + hourMs })
  const told = bench.told.filter(({ kind }) => kind === 'review.decided')
  assert.deepEqual(
    told.map(({ actor, details }) => [actor, details['disposition'], details['items']]),
    [
      ['admin:ana', 'benign-explained', [low]],
      ['admin:ana', 'accept-risk', [low]],
    ],
  )
})

test('decide() alike decides only what looks exactly alike, and never writes', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  const { items } = await bench.reviews.show(id)
  const ordinary = items.list.filter(({ title }) => title === 'Sampled record, ordinary')
  const wish = { disposition: 'benign-explained', alike: true } as const
  await bench.reviews.decide(id, ordinary[0]?.id ?? '', { wish, actor: 'token' })
  const after = await bench.reviews.show(id)
  const decided = after.items.list.filter(({ decision }) => decision !== null)
  assert.ok(decided.length > 1)
  assert.equal(new Set(decided.map(({ fingerprint }) => fingerprint)).size, 1)
  const write = items.list.find(({ title }) => title === 'Sampled record, privileged')
  await bench.reviews.decide(id, write?.id ?? '', { wish: { ...wish, note: 'seen' }, actor: 'token' })
  const open = (await bench.reviews.show(id)).items.open
  assert.equal(open, after.items.open - 1)
})

test('sign() refuses while items are open, and names them', async () => {
  await using bench = await morningAfter(40)
  await bench.reviews.tick()
  await assert.rejects(bench.reviews.sign('daily-2026-11-24', { name: 'Ana' }, 'admin:ana'), {
    code: 'conflict',
    message: /items are open: check-/,
  })
  assert.equal((await bench.reviews.show('daily-2026-11-24')).signOff, null)
})

test('sign() states ranges, counts and digest, and what is signed does not change', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  await decideAll(bench, id)
  const run = await bench.reviews.sign(id, { name: 'Ana Lee' }, 'admin:ana')
  const { signOff, results } = run
  assert.equal(run.state, 'signed')
  assert.match(signOff?.statement ?? '', /records 300 to before 600 of the access log.*Without limitation\.$/)
  const told = bench.told.find(({ kind }) => kind === 'review.signed')
  assert.partialDeepStrictEqual(told, {
    actor: 'admin:ana',
    details: { run: id, name: 'Ana Lee', manifest: signOff?.manifestDigest, accessRoot: results?.pins.access.root },
  })
  const act = { wish: { disposition: 'suspicious', note: 'no' }, actor: 'admin:ana' } as const
  await assert.rejects(bench.reviews.decide(id, run.items.list[0]?.id ?? '', act), { code: 'conflict' })
  await assert.rejects(bench.reviews.sign(id, { name: 'Ana Lee' }, 'admin:ana'), { code: 'conflict' })
})

test('sign() is open to the signers of the plan alone', async () => {
  await using bench = openBench({ plans: [{ ...dailyPlan, signers: ['ana'] }] })
  bench.ledger.seal()
  const { id } = await bench.reviews.run({ plan: 'daily' }, 'socket')
  await bench.reviews.tick()
  await assert.rejects(bench.reviews.sign(id, { name: 'Ana' }, 'admin:bob'), { code: 'not_allowed' })
  await assert.rejects(bench.reviews.sign(id, { name: 'bob' }, 'socket'), { code: 'not_allowed' })
  await assert.rejects(bench.reviews.sign(id, { name: '  ' }, 'admin:ana'), { code: 'invalid_argument' })
  assert.equal((await bench.reviews.sign(id, { name: 'Ana Lee' }, 'admin:ana')).state, 'signed')
})

test('sign() states as a limitation what was not clean: hasty decisions, own acts, a silent gate', async () => {
  await using bench = await morningAfter()
  bench.status = null
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  for (const item of (await bench.reviews.show(id)).items.list) {
    bench.clock.nowMs += 100
    await bench.reviews.decide(id, item.id, { wish: { disposition: 'benign-explained', note: 'ok' }, actor: 'token' })
  }
  const { signOff } = await bench.reviews.sign(id, { name: 'Ana' }, 'token')
  const said = signOff?.limitations.join('\n') ?? ''
  assert.match(said, /The gate does not say how its ledger is/)
  assert.match(said, /1 items are about acts of whoever decided them \(token\)/)
  assert.match(said, /items were decided within 2 s of the one before/)
  assert.match(signOff?.statement ?? '', /With limitations:/)
})

test('report() gives the same canonical bytes each time, and the manifest that was signed', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  await decideAll(bench, id)
  await bench.reviews.sign(id, { name: 'Ana' }, 'admin:ana')
  const first = await bench.reviews.report(id)
  const reopened = await bench.restart()
  const again = await reopened.report(id)
  assert.equal(again.json, first.json)
  assert.equal(again.jsonDigest, first.jsonDigest)
  const read = JSON.parse(first.json) as {
    manifest: { resultsDigest: string }
    manifestDigest: string
    results: unknown
  }
  assert.equal(digestOf(read.manifest), read.manifestDigest)
  assert.equal(digestOf(read.results), read.manifest.resultsDigest)
  assert.equal(read.manifestDigest, (await reopened.show(id)).signOff?.manifestDigest)
  assert.doesNotMatch(first.html, /<script|src=|href=|javascript:/i)
})

test('report() of a review that is not signed says so', async () => {
  await using bench = await morningAfter(40)
  await bench.reviews.tick()
  const { json, html } = await bench.reviews.report('daily-2026-11-24')
  assert.match(json, /"manifestDigest":""/)
  assert.match(html, /Not signed/)
})

test('report() escapes what callers sent', async () => {
  await using bench = openBench({ at: '2026-11-24T07:00:00Z' })
  const evil = '<img src=x onerror=alert(1)>\u202e\ud800'
  bench.ledger.access(Date.parse('2026-11-23T08:00:00Z'), {
    path: `/${evil}`,
    userAgent: evil,
    consumer: evil,
    identifiedBy: 'api-key',
    outcome: 'served',
    status: 200,
    method: 'GET',
    clientIp: evil,
  })
  bench.ledger.seal()
  const { id } = await bench.reviews.run({ plan: 'daily' }, 'socket')
  await bench.reviews.tick()
  const { html, json } = await bench.reviews.report(id)
  assert.doesNotMatch(html, /<img|\u202e/)
  assert.match(html, /&#60;img src=x/)
  assert.ok(JSON.parse(json), 'half characters do not break it')
})

test('replay() finds the same again, and says what differs when the log was changed', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  const id = 'daily-2026-11-24'
  const replay = async (): Promise<unknown> => {
    await bench.reviews.replay(id, { again: true })
    for (;;) {
      const found = await bench.reviews.replay(id)
      if (found.state !== 'running') return found
      await new Promise(setImmediate)
    }
  }
  assert.partialDeepStrictEqual(await replay(), { state: 'done', matches: true, differences: [] })
  ordinaryTraffic(bench.ledger, '2026-11-25T08:00:00Z', 300)
  bench.ledger.seal()
  assert.partialDeepStrictEqual(await replay(), { matches: true }, 'a log that has grown')
  const [record] = await bench.ledger.records('access', 400, 1)
  const text = new TextDecoder().decode(record?.bytes).replace('"acme"', '"evil"')
  bench.ledger.tamper('access', 400, new TextEncoder().encode(text))
  bench.ledger.seal()
  const found = (await replay()) as { matches: boolean; differences: string[] }
  assert.equal(found.matches, false)
  assert.match(found.differences.join('\n'), /The access log no longer begins with the 600 records/)
})

test('collecting limits its trust where the last review saw another log', async () => {
  await using bench = await morningAfter()
  await bench.reviews.tick()
  bench.ledger.tamper('access', 10, new TextEncoder().encode('{"kind":"request"}'))
  bench.ledger.seal()
  bench.clock.nowMs += 24 * hourMs
  await bench.reviews.tick()
  const { results } = await bench.reviews.show('daily-2026-11-25')
  assert.match(
    results?.trust.limitations.join('\n') ?? '',
    /no longer begin with the 610 and 2 records that daily-2026-11-24 saw/,
  )
})

test('manifestOf() is the same whatever the order in which it was decided', async () => {
  await using bench = await morningAfter(40)
  await bench.reviews.tick()
  const run = await bench.reviews.show('daily-2026-11-24')
  const decisions = run.items.list.map(
    ({ id }) => [id, { disposition: 'suspicious', note: 'x', untilMs: null, by: 'a', atMs: 1 }] as const,
  )
  const of = (order: typeof decisions): string =>
    digestOf(
      manifestOf({ ...run, plan: dailyPlan, decisions: Object.fromEntries(order) }, run.results ?? assert.fail()),
    )
  assert.equal(of(decisions), of(decisions.toReversed()))
})
