import { extname } from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import type { LedgerThreadSetup } from './commit-loop.ts'
import { ledgerStates, viewControlBlock, words } from './control-block.ts'
import type { FromLedger, ToLedger } from './ledger-messages.ts'

/** The ledger thread as main holds it. */
export interface LedgerWorker extends AsyncDisposable {
  readonly failed: boolean
  /** Gives the ledger the port that wakes a ring's thread. The caller wakes the ledger. */
  attach(ring: number, port: MessagePort): void
  /** Declares the ledger failed: the gateway threads see it at once, `onFailed` is called once. */
  fail(why: string): void
}

export interface LedgerWorkerOptions {
  readonly setup: Omit<LedgerThreadSetup, 'control'>
  readonly onCommitted: () => void
  readonly onFailed: (why: string) => void
  /** Longest wait for its end. */
  readonly endMs: number
}

/** Starts the ledger thread; rejects with `ledger_poisoned` when it cannot open its files. */
export async function startLedgerWorker(options: LedgerWorkerOptions): Promise<LedgerWorker> {
  const { setup } = options
  const { ints } = viewControlBlock(setup.controlBlock)
  const { port1: control, port2 } = new MessageChannel()
  // The same folder holds .ts files in the checkout and .js files in the package.
  const entry = new URL(`./ledger-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(entry, {
    name: 'ledger',
    workerData: { ...setup, control: port2 },
    transferList: [port2],
    env: {},
  })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const ready = Promise.withResolvers<void>()
  let isReady = false
  let failure: string | null = null
  const fail = (why: string): void => {
    if (failure !== null) return
    failure = why
    Atomics.store(ints, words.state, ledgerStates.failed)
    ready.reject(new GatehouseError('ledger_poisoned', `The ledger failed: ${why}`))
    if (isReady) options.onFailed(why)
  }
  control.on('message', (message: FromLedger) => {
    if (message.type === 'committed') return options.onCommitted()
    if (message.type === 'failed') return fail(message.why)
    isReady = true
    ready.resolve()
  })
  worker.on('error', (error) => fail(messageOf(error)))
  worker.once('exit', () => {
    if (Atomics.load(ints, words.state) === ledgerStates.running) fail('the ledger thread ended')
    control.close()
  })
  await ready.promise
  return {
    get failed() {
      return failure !== null
    },
    attach: (ring, port) => control.postMessage({ type: 'port', ring, port } satisfies ToLedger, [port]),
    fail,
    [Symbol.asyncDispose]: () => within(ended, options.endMs),
  }
}

/** Never `terminate`: a thread that hangs in a system call would hang it too. */
async function within(ended: Promise<void>, endMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new GatehouseError('ledger_poisoned', 'The ledger thread did not end in time')),
    endMs,
  )
  await Promise.race([ended, late]).finally(() => clearTimeout(timer))
}
