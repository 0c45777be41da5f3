import { type Clock, type Documents, type LedgerLog, ledgerLogs, type LedgerRecord, messageOf } from '../../core/mod.ts'
import { type Batch, batchesOf } from './batches.ts'
import { type Cursors, openPlaces, type Places } from './cursors.ts'
import { type Doubts, openDoubts } from './doubts.ts'
import { type Health, openHealth } from './health.ts'
import type { ItemMaker } from './items.ts'
import { openBatch, type Tried } from './outbox.ts'
import { backOffMs, type Pace } from './pace.ts'
import { gapTold, keepRejected, type Rejected } from './rejected.ts'
import type { Sink } from './sink.ts'
import { openWaiting, type Waiting } from './waiting.ts'

export interface WorkerOptions {
  readonly name: string
  readonly sink: Sink
  readonly items: ItemMaker
  /** Consecutive records from `from` on; throws while no gate is there. */
  readonly read: (log: LedgerLog, from: number, recordsMax: number) => Promise<readonly LedgerRecord[]>
  readonly documents: Documents
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly pace: Pace
  /** Told at the first failure in a row, and when deliveries go through again. */
  readonly onChange: (what: { readonly state: 'failing' | 'ok'; readonly why: string }) => void
}

/** How a sink stands. */
export interface WorkerStatus {
  /** `ok`: all goes through; `failing`: it is tried again with back-off; `open`: it failed so often that this will last. */
  readonly state: 'ok' | 'failing' | 'open'
  /** Failures in a row. */
  readonly failures: number
  /** What was said last, by the receiver or on the way to it; null before the first delivery. */
  readonly lastAnswer: string | null
  readonly failingSinceMs: number | null
  readonly deliveredAtMs: number | null
  /** Since the start of this process. */
  readonly delivered: number
  readonly rejected: number
  /** Of each log, the first record that is not acknowledged. */
  readonly next: Cursors
}

/**
 * Takes both logs to one receiver: in order, at least once, from a durable cursor that moves only behind what was
 * acknowledged. A receiver that is away holds up nobody but its own worker.
 */
export interface ExportWorker extends AsyncDisposable {
  /** There is something new. */
  wake(): void
  /** To be called with the size of the access log whenever the gate connects: another ledger is begun anew. */
  begin(accessSize: number): void
  status(): WorkerStatus
}

/** Reads where the sink stands, and begins. */
export async function openExportWorker(options: WorkerOptions): Promise<ExportWorker> {
  const { name: sink, documents, clock, pace } = options
  const places = await openPlaces({ documents, sink, clock, cursorMs: pace.cursorMs })
  const doubts = openDoubts(options.sink.doubtMs)
  const work: Work = { ...options, places, doubts, waiting: openWaiting(), health: openHealth(options) }
  const running = run(work)
  return {
    wake: () => work.waiting.wake(),
    begin: (accessSize) => {
      if (accessSize >= places.next.access) return
      places.backTo({ access: 0, audit: 0 })
      doubts.take()
    },
    status: () => ({ ...work.health.status(), next: { ...places.next } }),
    [Symbol.asyncDispose]: async () => {
      work.waiting.close()
      await running
      // What is not kept is delivered twice.
      await places.keep().catch((error: unknown) => work.health.inside(messageOf(error)))
    },
  }
}

interface Work extends WorkerOptions {
  readonly places: Places
  readonly doubts: Doubts
  readonly waiting: Waiting
  readonly health: Health
}

async function run(work: Work): Promise<void> {
  const { waiting, pace, items, places, health } = work
  while (!waiting.signal.aborted) {
    try {
      let most = 0
      for (const log of ledgerLogs) if (items.wants(log)) most = Math.max(most, await advance(work, log))
      await places.keepWhenDue()
      if (most === 0) await waiting.pause(pace.pollMs)
      if (most < pace.readRecordsMax) await waiting.pause(pace.gatherMs, 'deaf')
    } catch (error) {
      health.inside(messageOf(error))
      await waiting.pause(pace.pollMs, 'deaf')
    }
  }
}

/** Reads and delivers what comes next; tells how many records there were. */
async function advance(work: Work, log: LedgerLog): Promise<number> {
  const { places, pace, items, read } = work
  const { generation } = places
  const records = await read(log, places.next[log], pace.readRecordsMax)
  const first = records[0]
  if (first === undefined || places.generation !== generation) return 0
  if (first.seq > places.next[log]) await skipTo(work, log, first.seq)
  for (const batch of batchesOf({ log, records, items }, pace)) {
    const settled = await deliver(work, log, batch)
    if (!settled || places.generation !== generation) return 1
    places.advance(log, batch.next)
    await places.keepWhenDue()
  }
  return records.length
}

/** What the ledger has no more is told of, and left behind. */
async function skipTo({ name, documents, places }: Work, log: LedgerLog, seq: number): Promise<void> {
  const from = places.next[log]
  const reason = 'the ledger has them no more'
  await documents.write([], [gapTold({ sink: name, log, from, to: seq - 1, records: seq - from, reason })])
  places.advance(log, seq)
}

/** True when all of the batch is delivered or skipped; false when it is begun again elsewhere, or never. */
async function deliver(work: Work, log: LedgerLog, batch: Batch): Promise<boolean> {
  const { name, sink, clock, waiting, health, doubts, places } = work
  const out = openBatch(sink, batch.items)
  const rejected = batch.unreadable.map(({ seq, reason }) => ({ sink: name, log, seq, reason, atMs: clock.wallMs() }))
  const startedMs = clock.monotonicMs()
  while (out.left > 0) {
    const tried = await abortable(out.tryNext(waiting.signal, health.refusesAll()), waiting.signal)
    if (tried === null) return false
    health.note(tried)
    if (tried.kind === 'skipped')
      rejected.push({ sink: name, log, seq: tried.item.seq, reason: tried.answer, atMs: clock.wallMs() })
    if (tried.kind !== 'later') continue
    if (tried.broke && places.backTo(doubts.take())) return false
    await waiting.pause(waitMs(work, tried), 'deaf')
    if (waiting.signal.aborted) return false
  }
  await keep(work, log, rejected)
  if (batch.items.length > 0) doubts.delivered({ log, from: batch.from, startedMs, endedMs: clock.monotonicMs() })
  return true
}

function waitMs({ pace, health, random }: Work, { retryAfterMs }: Extract<Tried, { kind: 'later' }>): number {
  return Math.max(backOffMs(pace, health.failures() - 1, random), retryAfterMs ?? 0)
}

async function keep({ name, documents, health }: Work, log: LedgerLog, rejected: readonly Rejected[]): Promise<void> {
  const [first, last] = [rejected[0], rejected.at(-1)]
  if (first === undefined || last === undefined) return
  const gap = { sink: name, log, from: first.seq, to: last.seq, records: rejected.length, reason: first.reason }
  // The audit log's own records are not told of there: a receiver that refuses them would make one for each.
  await keepRejected(documents, rejected, log === 'audit' ? [] : [gapTold(gap)])
  health.skipped(rejected.length)
}

/** Null when everything closes first. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>()
  const stop = (): void => resolve(null)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
