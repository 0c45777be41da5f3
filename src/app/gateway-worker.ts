import { type MessagePort, Worker } from 'node:worker_threads'
import { GatehouseError, messageOf, type Snapshot, type SnapshotChange, type UpstreamStatus } from '../core/mod.ts'
import type { Bound } from '../gate/engine/mod.ts'
import type { KeyAnswer } from '../gate/identity/mod.ts'
import type { LedgerSlot } from '../gate/ledger/mod.ts'
import type { ProcessLog } from './process-log.ts'
import type { FromThread, ThreadSetup, ThreadShare, ToThread } from './thread-messages.ts'

/** What makes a spare serve. */
export interface ServeOrder {
  readonly thread: number
  readonly ledger: LedgerSlot
  readonly port: MessagePort
  readonly snapshot: Snapshot
  readonly share: ThreadShare
}

const loadMs = 20_000
const serveMs = 10_000
const applyMs = 5_000
const drainSlackMs = 2_000

/** Starts a thread and resolves when it is loaded: then it is a warm spare. */
export async function startGatewayWorker(setup: ThreadSetup, log: ProcessLog): Promise<GatewayWorker> {
  const worker = new GatewayWorker(setup, log)
  if (await worker.loaded()) return worker
  await worker.terminate()
  throw new GatehouseError('thread_failed', `Cannot start a gateway thread: it was not loaded within ${loadMs} ms`)
}

/** One gateway thread as main sees it. Every request to it has a deadline; one that dies leaves nobody waiting. */
export class GatewayWorker {
  /** Resolves with the exit code when the thread has ended. */
  readonly ended: Promise<number>
  readonly #worker: Worker
  readonly #log: ProcessLog
  readonly #waiting = new Set<(message: FromThread | null) => void>()
  #connections = 0
  #upstreams: readonly UpstreamStatus[] = []
  #revision = 0
  #alive = true
  /** Finds a key that the thread asks for; until it is set, none is found. */
  onWantKey: (issuer: string, kid: string) => Promise<KeyAnswer> = () => Promise.resolve('unavailable')

  constructor(setup: ThreadSetup, log: ProcessLog) {
    const file = `./gateway-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: setup })
    this.#log = log
    this.#worker.on('error', (error) => log.error('Gateway thread threw', { error: messageOf(error) }))
    this.#worker.on('message', (message: FromThread) => this.#take(message))
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#alive = false
        this.#connections = 0
        for (const look of this.#waiting) look(null)
        resolve(code)
      })
    })
  }

  get connections(): number {
    return this.#connections
  }

  /** What the thread knows of the upstreams. */
  get upstreams(): readonly UpstreamStatus[] {
    return this.#upstreams
  }

  /** What the thread said last that it works by. */
  get revision(): number {
    return this.#revision
  }

  get alive(): boolean {
    return this.#alive
  }

  async loaded(): Promise<boolean> {
    return (await this.#hear((message) => (message.type === 'loaded' ? message : null), loadMs)) !== null
  }

  /** Throws `port_taken` or `thread_failed`. */
  async serve(order: ServeOrder): Promise<readonly Bound[]> {
    const said = this.#hear(
      (message) => (message.type === 'serving' || message.type === 'unable' ? message : null),
      serveMs,
    )
    this.#tell({ type: 'serve', ...order }, [order.port])
    const answer = await said
    if (answer?.type === 'serving') {
      this.#revision = order.snapshot.revision
      return answer.addresses
    }
    if (answer === null)
      throw new GatehouseError('thread_failed', `Gateway thread ${order.thread} did not listen within ${serveMs} ms`)
    throw new GatehouseError(answer.code === 'port_taken' ? 'port_taken' : 'thread_failed', answer.message)
  }

  /** False when the thread did not say in time that it works by this revision. */
  async apply(rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean> {
    const revision = 'snapshot' in rules ? rules.snapshot.revision : rules.change.revision
    const said = this.#hear(
      (message) => (message.type === 'applied' && message.revision === revision ? message : null),
      applyMs,
    )
    this.#tell(
      'snapshot' in rules ? { type: 'snapshot', snapshot: rules.snapshot } : { type: 'change', change: rules.change },
    )
    return (await said) !== null
  }

  /** In order with all that is told. */
  share(share: ThreadShare): void {
    this.#tell({ type: 'share', share })
  }

  async drain(deadlineMs: number): Promise<void> {
    const said = this.#hear((message) => (message.type === 'drained' ? message : null), deadlineMs + drainSlackMs)
    this.#tell({ type: 'drain', deadlineMs })
    await said
  }

  async terminate(): Promise<number> {
    return await this.#worker.terminate()
  }

  #take(message: FromThread): void {
    if (message.type === 'applied') this.#revision = message.worksBy
    if (message.type === 'connections') this.#connections = message.connections
    if (message.type === 'upstreams') this.#upstreams = message.upstreams
    if (message.type === 'wantKey') void this.#findKey(message)
    if (message.type === 'defect') {
      this.#log.error('A stage failed; the request was answered with 500', {
        request: message.requestId,
        error: message.error,
      })
    }
    for (const look of this.#waiting) look(message)
  }

  async #findKey({ ask, issuer, kid }: Extract<FromThread, { type: 'wantKey' }>): Promise<void> {
    const answer = await this.onWantKey(issuer, kid)
    if (this.#alive) this.#tell({ type: 'key', ask, answer })
  }

  #tell(message: ToThread, transfer: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, [...transfer])
  }

  /** The first message that `pick` wants; null after `ms` or when the thread ended. */
  async #hear<T>(pick: (message: FromThread) => T | null, ms: number): Promise<T | null> {
    const { promise, resolve } = Promise.withResolvers<T | null>()
    const look = (message: FromThread | null): void => {
      const picked = message === null ? null : pick(message)
      if (message === null || picked !== null) resolve(picked)
    }
    this.#waiting.add(look)
    const timer = setTimeout(() => resolve(null), ms)
    try {
      return await promise
    } finally {
      this.#waiting.delete(look)
      clearTimeout(timer)
    }
  }
}
