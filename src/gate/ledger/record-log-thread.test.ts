import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeAuditEvent } from '../../core/mod.ts'
import { ledgerStates, ringWordAt, words } from './control-block.ts'
import { busyRows } from './inflight-table.ts'
import { openLedgerReader } from './mod.ts'
import type { Reservation } from './record-log.ts'
import { frameBytesOf } from './ring.ts'
import { rowBytesMax, rowIdText } from './seal/key-rows.ts'
import { recordBytesOf } from './seal/layout.ts'
import { readRingWord } from './spine-memory.ts'
import { type HandLedger, openByHand } from './test/hand-ledger.ts'
import { auditOf, eventOf, eventsOf, factsOf, idOf, sleep } from './test/support.ts'

/** What a promise has come to by now; `pending` when to nothing. */
async function stateOf<T>(promise: Promise<T>): Promise<T | 'pending'> {
  await sleep(0)
  return await Promise.race([promise, Promise.resolve('pending' as const)])
}

function mustReserve(ledger: HandLedger, id: string, bytesMax = 3000): Reservation {
  const reservation = ledger.log.reserve(factsOf(id), bytesMax)
  assert.notEqual(reservation, null)
  return reservation as Reservation // asserted on the line before
}

test('durable() resolves when the record is on disk, and not before', async () => {
  using ledger = openByHand()
  const reservation = mustReserve(ledger, idOf(1, 1))
  reservation.finish(eventOf('request', idOf(1, 1)))
  const durable = reservation.durable()
  assert.equal(await stateOf(durable), 'pending')
  await ledger.commit()
  assert.equal(await durable, 'durable')
  assert.equal(await reservation.durable(), 'durable')
  reservation.close()
  assert.deepEqual(
    eventsOf(openLedgerReader(ledger.dir)).map((event) => event.id),
    [idOf(1, 1)],
  )
})

test('durable() resolves stalled when the wait is over, and the record is written all the same', async () => {
  using ledger = openByHand({ settings: { waitMs: 100 } })
  const reservation = mustReserve(ledger, idOf(1, 1))
  reservation.finish(eventOf('request', idOf(1, 1)))
  const durable = reservation.durable()
  ledger.clock.nowMs = 101
  assert.equal(await durable, 'stalled')
  reservation.close()
  await ledger.commit()
  assert.equal(openLedgerReader(ledger.dir).size, 1)
})

test('durable() and reserve() fail at once when the ledger has failed', async () => {
  using ledger = openByHand()
  const reservation = mustReserve(ledger, idOf(1, 1))
  reservation.finish(eventOf('request', idOf(1, 1)))
  const durable = reservation.durable()
  Atomics.store(ledger.spine.control.ints, words.state, ledgerStates.failed)
  ledger.loop.wakeAll()
  assert.equal(await durable, 'failed')
  assert.equal(await reservation.durable(), 'failed')
  assert.equal(ledger.log.failed, true)
  assert.equal(ledger.log.reserve(factsOf(idOf(1, 2)), 100), null)
  assert.equal(await ledger.log.reserveSoon(factsOf(idOf(1, 2)), 100), null)
})

test('reserve() refuses when the ring is full, and every record that has a reservation still fits', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536 } })
  const reservations: Reservation[] = []
  for (;;) {
    const reservation = ledger.log.reserve(factsOf(idOf(1, reservations.length)), 3000)
    if (reservation === null) break
    reservations.push(reservation)
  }
  assert.equal(
    reservations.length,
    Math.floor(65_536 / (frameBytesOf(recordBytesOf(3000)) + frameBytesOf(rowBytesMax))),
  )
  for (const [count, reservation] of reservations.entries())
    reservation.finish(eventOf('request', idOf(1, count), { note: 'x'.repeat(5000) }))
  await ledger.commit()
  assert.deepEqual(
    await Promise.all(reservations.map((reservation) => reservation.durable())),
    reservations.map(() => 'durable'),
  )
  assert.equal(eventsOf(openLedgerReader(ledger.dir)).length, reservations.length)
})

test('reserveSoon() waits in turn for room, and gives up when the wait is over', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536, waitMs: 100 } })
  const first = mustReserve(ledger, idOf(1, 1), 32_000)
  const second = mustReserve(ledger, idOf(1, 2), 32_000)
  const waiting = ledger.log.reserveSoon(factsOf(idOf(1, 3)), 32_000)
  const behind = ledger.log.reserveSoon(factsOf(idOf(1, 4)), 32_000)
  assert.equal(ledger.log.reserve(factsOf(idOf(1, 5)), 100), null, 'those who wait come first')
  first.close()
  const granted = await waiting
  assert.notEqual(granted, null)
  assert.equal(await stateOf(behind), 'pending')
  ledger.clock.nowMs = 101
  assert.equal(await behind, null)
  second.close()
  granted?.close()
})

