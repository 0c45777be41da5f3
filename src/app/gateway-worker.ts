import { type MessagePort, Worker } from 'node:worker_threads'
import { GatehouseError, type Snapshot, type SnapshotChange } from '../core/mod.ts'
import type { LedgerSlot } from '../gate/ledger/mod.ts'
import type { ProcessLog } from './process-log.ts'
import type { FromThread, ThreadSetup, ToThread } from './thread-messages.ts'

/** One gateway thread as main sees it. Every request to it has a deadline; one that dies leaves nobody waiting. */
export interface GatewayWorker {
  readonly connections: number
  readonly alive: boolean
  /** The exit code, once the thread has ended. */
  readonly ended: Promise<number>
  serve(order: {
    thread: number
    ledger: LedgerSlot
    port: MessagePort
    snapshot: Snapshot
  }): Promise<readonly { host: string; port: number }[]>
  /** False when the thread did not say in time that it works by this revision. */
  apply(rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean>
  drain(deadlineMs: number): Promise<void>
  terminate(): Promise<number>
}

const loadMs = 20_000
const serveMs = 10_000
const applyMs = 5_000
const drainSlackMs = 2_000

/** Starts a thread and resolves when it is loaded: then it is a warm spare. */
export async function startGatewayWorker(setup: ThreadSetup, log: ProcessLog): Promise<GatewayWorker> {
  const worker = new Worker(
    new URL(`./gateway-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
    { workerData: setup },
  )
  const hear = openEars(worker)
  let connections = 0
  let dead = false
  const ended = new Promise<number>((resolve) => {
    worker.once('exit', (code) => {
      dead = true
      resolve(code)
    })
  })
  worker.on('error', (error) =>
    log.error('Gateway thread threw', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  )
  worker.on('message', (message: FromThread) => {
    if (message.type === 'connections') connections = message.connections
    if (message.type === 'defect')
      log.error('A stage failed; the request was answered with 500', {
        request: message.requestId,
        error: message.error,
      })
  })
  const tell = (message: ToThread, transfer: readonly MessagePort[] = []): void =>
    worker.postMessage(message, [...transfer])

  if ((await hear((message) => (message.type === 'loaded' ? message : null), loadMs)) === null) {
    await worker.terminate()
    throw new GatehouseError('thread_failed', `Cannot start a gateway thread: it was not loaded within ${loadMs} ms`)
  }
  return {
    get connections() {
      return dead ? 0 : connections
    },
    get alive() {
      return !dead
    },
    ended,
    serve: async (order) => {
      const said = hear(
        (message) => (message.type === 'serving' || message.type === 'unable' ? message : null),
        serveMs,
      )
      tell({ type: 'serve', ...order }, [order.port])
      const answer = await said
      if (answer?.type === 'serving') return answer.addresses
      if (answer === null)
        throw new GatehouseError('thread_failed', `Gateway thread ${order.thread} did not listen within ${serveMs} ms`)
      throw new GatehouseError(answer.code === 'port_taken' ? 'port_taken' : 'thread_failed', answer.message)
    },
    apply: async (rules) => {
      const revision = 'snapshot' in rules ? rules.snapshot.revision : rules.change.revision
      const said = hear(
        (message) => (message.type === 'applied' && message.revision === revision ? message : null),
        applyMs,
      )
      tell(
        'snapshot' in rules ? { type: 'snapshot', snapshot: rules.snapshot } : { type: 'change', change: rules.change },
      )
      return (await said) !== null
    },
    drain: async (deadlineMs) => {
      const said = hear((message) => (message.type === 'drained' ? message : null), deadlineMs + drainSlackMs)
      tell({ type: 'drain', deadlineMs })
      await said
    },
    terminate: () => worker.terminate(),
  }
}

/** Waits for messages: the first one that `pick` wants; null after `ms` or when the thread ended. */
type Hear = <T>(pick: (message: FromThread) => T | null, ms: number) => Promise<T | null>

function openEars(worker: Worker): Hear {
  const waiting = new Set<(message: FromThread) => void>()
  const gone = new Set<() => void>()
  worker.on('message', (message: FromThread) => {
    for (const look of waiting) look(message)
  })
  worker.once('exit', () => {
    for (const leave of gone) leave()
  })
  return <T>(pick: (message: FromThread) => T | null, ms: number): Promise<T | null> => {
    const { promise, resolve } = Promise.withResolvers<T | null>()
    const look = (message: FromThread): void => {
      const picked = pick(message)
      if (picked !== null) resolve(picked)
    }
    const leave = (): void => resolve(null)
    waiting.add(look)
    gone.add(leave)
    const timer = setTimeout(leave, ms)
    return promise.finally(() => {
      waiting.delete(look)
      gone.delete(leave)
      clearTimeout(timer)
    })
  }
}
