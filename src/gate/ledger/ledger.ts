import { MessageChannel, type MessagePort } from 'node:worker_threads'
import {
  type AccessEvent,
  type AuditEvent,
  type Clock,
  decodeAccessEvent,
  GatehouseError,
  type LedgerSettings,
  type LedgerStatus,
} from '../../core/mod.ts'
import type { CommitBell } from './commit-bell.ts'
import { ledgerStates, readGauge, wakeLedger, words } from './control-block.ts'
import { endsOfDeadThread, type RouteNames } from './dead-thread.ts'
import type { AskRoom } from './disk-watch.ts'
import { countBusyRows } from './inflight-table.ts'
import type { KeeperPace } from './keeper/keeper-messages.ts'
import type { Keeping } from './keeping.ts'
import { type LedgerFiles, openLedgerFiles } from './ledger-files.ts'
import { type LedgerReader, openBoundedReader } from './ledger-reader.ts'
import type { LedgerWorker } from './ledger-worker.ts'
import { ThreadRecordLog } from './record-log-thread.ts'
import type { RecoveryNotice } from './recovery.ts'
import { ringBytesIn } from './ring.ts'
import type { RecordOpener } from './seal/record-opener.ts'
import type { SealingSlot } from './seal/thread-sealer.ts'
import type { LedgerSlot } from './slot.ts'
import { clearRing, readRingWord, ringBytesUsed, type RingMemory, slotOf, type SpineMemory } from './spine-memory.ts'
import { stalledAfterMs, type StallWatch } from './stall-watch.ts'

export interface LedgerOptions {
  /**
   * The ledger's folder; whoever may write to it may rewrite history. Made (0700) when it is not there. Beside it lie `keys`,
   * with the root key, and `keystore`: who may read both may read every record.
   */
  readonly dir: string
  /**
   * The node's name, written into the origins of the logs when they are made, and never again.
   * @default the name of the host
   */
  readonly node?: string
  /**
   * How often the logs are signed and re-read.
   * @default once a second; 4 MiB/s, each 10 minutes
   */
  readonly keeperPace?: Partial<KeeperPace>
  /**
   * How much room there is on the disk of a folder.
   * @default what the file system says
   */
  readonly askRoom?: AskRoom
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
  /** 16 hex digits that stand in every record of this start. */
  readonly boot: string
  /** Resolves when the event's record is durable. Rejects with `ledger_poisoned` or `ledger_closed` when it cannot be known to be. */
  append(event: AccessEvent): Promise<void>
  /** The same for the audit log. */
  audit(event: AuditEvent): Promise<void>
  status(): LedgerReport
  /** Committed records, while the writer runs. */
  reader(): LedgerReader
  /** The published form of both logs: what the newest checkpoints cover. */
  readonly files: LedgerFiles
  /** Calls back soon, at most each 50 ms, after the ledger grew; once soon after the call too if it is not empty. */
  onCommit(listener: () => void): Disposable
  /** Writes what the rings hold, signs it, and ends the ledger's threads. The gateway threads are drained before. */
  close(): Promise<void>
}

/** What a ledger is made of. */
export interface LedgerParts {
  readonly sealing: SealingSlot
  readonly opener: RecordOpener
  readonly spine: SpineMemory
  readonly worker: LedgerWorker
  readonly watch: StallWatch
  readonly bell: CommitBell
  readonly keeping: Keeping
  readonly notices: readonly RecoveryNotice[]
}

/** How long a drain is polled between looks. */
const lookMs = 1
/** Records of a dead thread that are under way at once. */
const endsAtOnce = 256

/** A ledger whose threads run. */
export class OpenLedger implements Ledger {
  readonly files: LedgerFiles
  readonly notices: readonly RecoveryNotice[]
  readonly #options: LedgerOptions
  readonly #parts: LedgerParts
  /** Main writes like any thread, but waits as long as the ledger may be silent: there is nobody to refuse. */
  readonly #log: ThreadRecordLog
  readonly #port: MessagePort
  #resources: AsyncDisposable | null = null
  #closing: Promise<void> | null = null

  constructor(options: LedgerOptions, parts: LedgerParts) {
    const { spine } = parts
    this.#options = options
    this.#parts = parts
    this.notices = parts.notices
    this.files = openLedgerFiles(options.dir)
    this.#port = this.#attach(spine.main)
    const settings = { ...options.settings, waitMs: options.settings.stallMs }
    this.#log = new ThreadRecordLog({
      slot: slotOf(spine, spine.main, { settings, sealing: parts.sealing }),
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
    const { settings } = this.#options
    const { spine, sealing } = this.#parts
    return { slot: slotOf(spine, ring, { settings, sealing }), port: this.#attach(ring) }
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
      openedAt: (seq) => {
        const record = reader.read(seq, { bytesMax: 0, recordsMax: 1 })[0]
        return record === undefined ? null : decodeAccessEvent(record.bytes)
      },
    })
    for (let i = 0; i < ends.events.length; i += endsAtOnce) {
      await Promise.all(ends.events.slice(i, i + endsAtOnce).map((event) => this.append(event)))
    }
    clearRing(spine, ring)
    return ends.aborted
  }

  get boot(): string {
    return this.#parts.sealing.boot
  }

  async append(event: AccessEvent): Promise<void> {
    await this.#durable(this.#log.writeSoon(event))
  }

  async audit(event: AuditEvent): Promise<void> {
    await this.#durable(this.#log.auditSoon(event))
  }

  status(): LedgerReport {
    const { spine, watch, worker, keeping } = this.#parts
    const { control } = spine
    const size = readGauge(control, 'accessSize')
    const beatAgeMs = Math.round(watch.silentMs)
    const failed = worker.failed || Atomics.load(control.ints, words.state) === ledgerStates.failed
    const rings = [...spine.rings, spine.main]
    return {
      state: failed ? 'failed' : beatAgeMs > stalledAfterMs ? 'stalled' : 'ok',
      size,
      ...keeping.status({ access: size, audit: readGauge(control, 'auditSize') }),
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
    return openBoundedReader(this.#options.dir, {
      sizeOf: (log) => readGauge(control, log === 'access' ? 'accessSize' : 'auditSize'),
      opener: this.#parts.opener,
    })
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

  async #durable(written: Promise<number | null>): Promise<void> {
    const end = await written
    if (end === null) throw this.#lost('it has no room')
    if ((await this.#log.waitDurable(end)) !== 'durable') throw this.#lost('the record may not be on disk')
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