test('reserveSoon() is served by a commit that frees room', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536 } })
  const records = Array.from({ length: 40 }, (_, count) =>
    eventOf('request', idOf(1, count), { path: `/${'p'.repeat(900)}` }),
  )
  for (const record of records) ledger.log.append(record)
  const waiting = ledger.log.reserveSoon(factsOf(idOf(1, 99)), 32_000)
  assert.equal(await stateOf(waiting), 'pending')
  await ledger.commit()
  assert.notEqual(await waiting, null)
})

test('reserve() refuses when the in-flight table is full', () => {
  using ledger = openByHand({ inflightMax: 2 })
  const one = mustReserve(ledger, idOf(1, 1))
  mustReserve(ledger, idOf(1, 2))
  assert.equal(ledger.log.reserve(factsOf(idOf(1, 3)), 100), null)
  one.close()
  mustReserve(ledger, idOf(1, 3))
})

test('close() without a finish gives everything back and leaves no record', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536 } })
  for (let count = 0; count < 1000; count++) {
    const reservation = mustReserve(ledger, idOf(1, count), 20_000)
    reservation.close()
    reservation.close()
  }
  assert.equal(ledger.loop.pending, false)
  assert.equal(busyRows(ledger.spine.rings[0]?.inflight ?? new SharedArrayBuffer(0), 0).length, 0)
})

test('opened() resolves true when its record is durable, and false when it is not in time', async () => {
  using ledger = openByHand({ settings: { waitMs: 100 } })
  const one = mustReserve(ledger, idOf(1, 1))
  const opened = one.opened(eventOf('opened', idOf(1, 1)))
  assert.equal(await stateOf(opened), 'pending')
  await ledger.commit()
  assert.equal(await opened, true)
  const two = mustReserve(ledger, idOf(1, 2))
  const late = two.opened(eventOf('opened', idOf(1, 2)))
  assert.equal(await stateOf(late), 'pending')
  ledger.clock.nowMs = 101
  assert.equal(await late, false)
})

test('finish() cuts a record that is longer than its reservation, to an event that can be read', async () => {
  using ledger = openByHand()
  const reservation = mustReserve(ledger, idOf(1, 1), 2500)
  reservation.finish(eventOf('request', idOf(1, 1), { query: 'q'.repeat(2048), note: 'n'.repeat(2048) }))
  await ledger.commit()
  const [event] = eventsOf(openLedgerReader(ledger.dir))
  assert.equal(event?.id, idOf(1, 1))
  assert.match(event?.query ?? '', /^q+…\(2048\)$/)
})

test('append() owes what finds no room, counts it, and writes it in order when there is room', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536 } })
  for (let count = 0; count < 300; count++) ledger.log.append(eventOf('amended', idOf(1, count)))
  const [ring] = ledger.spine.rings
  assert.ok(ring !== undefined && readRingWord(ledger.spine, ring, 'late') > 0)
  for (let turn = 0; turn < 20; turn++) await ledger.commit()
  const ids = eventsOf(openLedgerReader(ledger.dir)).map((event) => event.id)
  assert.deepEqual(
    ids,
    Array.from({ length: 300 }, (_, count) => idOf(1, count)),
  )
  assert.equal(readRingWord(ledger.spine, ring, 'owed'), 0)
})

test('append() beyond what may be owed is told of in a gap record, where the lost ones would stand', async () => {
  using ledger = openByHand({ settings: { ringBytes: 65_536 } })
  const count = 12_000
  for (let i = 0; i < count; i++) ledger.log.append(eventOf('amended', idOf(1, i)))
  for (let turn = 0; turn < 400 && ledger.loop.pending; turn++) await ledger.commit()
  const events = eventsOf(openLedgerReader(ledger.dir))
  const lost = Number(/^gap: (\d+) /.exec(events.at(-1)?.note ?? '')?.[1])
  assert.equal(events.length - 1 + lost, count)
  assert.deepEqual(
    events.slice(0, -1).map((event) => event.id),
    Array.from({ length: count - lost }, (_, i) => idOf(1, i)),
  )
})

