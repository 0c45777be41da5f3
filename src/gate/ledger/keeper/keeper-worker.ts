import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { GatehouseError, type LedgerLog, messageOf } from '../../../core/mod.ts'
import type { Fault } from '../../../tlog/mod.ts'
import type { FromKeeper, KeeperLogStatus, KeeperSetup, ToKeeper } from './keeper-messages.ts'
import type { ScrubRound } from './scrub.ts'

/** The keeper thread as main holds it. */
export interface Keeper {
  /** Why nothing is signed any more; null while all is well. */
  readonly failure: string | null
  readonly logs: Readonly<Record<LedgerLog, KeeperLogStatus>> | null
  /** Signs what is committed, and ends the thread; to be called when nothing more is committed. */
  close(): Promise<void>
}

export interface KeeperOptions {
  readonly setup: KeeperSetup
  /** Called once. */
  readonly onFailed: (why: string) => void
  readonly onFault: (log: LedgerLog, fault: Fault) => void
  readonly onScrubbed: (round: ScrubRound) => void
  /** Longest wait for its start and for its end. */
  readonly endMs: number
}

/** Starts the keeper thread; rejects with `ledger_poisoned` when it cannot open its files. */
export async function startKeeper(options: KeeperOptions): Promise<Keeper> {
  // The same folder holds .ts files in the checkout and .js files in the package.
  const entry = new URL(`./keeper-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(entry, { name: 'keeper', workerData: options.setup, env: {} })
  const ready = Promise.withResolvers<void>()
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  let isReady = false
  let isClosing = false
  let failure: string | null = null
  let logs: Keeper['logs'] = null
  const fail = (why: string): void => {
    if (failure !== null) return
    failure = why
    ready.reject(new GatehouseError('ledger_poisoned', `The keeper failed: ${why}`))
    if (isReady) options.onFailed(why)
  }
  const hear: { readonly [T in FromKeeper['type']]: (message: Extract<FromKeeper, { type: T }>) => void } = {
    ready: () => {
      isReady = true
      ready.resolve()
    },
    status: (message) => (logs = message.logs),
    delayed: () => {}, // shown by the age of the checkpoint
    fault: ({ log, fault }) => options.onFault(log, fault),
    scrubbed: ({ round }) => options.onScrubbed(round),
    failed: ({ why }) => fail(why),
  }
  worker.on('message', (message: FromKeeper) => (hear[message.type] as (said: FromKeeper) => void)(message)) // by its own type
  worker.on('error', (error) => fail(messageOf(error)))
  worker.once('exit', () => {
    if (!isClosing) fail('the keeper thread ended')
  })
  await ready.promise
  return {
    get failure() {
      return failure
    },
    get logs() {
      return logs
    },
    close: async () => {
      isClosing = true
      worker.postMessage({ type: 'stop' } satisfies ToKeeper)
      await within(ended, options.endMs)
    },
  }
}

/** Never `terminate`: a thread that hangs in a system call would hang it too. */
async function within(ended: Promise<void>, endMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new GatehouseError('ledger_poisoned', 'The keeper did not end in time')), endMs)
  await Promise.race([ended, late]).finally(() => clearTimeout(timer))
}
