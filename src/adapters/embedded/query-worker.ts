import { Worker } from 'node:worker_threads'
import { type ErrorCode, errorCodes, GatehouseError, messageOf } from '../../core/mod.ts'
import type { FromQueryThread, QueryTask, QueryTasks, QueryThreadSetup, ToQueryThread } from './query-messages.ts'

/** The thread as the desk sees it; it is started again when it died, with what is on disk. */
export interface QueryWorker extends AsyncDisposable {
  /** Throws what the task threw, `thread_failed` when the thread died, `unreachable` when it does not answer in time. */
  ask<T extends QueryTask>(
    task: T,
    given: QueryTasks[T]['given'],
    options?: AskOptions,
  ): Promise<QueryTasks[T]['answer']>
}

export interface AskOptions {
  readonly transfer?: readonly ArrayBuffer[]
  /** @default 60,000 */
  readonly waitMs?: number
}

export interface WorkerHooks {
  /** The thread is there, and has this as the first place that it has not got. */
  readonly onReady: (next: number) => void
  readonly onGap: () => void
  readonly onProblem: (why: string) => void
}

const readyMs = 20_000
const waitMsDefault = 60_000
const closeMs = 10_000
const restartMs = 1_000

/** Resolves when the thread is there. Throws `thread_failed` when it does not come. */
export async function startQueryWorker(setup: QueryThreadSetup, hooks: WorkerHooks): Promise<QueryWorker> {
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  let asked = 0
  let closing = false
  let worker: Promise<Worker>

  const take = (message: FromQueryThread): void => {
    if (message.type === 'ready') return hooks.onReady(message.next)
    if (message.type === 'gap') return hooks.onGap()
    const who = waiting.get(message.id)
    waiting.delete(message.id)
    // What the thread answers to a task is what the table of tasks says.
    if (message.type === 'done') who?.resolve(message.answer as never)
    else who?.reject(new GatehouseError(codeOf(message.code), message.message))
  }
  const died = (): void => {
    const error = new GatehouseError('thread_failed', 'The thread of the query index died; it is started again')
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    if (closing) return
    hooks.onProblem(error.message)
    worker = pause(restartMs).then(async () => await start({ setup, hooks, take, died }))
    worker.catch((failed: unknown) => hooks.onProblem(messageOf(failed)))
  }
  worker = start({ setup, hooks, take, died })
  await worker

  const ask = async (
    task: QueryTask,
    given: unknown,
    { transfer = [], waitMs = waitMsDefault }: AskOptions = {},
  ): Promise<never> => {
    const running = await worker
    const id = ++asked
    const { promise, resolve, reject } = Promise.withResolvers<never>()
    waiting.set(id, { resolve, reject })
    const timer = setTimeout(() => {
      waiting.delete(id)
      reject(new GatehouseError('unreachable', `The query index did not answer within ${waitMs} ms`))
    }, waitMs)
    running.postMessage({ id, task, given } satisfies ToQueryThread, [...transfer])
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    ask,
    [Symbol.asyncDispose]: async () => {
      closing = true
      await ask('close', null, { waitMs: closeMs }).catch((error: unknown) => hooks.onProblem(messageOf(error)))
      await worker.then(async (running) => await running.terminate()).catch(() => null)
    },
  }
}

interface Starting {
  readonly setup: QueryThreadSetup
  readonly hooks: WorkerHooks
  readonly take: (message: FromQueryThread) => void
  readonly died: () => void
}

async function start({ setup, hooks, take, died }: Starting): Promise<Worker> {
  const file = `./query-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`
  const worker = new Worker(new URL(file, import.meta.url), { workerData: setup })
  const { promise, resolve, reject } = Promise.withResolvers<Worker>()
  let isReady = false
  const late = setTimeout(() => void worker.terminate(), readyMs)
  worker.on('message', (message: FromQueryThread) => {
    isReady ||= message.type === 'ready'
    take(message)
    if (message.type === 'ready') resolve(worker)
  })
  worker.on('error', (error) => hooks.onProblem(messageOf(error)))
  worker.once('exit', () => {
    clearTimeout(late)
    reject(new GatehouseError('thread_failed', 'The thread of the query index did not start'))
    if (isReady) died()
  })
  return await promise.finally(() => clearTimeout(late))
}

function codeOf(code: string): ErrorCode {
  return errorCodes.find((one) => one === code) ?? 'store_unreadable'
}

async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms)
  await promise
}