for (const power of [31, 32]) {
  test(`records keep their order and content when positions wrap past 2^${power}`, async () => {
    using ledger = openByHand({ settings: { ringBytes: 65_536 }, firstPosition: 2 ** power - 50_000 })
    const count = 400
    for (let i = 0; i < count; i++) {
      const reservation =
        ledger.log.reserve(factsOf(idOf(1, i)), 3000) ??
        (await Promise.all([ledger.log.reserveSoon(factsOf(idOf(1, i)), 3000), ledger.commit()]))[0]
      reservation?.finish(eventOf('request', idOf(1, i), { note: `${i}` }))
      reservation?.close()
      if (i % 40 === 0) await ledger.commit()
    }
    await ledger.commit()
    const head = readRingWord(ledger.spine, ledger.spine.rings[0] ?? ledger.spine.main, 'head')
    assert.ok(power === 31 ? head < 0 : head >= 0 && head < 2 ** 30, `the head is at ${head}`)
    assert.deepEqual(
      eventsOf(openLedgerReader(ledger.dir)).map((event) => event.note),
      Array.from({ length: count }, (_, i) => `${i}`),
    )
  })
}

test('records of both logs go through one ring into files of their own', async () => {
  using ledger = openByHand()
  const ends = [
    ledger.log.auditSoon(auditOf('key.created', 'one')),
    ledger.log.writeSoon(eventOf('request', idOf(1, 1))),
    ledger.log.auditSoon(auditOf('key.revoked', 'two')),
  ]
  await ledger.commit()
  assert.ok((await Promise.all(ends)).every((end) => end !== null))
  using reader = openLedgerReader(ledger.dir)
  const audits = reader.read(0, { bytesMax: 10_000, recordsMax: 10, log: 'audit' })
  assert.deepEqual(
    audits.map(({ bytes }) => decodeAuditEvent(bytes)).map(({ kind, details }) => [kind, details]),
    [
      ['key.created', { detail: 'one' }],
      ['key.revoked', { detail: 'two' }],
    ],
  )
  assert.equal(eventsOf(reader)[0]?.id, idOf(1, 1))
  assert.equal(reader.sizeOf('audit'), 2)
})

test('opened() and finish() give both records of one answer the same mark, and no other record has one', async () => {
  using ledger = openByHand()
  for (const count of [1, 2]) {
    const reservation = mustReserve(ledger, idOf(1, count))
    const opened = reservation.opened(eventOf('opened', idOf(1, count)))
    await ledger.commit()
    assert.equal(await opened, true)
    reservation.finish(eventOf('request', idOf(1, count)))
    reservation.close()
  }
  ledger.log.append(eventOf('amended', idOf(1, 2)))
  await ledger.commit()
  const marks = eventsOf(openLedgerReader(ledger.dir)).map(({ opening }) => opening)
  assert.match(marks[0] ?? '', /^[0-9a-f]{16}$/)
  assert.deepEqual(marks, [marks[0], marks[0], marks[2], marks[2], null])
  assert.notEqual(marks[0], marks[2])
})

test('a record is only written after the row of its key', async () => {
  using ledger = openByHand({ keyRowsPath: '/dev/full' })
  ledger.log.append(eventOf('request', idOf(1, 1)))
  await assert.rejects(ledger.commit(), { code: 'ENOSPC' })
  assert.equal(openLedgerReader(ledger.dir).size, 0)
})

test('forgetKeys() makes the next record of the subject use a new key', async () => {
  using ledger = openByHand()
  const rows = (): number => Atomics.load(ledger.spine.control.ints, ringWordAt(0, 'keys'))
  for (let i = 0; i < 3; i++) ledger.log.append(eventOf('request', idOf(1, i), { consumerId: 'acme' }))
  ledger.log.append(eventOf('request', idOf(1, 3)))
  assert.equal(rows(), 2)
  const acme = rowIdText({ maker: 256, count: 0 })
  assert.equal(ledger.log.forgetKeys(new Set([acme, rowIdText({ maker: 257, count: 0 })])), 1)
  ledger.log.append(eventOf('request', idOf(1, 4), { consumerId: 'acme' }))
  ledger.log.append(eventOf('request', idOf(1, 5)))
  assert.equal(rows(), 3)
  await ledger.commit()
  assert.deepEqual(
    eventsOf(openLedgerReader(ledger.dir)).map(({ id }) => id),
    Array.from({ length: 6 }, (_, i) => idOf(1, i)),
  )
})
