import { messageOf, type Snapshot, type SnapshotChange } from '../core/mod.ts'
import type { Ledger } from '../gate/ledger/mod.ts'
import { repairCounters } from '../gate/limits/mod.ts'
import { type GatewayWorker, startGatewayWorker } from './gateway-worker.ts'
import type { ProcessLog } from './process-log.ts'
import type { ThreadSetup } from './thread-messages.ts'

export interface ThreadPoolOptions {
  readonly threads: number
  readonly setup: ThreadSetup
  readonly ledger: Ledger
  readonly log: ProcessLog
  /** The newest rules; a thread that takes over begins with them. */
  snapshot(): Snapshot
  /** A fault that replacing threads does not mend: the gate must end. */
  onFailed(why: string): void
}

/** The gateway threads and a warm spare. */
export interface ThreadPool {
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** Threads replaced since the start. */
  readonly replaced: number
  connectionsOf(thread: number): number
  /** True when every gateway thread works by it. */
  apply(rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean>
  /** Stops listening, lets exchanges end until the deadline, then ends the threads. */
  close(deadlineMs: number): Promise<void>
}

const crashWindowMs = 60_000
/** So many dead threads within the window have a cause that a new thread meets again. */
const crashesMax = 20

/** Starts all threads; a thread that dies is replaced by the spare after its ring is drained and its locks are repaired. */
export async function openThreadPool(options: ThreadPoolOptions): Promise<ThreadPool> {
  const { setup, log, ledger } = options
  let closing = false
  let replaced = 0
  let crashes: number[] = []
  const start = (): Promise<GatewayWorker> => startGatewayWorker(setup, log)
  /** By thread number; a promise while the thread's place is being filled. */
  const places: Promise<GatewayWorker>[] = []
  const running = new Map<number, GatewayWorker>()
  let addresses: readonly { host: string; port: number }[] = []

  const seat = async (worker: GatewayWorker, thread: number): Promise<GatewayWorker> => {
    const { slot, port } = ledger.slot(thread)
    addresses = await worker.serve({ thread, ledger: slot, port, snapshot: options.snapshot() })
    running.set(thread, worker)
    void worker.ended.then((code) => {
      running.delete(thread)
      if (closing) return
      const next = replace(thread, code)
      next.catch(failed)
      places[thread] = next
    })
    return worker
  }
  const replace = async (thread: number, code: number): Promise<GatewayWorker> => {
    const now = performance.now()
    crashes = [...crashes.filter((at) => now - at < crashWindowMs), now]
    if (crashes.length > crashesMax) options.onFailed(`${crashes.length} gateway threads died within a minute`)
    const aborted = await ledger.threadDied(thread)
    repairCounters(setup.counters, thread)
    replaced++
    log.warn('Gateway thread died; the spare takes its place', { thread, code, abortedRequests: aborted })
    const next = await spare
    spare = start()
    spare.catch(failed)
    return await seat(next, thread)
  }
  const failed = (error: unknown): void => {
    if (!closing) options.onFailed(messageOf(error))
  }

  // One compiles while the next one starts; on two cores all at once would only be slower.
  for (let thread = 0; thread < options.threads; thread++) places.push(Promise.resolve(await seat(await start(), thread)))
  let spare = start()
  spare.catch(failed)
  return {
    get addresses() {
      return addresses
    },
    get replaced() {
      return replaced
    },
    connectionsOf: (thread) => running.get(thread)?.connections ?? 0,
    apply: async (rules) => {
      const applied = await Promise.all(
        places.map(async (place) => {
          const worker = await place
          // One that dies meanwhile is replaced by one that begins with the newest rules.
          return (await worker.apply(rules)) || !worker.alive
        }),
      )
      return applied.every(Boolean)
    },
    close: async (deadlineMs) => {
      closing = true
      await Promise.all([...running.values()].map((worker) => worker.drain(deadlineMs)))
      await Promise.all([...running.values()].map((worker) => worker.terminate()))
      await spare.then(
        (worker) => worker.terminate(),
        () => {},
      )
    },
  }
}
