/** The thread of `ledger-script.ts` that writes as a gateway thread does, a round at a time. */
import { type MessagePort, parentPort, threadName, workerData } from 'node:worker_threads'
import { type AccessEvent, emptyEvent, type LedgerSettings, systemClock } from '../../src/core/mod.ts'
import { type LedgerSlot, openRecordLog, type RecordLog, type Reservation } from '../../src/gate/ledger/mod.ts'
import { mark } from './disk-trace.ts'

export interface ScriptThread {
  readonly slot: LedgerSlot
  readonly port: MessagePort
  readonly name: number
}

/** Main to the thread: write these; begin an answer and do not end it; end. */
export type AskRound =
  | { readonly type: 'round'; readonly from: number; readonly count: number }
  | { readonly type: 'begin' | 'end' }

export type ThreadSaid = { readonly type: 'ack'; readonly id: string } | { readonly type: 'done' }

/** Short waits, so that a ledger that failed is soon known to have. */
export const ledgerSettings: LedgerSettings = {
  ringBytes: 1 << 20,
  paceMs: 0.5,
  flushMs: 50,
  waitMs: 15_000,
  holdBytesMax: 65_536,
  stallMs: 15_000,
}

/** One in so many answers begins before its end is known. */
const openedEvery = 16
const textBytesMax = 1000
/** Requests at once. */
const concurrency = 16

if (parentPort !== null && threadName === 'gateway') serve(parentPort, workerData as ScriptThread)

function serve(parent: MessagePort, { slot, port, name }: ScriptThread): void {
  const log = openRecordLog({ slot, port, clock: systemClock })
  const ack = (id: string): void => {
    mark(`ack access ${id}`)
    parent.postMessage({ type: 'ack', id } satisfies ThreadSaid)
  }
  parent.on('message', (ask: AskRound) => {
    if (ask.type === 'end') return parent.close()
    const over = ask.type === 'round' ? round(log, { ...ask, name, ack }) : begin(log, idOf(name, 999_999), ack)
    void over.then(() => parent.postMessage({ type: 'done' } satisfies ThreadSaid))
  })
}

interface Round {
  readonly from: number
  readonly count: number
  readonly name: number
  readonly ack: (id: string) => void
}

async function round(log: RecordLog, { from, count, name, ack }: Round): Promise<void> {
  let next = from
  const one = async (): Promise<void> => {
    while (next < from + count) {
      const number = next++
      await request(log, number, { id: idOf(name, number), ack })
    }
  }
  await Promise.all(Array.from({ length: concurrency }, one))
}

function idOf(name: number, count: number): string {
  return `${String(name).padStart(8, '0')}${String(count).padStart(24, '0')}`
}

async function request(
  log: RecordLog,
  number: number,
  { id, ack }: { readonly id: string; readonly ack: (id: string) => void },
): Promise<void> {
  const reservation = await reserve(log, id)
  if (reservation === null) return
  const isLong = number % openedEvery === 0
  if (isLong && (await reservation.opened(eventOf('opened', id, number)))) reservation.released()
  reservation.finish(eventOf('request', id, number))
  if ((await reservation.durable()) === 'durable') {
    if (!isLong) reservation.released()
    ack(id)
  }
  reservation.close()
}

async function begin(log: RecordLog, id: string, ack: (id: string) => void): Promise<void> {
  const reservation = await reserve(log, id)
  // Its end is written by recovery, so it is acknowledged as any other.
  if (reservation !== null && (await reservation.opened(eventOf('opened', id, 0)))) ack(id)
}

async function reserve(log: RecordLog, requestId: string): Promise<Reservation | null> {
  const facts = { requestId, receivedAtMs: systemClock.wallMs(), routeIndex: 0 }
  return log.reserve(facts, textBytesMax) ?? (await log.reserveSoon(facts, textBytesMax))
}

/** Consumers come and go, so that keys are made in the midst of it. */
function eventOf(kind: AccessEvent['kind'], id: string, number: number): AccessEvent {
  const consumer = `consumer-${Math.floor(number / 50)}`
  return {
    ...emptyEvent,
    kind,
    id,
    outcome: 'served',
    status: 200,
    method: 'GET',
    path: `/things/${number}`,
    receivedAtMs: Math.round(systemClock.wallMs()),
    consumerId: number % 2 === 0 ? consumer : null,
  }
}
