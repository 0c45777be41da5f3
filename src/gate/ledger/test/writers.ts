import { Worker } from 'node:worker_threads'
import type { Ledger } from '../mod.ts'
import type { WriterPlan } from './writer-thread.ts'

/** A running writer thread. */
export interface Writer {
  readonly worker: Worker
  readonly name: number
  readonly sent: Uint8Array
  readonly acknowledged: () => number
  readonly waitUsMax: () => number
  /** Lets it end what it began. */
  stop(): Promise<void>
  /** Ends it wherever it is. */
  kill(): Promise<void>
}

export function startWriter(
  ledger: Ledger,
  thread: number,
  plan: Partial<WriterPlan> & { readonly name: number },
): Writer {
  const counts = new Int32Array(new SharedArrayBuffer(8))
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const sent = new Uint8Array(new SharedArrayBuffer(1_000_000))
  const { slot, port } = ledger.slot(thread)
  const workerData: WriterPlan = {
    concurrency: 32,
    pauseMsMax: 0,
    openedEvery: 0,
    ...plan,
    slot,
    port,
    stop,
    counts,
    sent,
  }
  const worker = new Worker(new URL('writer-thread.ts', import.meta.url), { workerData, transferList: [port] })
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => resolve())
    worker.once('error', reject)
  })
  return {
    worker,
    name: plan.name,
    sent,
    acknowledged: () => Atomics.load(counts, 0),
    waitUsMax: () => Atomics.load(counts, 1),
    stop: async () => {
      Atomics.store(stop, 0, 1)
      await ended
    },
    kill: async () => {
      await worker.terminate()
      await ended
    },
  }
}
