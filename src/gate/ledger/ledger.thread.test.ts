import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { systemClock } from '../../core/mod.ts'
import { type Ledger, type LedgerOptions, openLedger, openLedgerReader, openRecordLog } from './mod.ts'
import {
  auditOf,
  eventOf,
  eventsOf,
  factsOf,
  idOf,
  readAll,
  settings,
  sleep,
  temporaryDir,
  until,
} from './test/support.ts'
import { startWriter, type Writer } from './test/writers.ts'

function open(dir: string, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({
    dir,
    threads: 2,
    settings,
    clock: systemClock,
    onFailed: (why) => assert.fail(`the ledger failed: ${why}`),
    ...more,
  })
}

/** Every request that a writer saw acknowledged has exactly one terminal record. */
function judge(dir: string, writers: readonly Writer[]): void {
  using reader = openLedgerReader(dir)
  const terminal = new Map<string, number>()
  for (const event of eventsOf(reader))
    if (event.kind === 'request') terminal.set(event.id, (terminal.get(event.id) ?? 0) + 1)
  for (const { name, sent } of writers) {
    for (const [count, byte] of sent.entries())
      if (byte === 1) assert.equal(terminal.get(idOf(name, count)), 1, `records of ${idOf(name, count)}`)
  }
  for (const [id, count] of terminal) assert.equal(count, 1, `${count} terminal records for ${id}`)
}

test(
  'append() resolves when the record can be read, in either log, and close() leaves it on disk',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    {
      await using ledger = await open(folder.dir)
      await ledger.audit(auditOf('key.created', 'k'))
      await ledger.append(eventOf('amended', idOf(1, 1)))
      assert.equal(readAll(ledger.reader(), 'audit').length, 1)
      assert.equal(eventsOf(ledger.reader())[0]?.id, idOf(1, 1))
      await ledger.audit(auditOf('key.created', 'x'.repeat(40_000)))
      assert.equal(readAll(ledger.reader(), 'audit').length, 2)
      assert.equal(ledger.status().state, 'ok')
      assert.equal(ledger.status().size, 1)
    }
    assert.equal(readAll(openLedgerReader(folder.dir), 'audit').length, 2)
  },
)

test('append() rejects when the ledger is closed', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  const ledger = await open(folder.dir)
  await ledger.close()
  await ledger.close()
  await assert.rejects(ledger.audit(auditOf('gate.stopped', '')), { code: 'ledger_closed' })
})

test(
  'openLedger() refuses a folder that has a writer, names it, and takes it when that one is gone',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    const first = await open(folder.dir)
    await assert.rejects(
      open(folder.dir),
      (error: Error & { code?: string }) =>
        error.code === 'ledger_locked' &&
        error.message.includes(folder.dir) &&
        error.message.includes(String(process.pid)),
    )
    await first.close()
    await (await open(folder.dir)).close()
  },
)

test('a restart goes on where the last one ended', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  for (let round = 0; round < 4; round++) {
    await using ledger = await open(folder.dir)
    assert.equal(ledger.status().size, round)
    await ledger.append(eventOf('amended', idOf(1, round)))
    assert.equal(readAll(ledger.reader()).length, round + 1)
  }
  const times = readAll(openLedgerReader(folder.dir)).map((record) => record.recordedAtUs)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
})

test(
  'openLedger() ends the answers that a crash cut off, once, with what their opened record knows',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    {
      await using ledger = await open(folder.dir)
      await ledger.append(eventOf('opened', idOf(1, 1), { opening: 'ab'.repeat(8), path: '/film', status: 206 }))
    }
    for (let round = 0; round < 2; round++) {
      await using ledger = await open(folder.dir)
      const ends = eventsOf(ledger.reader()).filter((event) => event.kind === 'request')
      assert.deepEqual(
        ends.map(({ id, path, status, outcome, reason }) => ({ id, path, status, outcome, reason })),
        [{ id: idOf(1, 1), path: '/film', status: 206, outcome: 'aborted', reason: 'process_died' }],
      )
    }
  },
)

test(
  'records pushed before the ledger has looked or has a port are committed and acknowledged',
  { timeout: 120_000 },
  async () => {
    for (let round = 0; round < 8; round++) {
      using folder = temporaryDir()
      await using ledger = await open(folder.dir)
      const { slot, port } = ledger.slot(0)
      const log = openRecordLog({ slot, port, clock: systemClock })
      const reservation = log.reserve(factsOf(idOf(0, round)), 3000)
      reservation?.finish(eventOf('request', idOf(0, round)))
      assert.equal(await reservation?.durable(), 'durable')
      reservation?.close()
      port.close()
    }
  },
)

test(
  'no wake-up is lost: with random pauses and waits that nothing else ends, every record is acknowledged soon',
  { timeout: 90_000 },
  async (t) => {
    using folder = temporaryDir()
    await using ledger = await open(folder.dir, { settings: { ...settings, waitMs: 1_000_000 } })
    const writers = [0, 1].map((thread) => startWriter(ledger, thread, { name: thread, concurrency: 3, pauseMsMax: 4 }))
    await sleep(5_000)
    await Promise.all(writers.map((writer) => writer.stop()))
    const waitMsMax = Math.max(...writers.map((writer) => writer.waitUsMax())) / 1000
    t.diagnostic(
      `${writers.reduce((sum, writer) => sum + writer.acknowledged(), 0)} records, longest wait ${waitMsMax} ms`,
    )
    assert.ok(waitMsMax < 900, `a record waited ${waitMsMax} ms`) // a lost one waits for the ledger's next look, a second away
    await ledger.close()
    judge(folder.dir, writers)
  },
)

