/**
 * The thread of the query index: everything that takes long, so that the desk's own thread is never held up. Follows are taken
 * while a question runs; questions are answered one after the other.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { GatehouseError, type LedgerRecord, messageOf, systemClock } from '../../core/mod.ts'
import { openAtRest } from '../../crypto/mod.ts'
import type { AggregateQuery, SearchQuery, SeriesQuery } from '../../desk/query/mod.ts'
import { type AnswerSource, answerAggregate, answerSearch, answerSeries } from './query-answers.ts'
import { openFolder } from './query-folder.ts'
import type { FromQueryThread, QueryThreadSetup, RecordPack, ToQueryThread } from './query-messages.ts'
import { openStore } from './query-store.ts'
import { openTables } from './query-tables.ts'

const tickMs = 1_000

// Given by the one who started this thread, and nobody else.
const setup = workerData as QueryThreadSetup
const port = parentPort
if (port === null) throw new GatehouseError('thread_failed', 'The query index runs in a thread of its own')
const tell = (message: FromQueryThread): void => port.postMessage(message)

const clock = systemClock
const { path, keepMs, bytesMax, segmentRowsMax, segmentMsMax, memoryBytesMax } = setup
const sealer = openAtRest(setup.key).sealer('segments')
const folder = openFolder({ path, sealer, clock, keepMs, bytesMax, segmentRowsMax })
const store = openStore({ folder, clock, segmentRowsMax, segmentMsMax })
const tables = await openTables({ memoryBytesMax })

/** A segment was found damaged, or is missing since the start. Told again and again: who mends may have stopped before. */
const tellGap = (): void => {
  if (store.gap() !== null) tell({ type: 'gap' })
}

let question: Promise<unknown> = Promise.resolve()
const inTurn = async (answer: (source: AnswerSource) => Promise<unknown>): Promise<unknown> => {
  const asked = clock.monotonicMs()
  const source: AnswerSource = { tables, clock, asked, cover: (query) => store.cover(query) }
  const run = question.then(async () => await answer(source))
  question = run.catch(() => null)
  return await run
}

const ticking = setInterval(() => {
  try {
    store.tick()
    tellGap()
  } catch {
    // A full disk is told to whoever follows next; what waits is kept.
  }
}, tickMs)

const tasks: Readonly<Record<ToQueryThread['task'], (given: unknown) => unknown>> = {
  follow: (given) => {
    store.follow(unpacked(given as RecordPack))
    return { next: store.next }
  },
  begin: (given) => {
    store.begin(given as number)
    tellGap()
    return { next: store.next }
  },
  gap: () => store.gap(),
  fill: (given) => {
    store.fill(unpacked(given as RecordPack))
    return null
  },
  search: async (given) => await inTurn(async (source) => await answerSearch(source, given as SearchQuery)),
  aggregate: async (given) => await inTurn(async (source) => await answerAggregate(source, given as AggregateQuery)),
  series: async (given) => await inTurn(async (source) => await answerSeries(source, given as SeriesQuery)),
  coverage: () => store.held(),
  close: async () => {
    clearInterval(ticking)
    await question
    store.flush()
    tables[Symbol.dispose]()
    return null
  },
}

port.on('message', (message: ToQueryThread) => void take(message))
tell({ type: 'ready', next: store.next })

async function take({ id, task, given }: ToQueryThread): Promise<void> {
  try {
    tell({ type: 'done', id, answer: await tasks[task](given) })
  } catch (error) {
    const code = error instanceof GatehouseError ? error.code : 'store_unreadable'
    tell({ type: 'failed', id, code, message: messageOf(error) })
  }
}

function unpacked({ seq, recordedAtUs, ends, bytes }: RecordPack): readonly LedgerRecord[] {
  return Array.from(ends, (end, i) => ({
    seq: seq + i,
    recordedAtUs: recordedAtUs[i] ?? 0,
    bytes: bytes.subarray(i === 0 ? 0 : ends[i - 1], end),
  }))
}
