import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type Clock, GatehouseError, type LedgerSettings, type LedgerStatus, messageOf } from '../../core/mod.ts'
import { type CommitBell, hangBell } from './commit-bell.ts'
import { ledgerStates, readGauge, wakeLedger, words } from './control-block.ts'
import { endsOfDeadThread, cutOffRecord, type RouteNames } from './dead-thread.ts'
import { jsonBytesMax } from './envelope.ts'
import { countBusyRows } from './inflight-table.ts'
import { type LedgerReader, openBoundedReader } from './ledger-reader.ts'
import { type LedgerWorker, startLedgerWorker } from './ledger-worker.ts'
import { lockLedger } from './lock.ts'
import { type LedgerLog, ledgerLogs, logIdOf } from './logs.ts'
import { ThreadRecordLog } from './record-log-thread.ts'
import { type Recovered, recoverLog, type RecoveryNotice } from './recovery.ts'
import { ringBytesIn } from './ring.ts'
import type { LedgerSlot } from './slot.ts'
import {
  allocateSpine,
  clearRing,
  readRingWord,
  ringBytesUsed,
  type RingMemory,
  slotOf,
  type SpineMemory,
} from './spine-memory.ts'
import { stalledAfterMs, type StallWatch, watchBeat } from './stall-watch.ts'

export interface LedgerOptions {
  /** The ledger's folder; whoever may write to it may rewrite history. Made (0700) when it is not there. */
  readonly dir: string
  /** Gateway threads; each gets a ring. */
  readonly threads: number
  readonly settings: LedgerSettings
  readonly clock: Clock
  /**
   * Requests under way at once per thread.
   * @default 16384
   */
  readonly inflightMax?: number
  /** Called once when nothing more will become durable: a write failed, or the ledger was silent for `stallMs`. The process must end. */
  readonly onFailed: (why: string) => void
  /** Names for the records of requests whose thread died; null where the index is unknown. */
  readonly routeOf?: (thread: number, routeIndex: number) => RouteNames | null
  /**
   * Where ring positions begin, a multiple of 4: tests begin just before 32 bits wrap.
   * @default 0
   */
  readonly firstPosition?: number
}

/** How the ledger is, with its rings. */
export interface LedgerReport extends LedgerStatus {
  readonly threads: readonly {
    readonly thread: number
    readonly inflight: number
    readonly ringBytesUsed: number
    readonly ringBytes: number
  }[]
}

/** Main's side of the ledger. */
export interface Ledger extends AsyncDisposable {
  /** Writes that a crash had cut off, found when the ledger was opened. */
  readonly notices: readonly RecoveryNotice[]
  /** What a gateway thread needs, with a fresh port to transfer. For a second time only after `threadDied`. */
  slot(thread: number): { readonly slot: LedgerSlot; readonly port: MessagePort }
  /**
   * Ends what a dead thread left: waits until its ring is on disk, then writes one `aborted` record for each request that
   * has no terminal record, and an `amended` one where the answer never left. Resolves, with the number of aborted ones,
   * when they are durable; the slot is free then.
   */
  threadDied(thread: number): Promise<number>
  /** Resolves when the record is durable. Rejects with `ledger_poisoned` or `ledger_closed` when it cannot be known to be. */
  append(log: LedgerLog, json: string): Promise<void>
  status(): LedgerReport
  /** Committed records, while the writer runs. */
  reader(): LedgerReader
  /** Calls back soon, at most each 10 ms, after the ledger grew; once soon after the call too if it is not empty. */
  onCommit(listener: () => void): Disposable
  /** Writes what the rings hold, and ends the ledger thread. The gateway threads are drained before. */
  close(): Promise<void>
}

const inflightMaxDefault = 16_384

/**
 * Locks, recovers and opens the ledger, and ends every answer that the last crash cut off.
 * Throws `ledger_locked`, `ledger_corrupt` with file and offset, or `ledger_unreadable`.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { dir, settings } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  await using opened = new AsyncDisposableStack()
  opened.use(lockLedger(dir))
  const recovered = ledgerLogs.map((log) => recover(dir, log))
  const spine = allocateSpine({
    threads: options.threads,
    settings,
    inflightMax: options.inflightMax ?? inflightMaxDefault,
    firstPosition: options.firstPosition ?? 0,
  })
  const bell = opened.use(hangBell(spine.control))
  const worker = await startLedgerWorker({
    setup: {
      dir,
      boot: randomBytes(16),
      paceMs: settings.paceMs,
      controlBlock: spine.controlBlock,
      rings: spine.rings.concat(spine.main),
      positions: recovered.map((log) => log.position),
    },
    onCommitted: () => bell.rung(),
    onFailed: options.onFailed,
    endMs: settings.stallMs,
  })
  opened.use(worker)
  const watch = opened.use(
    watchBeat({
      beat: () => Atomics.load(spine.control.ints, words.beat),
      clock: options.clock,
      stallMs: settings.stallMs,
      onStall: (silentMs) => worker.fail(`the ledger thread was silent for ${Math.round(silentMs)} ms`),
    }),
  )
  const notices = recovered.flatMap((log) => log.notices)
  const ledger = new OpenLedger(options, { spine, worker, watch, bell, notices })
  for (const cut of recovered[0]?.open.values() ?? []) await ledger.append('access', cutOffRecord(cut, 'process_died'))
  ledger.owns(opened.move())
  return ledger
}

/** What the file system refuses, told as what it means. */
function recover(dir: string, log: LedgerLog): Recovered {
  try {
    return recoverLog(dir, log)
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause
    throw new GatehouseError('ledger_unreadable', `Cannot recover the ledger in ${dir}: ${messageOf(cause)}`, { cause })
  }
}

