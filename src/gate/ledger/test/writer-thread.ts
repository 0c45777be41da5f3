/** A thread that writes records as a gateway thread does, until it is told to stop or is terminated. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../core/mod.ts'
import { type LedgerSlot, openRecordLog, type RecordLog } from '../mod.ts'
import { factsOf, idOf, eventOf } from './support.ts'

export interface WriterPlan {
  readonly slot: LedgerSlot
  readonly port: MessagePort
  /** Written into its ids. */
  readonly name: number
  readonly concurrency: number
  /** Each pauses at random up to so long between requests. */
  readonly pauseMsMax: number
  /** One in so many requests begins with `opened`; 0 for none. */
  readonly openedEvery: number
  /** 1 makes it stop. */
  readonly stop: Int32Array
  /** Counts what was acknowledged, as the thread saw it: `[acknowledged, longest wait in µs]`. */
  readonly counts: Int32Array
  /** By request number, what the client saw: 1 a byte was sent. */
  readonly sent: Uint8Array
}

if (parentPort !== null) void write(workerData as WriterPlan)

async function write(plan: WriterPlan): Promise<void> {
  const log = openRecordLog({ slot: plan.slot, port: plan.port, clock: systemClock })
  let next = 0
  const one = async (): Promise<void> => {
    while (Atomics.load(plan.stop, 0) === 0) {
      if (next >= plan.sent.length) return
      await request(log, plan, next++)
      if (plan.pauseMsMax > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * plan.pauseMsMax))
    }
  }
  await Promise.all(Array.from({ length: plan.concurrency }, one))
}

async function request(log: RecordLog, plan: WriterPlan, count: number): Promise<void> {
  const id = idOf(plan.name, count)
  const startedMs = performance.now()
  const reservation = log.reserve(factsOf(id), 3000) ?? (await log.reserveSoon(factsOf(id), 3000))
  if (reservation === null) return
  if (plan.openedEvery > 0 && count % plan.openedEvery === 0) {
    if (!(await reservation.opened(eventOf('opened', id, { path: `/${count}` })))) return reservation.close()
    reservation.released()
    Atomics.store(plan.sent, count, 1)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    reservation.finish(eventOf('request', id, { path: `/${count}` }))
  } else {
    reservation.finish(eventOf('request', id))
    if ((await reservation.durable()) === 'durable') {
      reservation.released()
      Atomics.store(plan.sent, count, 1)
    }
  }
  reservation.close()
  Atomics.add(plan.counts, 0, 1)
  const waitUs = Math.round((performance.now() - startedMs) * 1000)
  if (waitUs > Atomics.load(plan.counts, 1)) Atomics.store(plan.counts, 1, waitUs)
}
