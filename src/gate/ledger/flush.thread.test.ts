import assert from 'node:assert/strict'
import test from 'node:test'
import { type LedgerSettings, systemClock } from '../../core/mod.ts'
import { type Ledger, openLedger, openRecordLog, type RecordLog, type Reservation } from './mod.ts'
import { factsOf, idOf, eventOf, settings, sleep, temporaryDir, until } from './test/support.ts'

/** Long enough that nothing in a test is written because of it. */
const flushMsLong = 3_600_000

async function open(
  dir: string,
  changed: Partial<LedgerSettings>,
): Promise<{ readonly ledger: Ledger; readonly log: RecordLog } & AsyncDisposable> {
  const ledger = await openLedger({
    dir,
    threads: 1,
    settings: { ...settings, ...changed },
    clock: systemClock,
    onFailed: (why) => assert.fail(`the ledger failed: ${why}`),
  })
  const { slot, port } = ledger.slot(0)
  const log = openRecordLog({ slot, port, clock: systemClock })
  return {
    ledger,
    log,
    [Symbol.asyncDispose]: async () => {
      port.close()
      await ledger.close()
    },
  }
}

function write(log: RecordLog, count: number): Reservation {
  const reservation = log.reserve(factsOf(idOf(1, count)), 3000)
  if (reservation === null) throw new Error(`no room for record ${count}`)
  reservation.finish(eventOf('request', idOf(1, count)))
  return reservation
}

test('records that nobody waits for are written together, as soon as somebody waits', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using opened = await open(folder.dir, { flushMs: flushMsLong })
  const { ledger, log } = opened
  const reservations: Reservation[] = []
  for (let count = 0; count < 5; count++) {
    reservations.push(write(log, count))
    await sleep(10)
  }
  assert.equal(ledger.status().commits, 0)
  assert.equal(await reservations[2]?.durable(), 'durable')
  assert.deepEqual([ledger.status().commits, ledger.status().size], [1, 5])
  assert.equal(await reservations[4]?.durable(), 'durable')
  assert.equal(ledger.status().commits, 1)
  for (const reservation of reservations) reservation.close()
})

test('records that nobody waits for are written when their time is over', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using opened = await open(folder.dir, { flushMs: 20 })
  write(opened.log, 1).close()
  await until(() => opened.ledger.status().size === 1, 'the first record')
  write(opened.log, 2).close()
  await until(() => opened.ledger.status().size === 2, 'the second record')
})

test('records that nobody waits for are written when there are many', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using opened = await open(folder.dir, { flushMs: flushMsLong, ringBytes: 1 << 20 })
  // More than 256 KiB, which is less than the ring.
  for (let count = 0; count < 600; count++) write(opened.log, count).close()
  await until(() => opened.ledger.status().size > 0, 'a write')
})

test('who waits for room waits no longer than for one write', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using opened = await open(folder.dir, { flushMs: flushMsLong, ringBytes: 65_536 })
  const { log } = opened
  // Less than what is written without a wait, and with it the ring has no room for what follows.
  for (let count = 0; count < 20; count++) write(log, count).close()
  const waiting = Array.from({ length: 4 }, (_, count) => log.reserveSoon(factsOf(idOf(2, count)), 15_000))
  for (const reservation of await Promise.all(waiting)) assert.notEqual(reservation, null)
})

test('close() writes what nobody waited for', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  const { ledger, log } = await open(folder.dir, { flushMs: flushMsLong })
  write(log, 1).close()
  await ledger.close()
  await using again = await open(folder.dir, {})
  assert.equal(again.ledger.status().size, 1)
})
