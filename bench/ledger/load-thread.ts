/** The gateway thread of the suite `ledger`: so many requests under way, each of which waits until its record is durable. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../src/core/mod.ts'
import { type LedgerSlot, openRecordLog } from '../../src/gate/ledger/mod.ts'
import { requestIdOf, sampleEvent } from './sample-event.ts'

/** What the suite asks for. */
export interface LoadPlan {
  readonly inflight: number
  readonly records: number
}

/** What became of it. */
export interface LoadResult {
  readonly records: number
  readonly wallUs: number
  /** From before the room was taken until the record was durable. */
  readonly p50Us: number
  readonly p99Us: number
  /** Of this thread. */
  readonly cpuUs: number
}

// Handed over by the suite, the only one who starts this thread.
const { slot, port } = workerData as { readonly slot: LedgerSlot; readonly port: MessagePort }
const log = openRecordLog({ slot, port, clock: systemClock })
const event = sampleEvent()
const ids = Array.from({ length: 4096 }, (_, count) => requestIdOf(count))
/** Room that the gate sets aside for a request like this one. */
const textBytesMax = 4500
const recordsMax = 1_000_000
const latencies = new Float64Array(recordsMax)
let begun = 0
let records = 0

parentPort?.on('message', (plan: LoadPlan) => void load(plan))
parentPort?.postMessage('ready')

async function load(plan: LoadPlan): Promise<void> {
  const wanted = Math.min(plan.records, recordsMax)
  begun = 0
  records = 0
  const cpu = process.threadCpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: plan.inflight }, () => request(wanted)))
  const wallUs = (performance.now() - startMs) * 1000
  const { user, system } = process.threadCpuUsage(cpu)
  const sorted = latencies.subarray(0, records).toSorted()
  const at = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000
  const result: LoadResult = { records, wallUs, p50Us: at(0.5), p99Us: at(0.99), cpuUs: user + system }
  parentPort?.postMessage(result)
}

/** One request after the other, as one connection would bring them. */
async function request(wanted: number): Promise<void> {
  let startMs = performance.now()
  while (begun < wanted) {
    const requestId = ids[begun++ % ids.length] ?? ''
    const reservation = await log.reserveSoon({ requestId, receivedAtMs: startMs, routeIndex: 0 }, textBytesMax)
    if (reservation === null) throw new Error('A record had no room')
    event.id = requestId
    event.durationUs = begun
    reservation.finish(event)
    const durable = await reservation.durable()
    if (durable !== 'durable') throw new Error(`A record is ${durable}`)
    reservation.released()
    reservation.close()
    const nowMs = performance.now()
    latencies[records++] = nowMs - startMs
    startMs = nowMs
  }
}
