import { messageOf, type Snapshot, type SnapshotChange, type UpstreamStatus } from '../core/mod.ts'
import type { Bound } from '../gate/engine/mod.ts'
import type { KeyAnswer } from '../gate/identity/mod.ts'
import type { Ledger } from '../gate/ledger/mod.ts'
import { repairCounters } from '../gate/limits/mod.ts'
import { mergeStatus } from '../gate/upstreams/mod.ts'
import type { GatewayWorker } from './gateway-worker.ts'
import type { ProcessLog } from './process-log.ts'
import type { ThreadSetup, ThreadShare } from './thread-messages.ts'

export interface ThreadPoolOptions {
  readonly threads: number
  readonly setup: ThreadSetup
  readonly ledger: Ledger
  readonly log: ProcessLog
  /** Starts one thread; `startGatewayWorker` but in tests that end threads. */
  readonly startWorker: (setup: ThreadSetup, log: ProcessLog) => Promise<GatewayWorker>
  /** The newest rules; a thread that takes over begins with them. */
  readonly snapshot: () => Snapshot
  /** The newest of what main keeps up for all threads. */
  readonly share: () => ThreadShare
  /** Finds a key that a token names. */
  readonly wantKey: (issuer: string, kid: string) => Promise<KeyAnswer>
  /** A fault that replacing threads does not mend: the gate must end. */
  readonly onFailed: (why: string) => void
}

const crashWindowMs = 60_000
/** So many dead threads within the window have a cause that a new thread meets again. */
const crashesMax = 20

/** The gateway threads of this process, and a warm spare, which takes the place of one that dies. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions
  /** By thread number: the thread, or the promise of the one that takes its place. */
  readonly #places: Promise<GatewayWorker>[] = []
  readonly #running = new Map<number, GatewayWorker>()
  #spare: Promise<GatewayWorker> | null = null
  #addresses: readonly Bound[] = []
  #crashes: number[] = []
  #replaced = 0
  #closing = false

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** Loads a first thread, which takes its place when the rules are there: both take a second. */
  warm(): void {
    this.#spare ??= this.#watched(this.#load())
  }

  /** Resolves when all threads listen. Rejects with `port_taken` or `thread_failed`. */
  async start(): Promise<void> {
    // One after the other: on two cores all at once would only be slower. All places are there from the beginning, so that
    // a change that comes meanwhile reaches every thread.
    let before: Promise<unknown> = Promise.resolve()
    for (let thread = 0; thread < this.#options.threads; thread++) {
      const place = before.then(async () => await this.#seat(await this.#takeSpare(), thread))
      this.#places.push(place)
      before = place
    }
    await Promise.all(this.#places)
    this.#spare = this.#watched(this.#load())
  }

  /** The revision that every gateway thread works by; 0 while one is being replaced. */
  get revision(): number {
    const revisions = [...this.#running.values()].map((worker) => worker.revision)
    return revisions.length < this.#options.threads ? 0 : Math.min(...revisions)
  }

  get addresses(): readonly Bound[] {
    return this.#addresses
  }

  /** Threads replaced since the start. */
  get replaced(): number {
    return this.#replaced
  }

  connectionsOf(thread: number): number {
    return this.#running.get(thread)?.connections ?? 0
  }

  /** Over all threads that run. */
  get upstreams(): readonly UpstreamStatus[] {
    return mergeStatus([...this.#running.values()].map((worker) => worker.upstreams))
  }

  /** True when every gateway thread works by it. */
  async apply(rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean> {
    const applied = await Promise.all(
      this.#places.map(async (place) => {
        const worker = await place
        // One that dies meanwhile is replaced by one that begins with the newest rules.
        return (await worker.apply(rules)) || !worker.alive
      }),
    )
    return applied.every(Boolean)
  }

  /** Sends every gateway thread what has changed of that; one that is just getting ready gets it then. */
  shareNewest(): void {
    const share = this.#options.share()
    for (const worker of this.#running.values()) worker.share(share)
  }

  /** Stops listening, lets exchanges end until the deadline, then ends the threads. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#running.values()].map((worker) => worker.drain(deadlineMs)))
    await Promise.all([...this.#running.values()].map((worker) => worker.terminate()))
    await this.#spare?.then(
      (worker) => worker.terminate(),
      () => {},
    )
  }

  /** The warm one, or one that is loaded now. */
  #takeSpare(): Promise<GatewayWorker> {
    const spare = this.#spare ?? this.#load()
    this.#spare = null
    return spare
  }

  #load(): Promise<GatewayWorker> {
    return this.#options.startWorker(this.#options.setup, this.#options.log)
  }

  async #seat(worker: GatewayWorker, thread: number): Promise<GatewayWorker> {
    const { slot, port } = this.#options.ledger.slot(thread)
    let snapshot = this.#options.snapshot()
    const share = this.#options.share()
    worker.onWantKey = this.#options.wantKey
    this.#addresses = await worker.serve({ thread, ledger: slot, port, snapshot, share })
    // What changed while it was getting ready.
    while (snapshot !== this.#options.snapshot() && worker.alive) {
      snapshot = this.#options.snapshot()
      await worker.apply({ snapshot })
    }
    this.#running.set(thread, worker)
    if (share !== this.#options.share()) worker.share(this.#options.share())
    void worker.ended.then((code) => {
      this.#running.delete(thread)
      if (!this.#closing) this.#places[thread] = this.#watched(this.#replace(thread, code))
    })
    return worker
  }

  /** The dead thread's ring is drained and its locks are repaired before its number is used again. */
  async #replace(thread: number, code: number): Promise<GatewayWorker> {
    const { ledger, setup, log, onFailed } = this.#options
    const now = performance.now()
    this.#crashes = [...this.#crashes.filter((at) => now - at < crashWindowMs), now]
    if (this.#crashes.length > crashesMax) onFailed(`${this.#crashes.length} gateway threads died within a minute`)
    const aborted = await ledger.threadDied(thread)
    repairCounters(setup.counters, thread)
    this.#replaced++
    log.warn('Gateway thread died; the spare takes its place', { thread, code, abortedRequests: aborted })
    const next = await this.#takeSpare()
    this.#spare = this.#watched(this.#load())
    return await this.#seat(next, thread)
  }

  /** A thread that cannot be started ends the gate; the launcher tries again with back-off. */
  #watched(worker: Promise<GatewayWorker>): Promise<GatewayWorker> {
    worker.catch((error: unknown) => {
      if (!this.#closing) this.#options.onFailed(messageOf(error))
    })
    return worker
  }
}