interface Parts {
  readonly spine: SpineMemory
  readonly worker: LedgerWorker
  readonly watch: StallWatch
  readonly bell: CommitBell
  readonly notices: readonly RecoveryNotice[]
}

/** How long a drain is polled between looks. */
const lookMs = 1
/** Records of a dead thread that are under way at once. */
const endsAtOnce = 256

class OpenLedger implements Ledger {
  readonly notices: readonly RecoveryNotice[]
  readonly #options: LedgerOptions
  readonly #parts: Parts
  /** Main writes like any thread, but waits as long as the ledger may be silent: there is nobody to refuse. */
  readonly #log: ThreadRecordLog
  readonly #port: MessagePort
  #resources: AsyncDisposable | null = null
  #closing: Promise<void> | null = null

  constructor(options: LedgerOptions, parts: Parts) {
    const { spine } = parts
    this.#options = options
    this.#parts = parts
    this.notices = parts.notices
    this.#port = this.#attach(spine.main)
    const settings = { ...options.settings, waitMs: options.settings.stallMs }
    this.#log = new ThreadRecordLog({
      slot: slotOf(spine, spine.main, settings),
      port: this.#port,
      clock: options.clock,
    })
  }

  /** Takes over what is to be closed with it. */
  owns(resources: AsyncDisposable): void {
    this.#resources = resources
  }

  slot(thread: number): { readonly slot: LedgerSlot; readonly port: MessagePort } {
    const ring = this.#ringOf(thread)
    return { slot: slotOf(this.#parts.spine, ring, this.#options.settings), port: this.#attach(ring) }
  }

  async threadDied(thread: number): Promise<number> {
    const { spine } = this.#parts
    const ring = this.#ringOf(thread)
    wakeLedger(spine.control) // the thread may have died between moving its head and waking the ledger
    await this.#drained(ring)
    const reader = this.reader()
    const ends = endsOfDeadThread({
      thread,
      ring,
      head: readRingWord(spine, ring, 'head'),
      owed: readRingWord(spine, ring, 'owed'),
      wallMs: this.#options.clock.wallMs(),
      routeOf: (index) => this.#options.routeOf?.(thread, index) ?? null,
      openedAt: (seq) => reader.read(seq, { bytesMax: 0, recordsMax: 1 })[0]?.bytes ?? null,
    })
    for (let i = 0; i < ends.records.length; i += endsAtOnce) {
      await Promise.all(ends.records.slice(i, i + endsAtOnce).map((record) => this.append('access', record)))
    }
    clearRing(spine, ring)
    return ends.aborted
  }

  async append(log: LedgerLog, json: string): Promise<void> {
    const bytes = Buffer.byteLength(json)
    if (bytes > jsonBytesMax)
      throw new GatehouseError('invalid_argument', `Cannot record ${bytes} bytes: at most ${jsonBytesMax}`)
    const reservation = await this.#log.reserveIn(logIdOf(log), noRequest, bytes)
    if (reservation === null) throw this.#lost('it has no room')
    try {
      reservation.finish(json)
      const durable = await reservation.durable()
      if (durable !== 'durable') throw this.#lost('the record may not be on disk')
    } finally {
      reservation.close()
    }
  }

  status(): LedgerReport {
    const { spine, watch, worker } = this.#parts
    const { control } = spine
    const beatAgeMs = Math.round(watch.silentMs)
    const failed = worker.failed || Atomics.load(control.ints, words.state) === ledgerStates.failed
    const rings = [...spine.rings, spine.main]
    return {
      state: failed ? 'failed' : beatAgeMs > stalledAfterMs ? 'stalled' : 'ok',
      size: readGauge(control, 'accessSize'),
      beatAgeMs,
      commits: readGauge(control, 'commits'),
      bytes: readGauge(control, 'bytes'),
      late: rings.reduce((late, ring) => late + readRingWord(spine, ring, 'late'), 0),
      threads: spine.rings.map((ring) => ({
        thread: ring.ring,
        inflight: countBusyRows(ring.inflight),
        ringBytesUsed: ringBytesUsed(spine, ring),
        ringBytes: ringBytesIn(ring.memory),
      })),
    }
  }

  reader(): LedgerReader {
    const { control } = this.#parts.spine
    return openBoundedReader(this.#options.dir, (log) =>
      readGauge(control, log === 'access' ? 'accessSize' : 'auditSize'),
    )
  }

  onCommit(listener: () => void): Disposable {
    return this.#parts.bell.listen(listener)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { control } = this.#parts.spine
    Atomics.store(control.ints, words.stop, 1)
    wakeLedger(control)
    await this.#resources?.[Symbol.asyncDispose]()
    this.#port.close()
  }

  async #drained(ring: RingMemory): Promise<void> {
    const { spine, worker } = this.#parts
    while (ringBytesUsed(spine, ring) !== 0) {
      if (worker.failed) throw this.#lost('a dead thread left records')
      await new Promise((resolve) => setTimeout(resolve, lookMs)) // ends: a ledger that does not drain fails after stallMs
    }
  }

  #attach(ring: RingMemory): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#parts.worker.attach(ring.ring, port2)
    wakeLedger(this.#parts.spine.control)
    return port1
  }

  #ringOf(thread: number): RingMemory {
    const ring = this.#parts.spine.rings[thread]
    if (ring === undefined) throw new GatehouseError('invalid_argument', `There is no gateway thread ${thread}`)
    return ring
  }

  #lost(why: string): GatehouseError {
    if (this.#closing !== null) return new GatehouseError('ledger_closed', `The ledger is closed: ${why}`)
    return new GatehouseError('ledger_poisoned', `The ledger takes no records: ${why}`)
  }
}

const noRequest = { requestId: '0'.repeat(32), receivedAtMs: 0, routeIndex: -1 }
