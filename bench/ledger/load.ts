/** A ledger with one gateway thread before it, and what a load on it costs each of its threads. */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type LedgerSettings, systemClock } from '../../src/core/mod.ts'
import { type Ledger, openLedger } from '../../src/gate/ledger/mod.ts'
import type { LoadPlan, LoadResult } from './load-thread.ts'
import { type ThreadCpu, threadCpu, usedBy, usedByAll } from './thread-cpu.ts'

/** As the gate has them on two cores. */
const settings: LedgerSettings = {
  ringBytes: 8 * 1024 * 1024,
  paceMs: 0.5,
  flushMs: 25,
  waitMs: 30_000,
  holdBytesMax: 65_536,
  stallMs: 60_000,
}

/** What one load cost; CPU time in microseconds per record, until everything was in signed bundles. */
export interface LoadCost extends LoadResult {
  readonly perSecond: number
  readonly recordsPerCommit: number
  /** As they were written, with the headers of their batches. */
  readonly bytesPerRecord: number
  readonly gatewayUs: number
  readonly ledgerUs: number
  readonly keeperUs: number
  /** All threads, those of the engine too. */
  readonly processUs: number
}

/** An open ledger under load. */
export interface LoadedLedger extends AsyncDisposable {
  readonly ledger: Ledger
  load(plan: LoadPlan): Promise<LoadCost>
}

/** Opens the ledger of a data folder. */
export async function openLoaded(dataDir: string): Promise<LoadedLedger> {
  const ledger = await openFor(dataDir)
  const { slot, port } = ledger.slot(0)
  const worker = new Worker(new URL('load-thread.ts', import.meta.url), {
    name: 'gateway-0',
    workerData: { slot, port },
    transferList: [port],
  })
  await once(worker, 'message')
  return {
    ledger,
    load: (plan) => loadOnce(ledger, worker, plan),
    [Symbol.asyncDispose]: async () => {
      await worker.terminate()
      await ledger.close()
    },
  }
}

/** Opens a ledger for one gateway thread; any failure ends the measurement. */
export async function openFor(dataDir: string): Promise<Ledger> {
  return await openLedger({
    dir: `${dataDir}/ledger`,
    node: 'bench',
    threads: 1,
    inflightMax: 2048,
    keeperPace: { scrubBytesPerSecond: 1 }, // its work is by the second, not by the record
    settings,
    clock: systemClock,
    onFailed: (why) => {
      throw new Error(`The ledger failed: ${why}`)
    },
  })
}

interface Look {
  readonly commits: number
  readonly bytes: number
  readonly cpu: ThreadCpu
}

async function loadOnce(ledger: Ledger, worker: Worker, plan: LoadPlan): Promise<LoadCost> {
  const before = lookAt(ledger)
  worker.postMessage(plan, [])
  const [result] = (await once(worker, 'message')) as [LoadResult] // it sends nothing else once it is ready
  await signed(ledger)
  const after = lookAt(ledger)
  const perRecord = (us: number): number => us / result.records
  return {
    ...result,
    perSecond: result.records / (result.wallUs / 1e6),
    recordsPerCommit: result.records / (after.commits - before.commits),
    bytesPerRecord: perRecord(after.bytes - before.bytes),
    gatewayUs: perRecord(result.cpuUs),
    ledgerUs: perRecord(usedBy('ledger', before.cpu, after.cpu)),
    keeperUs: perRecord(usedBy('keeper', before.cpu, after.cpu)),
    processUs: perRecord(usedByAll(before.cpu, after.cpu)),
  }
}

function lookAt(ledger: Ledger): Look {
  const { commits, bytes } = ledger.status()
  return { commits, bytes, cpu: threadCpu() }
}

const signedMsMax = 120_000

/** Work that is put off is part of the price. */
async function signed(ledger: Ledger): Promise<void> {
  const until = performance.now() + signedMsMax
  for (;;) {
    const { size, checkpoint } = ledger.status().logs.access
    if (checkpoint?.size === size) return
    if (performance.now() > until) throw new Error(`The keeper signed ${checkpoint?.size ?? 0} of ${size} records`)
    await wait(100)
  }
}
