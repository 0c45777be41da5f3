import { GatehouseError, hasCode, type LedgerRecord, messageOf } from '../../core/mod.ts'
import type { AggregateAnswer, QueryIndex, SearchAnswer, SeriesAnswer } from '../../desk/query/mod.ts'
import type { RecordPack } from './query-messages.ts'
import { type QueryWorker, startQueryWorker } from './query-worker.ts'

export interface QueryIndexOptions {
  /** The folder of the index; made where there is none. */
  readonly path: string
  /** 32 bytes: whoever has them can read the index. */
  readonly key: Uint8Array
  /** Consecutive records of the ledger from a place on, to build again what was lost; throws while no gate is there. */
  readonly read: (from: number, recordsMax: number) => Promise<readonly LedgerRecord[]>
  /** Told of what is mended or tried again. */
  readonly onProblem: (why: string) => void
  /** Requests older than this are forgotten. @default 30 days */
  readonly keepMs?: number
  /** Most bytes on disk; the oldest go first. @default 10 GiB */
  readonly bytesMax?: number
  /** Most memory of the engine. @default 256 MiB */
  readonly memoryBytesMax?: number
  /** Rows of one file; so many wait in memory at most. @default 16,384 */
  readonly segmentRowsMax?: number
  /** The longest time that a row waits to be written. @default 30,000 */
  readonly segmentMsMax?: number
  /** Between two tries to build again what was lost. @default 5,000 */
  readonly retryMs?: number
}

/** Records that are read at once to build again what was lost. */
const fillRecords = 2_000
const answerSlackMs = 10_000

/**
 * The query index in a folder: segments of rows, each sealed, and an engine that has them in memory alone. All of it but what
 * hands records over runs in a thread.
 */
export async function openEmbeddedQueryIndex(options: QueryIndexOptions): Promise<QueryIndex> {
  const { path, key, read, onProblem, retryMs = 5_000 } = options
  const { keepMs = 30 * 86_400_000, bytesMax = 10 * 1024 ** 3, memoryBytesMax = 256 * 1024 ** 2 } = options
  const { segmentRowsMax = 16_384, segmentMsMax = 30_000 } = options
  const closing = new AbortController()
  let next = 0
  /** Records that the log has at least; null before it was said. */
  let logSize: number | null = null
  let begun: Promise<unknown> = Promise.resolve()
  const worker = await startQueryWorker(
    { path, key, keepMs, bytesMax, memoryBytesMax, segmentRowsMax, segmentMsMax },
    {
      onReady: (from) => {
        // A thread that was started again must not take a log that grew since for another one.
        if (logSize !== null) begin(Math.max(logSize, next))
        next = from
      },
      onGap: () => mending.look(),
      onProblem,
    },
  )
  const mending = openMending({ worker, read, onProblem, retryMs, signal: closing.signal })

  const begin = (size: number): void => {
    logSize = size
    const asked = async (): Promise<void> => {
      const { next: from } = await worker.ask('begin', size)
      next = from
      mending.look()
    }
    begun = asked().catch((error: unknown) => onProblem(messageOf(error)))
  }
  return {
    name: 'query',
    cursor: async () => {
      await begun
      return next
    },
    begin,
    follow: async (batch) => {
      const pack = packed(batch)
      const { next: from } = await worker.ask('follow', pack, { transfer: buffersOf(pack) })
      next = from
    },
    // The thread answers with what the port says of each.
    search: async (query) => (await worker.ask('search', query, waitFor(query))) as SearchAnswer,
    aggregate: async (query) => (await worker.ask('aggregate', query, waitFor(query))) as AggregateAnswer,
    series: async (query) => (await worker.ask('series', query, waitFor(query))) as SeriesAnswer,
    coverage: async () => await worker.ask('coverage', null),
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await mending.done()
      await worker[Symbol.asyncDispose]()
    },
  }
}

/** A question says itself when its time is over; only a thread that does not is given up. */
function waitFor({ deadlineMs = 0 }: { readonly deadlineMs?: number }): { readonly waitMs: number } {
  return { waitMs: deadlineMs + answerSlackMs }
}

interface MendingParts extends Pick<QueryIndexOptions, 'read' | 'onProblem'> {
  readonly worker: QueryWorker
  readonly retryMs: number
  readonly signal: AbortSignal
}

/** Reads from the ledger again what is missing, one gap after the other, and never twice at a time. */
function openMending({ worker, read, onProblem, retryMs, signal }: MendingParts): {
  look(): void
  done(): Promise<void>
} {
  let mending: Promise<void> | null = null
  const mend = async (): Promise<void> => {
    while (!signal.aborted) {
      const gap = await worker.ask('gap', null)
      if (gap === null) return
      const records = await read(gap.seqFrom, Math.min(fillRecords, gap.seqTo - gap.seqFrom))
      if (records.length === 0)
        throw new GatehouseError('unreachable', `The ledger has no record ${gap.seqFrom} to build the query index from`)
      const pack = packed(records)
      await worker.ask('fill', pack, { transfer: buffersOf(pack) })
    }
  }
  const mendOn = async (): Promise<void> => {
    for (;;) {
      try {
        return await mend()
      } catch (error) {
        if (signal.aborted) return
        if (!hasCode(error, 'unreachable')) onProblem(messageOf(error))
        await pause(retryMs, signal)
      }
    }
  }
  return {
    look: () => {
      mending ??= mendOn().finally(() => (mending = null))
    },
    done: async () => await (mending ?? Promise.resolve()),
  }
}

function packed(records: readonly LedgerRecord[]): RecordPack {
  const ends = new Uint32Array(records.length)
  const recordedAtUs = new Float64Array(records.length)
  let size = 0
  for (const [i, record] of records.entries()) {
    size += record.bytes.length
    ends[i] = size
    recordedAtUs[i] = record.recordedAtUs
  }
  const bytes = new Uint8Array(size)
  for (const [i, record] of records.entries()) bytes.set(record.bytes, i === 0 ? 0 : ends[i - 1])
  return { seq: records[0]?.seq ?? 0, recordedAtUs, ends, bytes }
}

function buffersOf({ recordedAtUs, ends, bytes }: RecordPack): readonly ArrayBuffer[] {
  return [recordedAtUs.buffer, ends.buffer, bytes.buffer]
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (signal.aborted) resolve()
  await promise
  clearTimeout(timer)
}