for (const power of [31, 32]) {
  test(`threads write across the wrap of positions past 2^${power}`, { timeout: 60_000 }, async () => {
    using folder = temporaryDir()
    await using ledger = await open(folder.dir, { firstPosition: 2 ** power - 100_000 })
    const writers = [0, 1].map((thread) => startWriter(ledger, thread, { name: thread, concurrency: 64 }))
    await until(() => writers.every((writer) => writer.acknowledged() > 1000), 'a thousand records of each')
    await Promise.all(writers.map((writer) => writer.stop()))
    await ledger.close()
    judge(folder.dir, writers)
  })
}

test(
  'reader() sees only what is durable, and follows over the rotation of files; onCommit() tells when to look',
  { timeout: 120_000 },
  async () => {
    using folder = temporaryDir()
    await using ledger = await open(folder.dir)
    using reader = ledger.reader()
    let bells = 0
    let next = 0
    const look = (): void => {
      const size = ledger.status().size
      const batch = reader.read(next, { bytesMax: 1 << 20, recordsMax: 1000 })
      for (const record of batch) assert.equal(record.seq, next++)
      assert.ok(next <= ledger.status().size)
      if (batch.length === 0) assert.ok(next >= size)
    }
    using bell = ledger.onCommit(() => {
      bells++
      look()
    })
    const writers = [0, 1].map((thread) => startWriter(ledger, thread, { name: thread, concurrency: 400 }))
    await until(() => ledger.status().size > 70_000, 'a second file', 80_000)
    await Promise.all(writers.map((writer) => writer.stop()))
    while (next < ledger.status().size) look()
    bell[Symbol.dispose]()
    assert.ok(bells > 0)
    assert.ok(readdirSync(join(folder.dir, 'access', 'wal')).length >= 2)
    await ledger.close()
    judge(folder.dir, writers)
  },
)

test(
  'threadDied() leaves one terminal record for each request, wherever the thread was killed',
  { timeout: 120_000 },
  async (t) => {
    using folder = temporaryDir()
    await using ledger = await open(folder.dir, {
      routeOf: (_thread, index) => (index === 0 ? { api: 'things', route: 'GET /v1/things' } : null),
    })
    const writers: Writer[] = [startWriter(ledger, 1, { name: 9999, concurrency: 16 })]
    const end = performance.now() + 8_000
    let kills = 0
    let aborted = 0
    for (let name = 0; name < 40 && performance.now() < end; name++) {
      const writer = startWriter(ledger, 0, { name, concurrency: 64, openedEvery: 5 })
      writers.push(writer)
      await until(() => writer.acknowledged() > 20, 'the first records')
      await sleep(Math.random() * 40)
      await writer.kill()
      aborted += await ledger.threadDied(0)
      kills++
      assert.equal(ledger.status().threads[0]?.inflight, 0)
    }
    await writers[0]?.stop()
    await ledger.close()
    t.diagnostic(`${kills} kills, ${aborted} aborted records`)
    assert.ok(aborted > 0)
    judge(folder.dir, writers)
    const events = eventsOf(openLedgerReader(folder.dir))
    const begun = new Set(events.filter((event) => event.kind === 'opened').map((event) => event.id))
    let cutOff = 0
    for (const event of events) {
      if (event.kind === 'request') begun.delete(event.id)
      if (event.reason !== 'thread_died') continue
      assert.ok(event.unknown.length > 0)
      if (event.kind === 'request' && event.status === 200) cutOff++
      else assert.equal(event.route, 'GET /v1/things')
    }
    assert.equal(begun.size, 0, 'every begun answer has its end')
    assert.ok(cutOff > 0)
  },
)

test('threadDied() finds records that the dead thread pushed without waking anybody', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using ledger = await open(folder.dir)
  const { slot, port } = ledger.slot(0)
  const log = openRecordLog({ slot, port, clock: systemClock })
  const recorded = log.reserve(factsOf(idOf(0, 1)), 3000)
  log.reserve(factsOf(idOf(0, 2)), 3000) // under way when the thread ends
  recorded?.finish(eventOf('request', idOf(0, 1)))
  port.close()
  assert.equal(await ledger.threadDied(0), 1)
  const events = eventsOf(ledger.reader()).map(({ kind, id, outcome, note }) => ({
    kind,
    id,
    outcome,
    withheld: note.startsWith('response withheld'),
  }))
  assert.deepEqual(events, [
    { kind: 'request', id: idOf(0, 1), outcome: 'served', withheld: false },
    { kind: 'amended', id: idOf(0, 1), outcome: 'failed', withheld: true },
    { kind: 'request', id: idOf(0, 2), outcome: 'aborted', withheld: false },
  ])
})
