/**
 * Writes records at a steady rate until it is killed, and prints a line of JSON (`SoakSample`) every few seconds. Its one
 * argument is JSON of `SoakPlan`.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, type MessagePort, Worker, workerData } from 'node:worker_threads'
import { emptyEvent, systemClock } from '../../src/core/mod.ts'
import { type LedgerSlot, openLedger, openRecordLog, type RecordLog } from '../../src/gate/ledger/mod.ts'
import { ledgerSettings } from './ledger-script-thread.ts'

export interface SoakPlan {
  readonly dataDir: string
  readonly recordsPerSecond: number
  readonly sampleMs: number
}

export interface SoakSample {
  readonly seconds: number
  /** Acknowledged. */
  readonly records: number
  readonly signed: number
  /** Of the whole process: main, the ledger, the keeper, and the thread that writes. */
  readonly rssBytes: number
  readonly externalBytes: number
  readonly cpuSeconds: number
}

export const soakWriterPath: string = fileURLToPath(import.meta.url)

interface SoakThread {
  readonly slot: LedgerSlot
  readonly port: MessagePort
  readonly recordsPerSecond: number
  readonly acknowledged: Int32Array
}

const tickMs = 5
/** More than so many unanswered, and the disk is too slow for the rate: it waits. */
const openMax = 2000
/** In turn, so that what is kept for each is soon kept for all. */
const consumers = 5000

if (isMainThread && process.argv[1] === soakWriterPath) await main(JSON.parse(process.argv[2] ?? '') as SoakPlan)
else if (!isMainThread) writeOn(workerData as SoakThread)

async function main({ dataDir, recordsPerSecond, sampleMs }: SoakPlan): Promise<void> {
  const ledger = await openLedger({
    dir: join(dataDir, 'ledger'),
    node: 'test.example',
    threads: 1,
    settings: { ...ledgerSettings, ringBytes: 8 << 20 },
    clock: systemClock,
    onFailed: (why) => {
      process.stderr.write(`failed ${why}\n`)
      setTimeout(() => process.exit(74), 50)
    },
  })
  const { slot, port } = ledger.slot(0)
  const acknowledged = new Int32Array(new SharedArrayBuffer(4))
  const thread: SoakThread = { slot, port, recordsPerSecond, acknowledged }
  const worker = new Worker(new URL(import.meta.url), { name: 'gateway', workerData: thread, transferList: [port] })
  worker.once('error', (error) => {
    throw error
  })
  setInterval(() => {
    const { rss, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const sample: SoakSample = {
      seconds: performance.now() / 1000,
      records: Atomics.load(acknowledged, 0),
      signed: ledger.status().logs.access.checkpoint?.size ?? 0,
      rssBytes: rss,
      externalBytes: external,
      cpuSeconds: (user + system) / 1e6,
    }
    process.stdout.write(`${JSON.stringify(sample)}\n`)
  }, sampleMs)
}

function writeOn({ slot, port, recordsPerSecond, acknowledged }: SoakThread): void {
  const log = openRecordLog({ slot, port, clock: systemClock })
  const startedMs = performance.now()
  let begun = 0
  setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * recordsPerSecond
    for (; begun < due && begun - Atomics.load(acknowledged, 0) < openMax; begun++) void write(log, begun, acknowledged)
  }, tickMs)
}

async function write(log: RecordLog, count: number, acknowledged: Int32Array): Promise<void> {
  const id = count.toString(16).padStart(32, '0')
  const atMs = Math.round(systemClock.wallMs())
  const facts = { requestId: id, receivedAtMs: atMs, routeIndex: 0 }
  const reservation = log.reserve(facts, 1000) ?? (await log.reserveSoon(facts, 1000))
  if (reservation === null) throw new Error('the ledger has no room')
  const consumerId = `consumer-${count % consumers}`
  reservation.finish({
    ...emptyEvent,
    id,
    receivedAtMs: atMs,
    outcome: 'served',
    status: 200,
    path: `/things/${count}`,
    consumerId,
  })
  const durable = await reservation.durable()
  reservation.released()
  reservation.close()
  if (durable === 'durable') Atomics.add(acknowledged, 0, 1)
}
