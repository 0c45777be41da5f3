import type { MessagePort } from 'node:worker_threads'
import { systemClock } from '../../core/mod.ts'
import { Batch } from './commit.ts'
import { type ControlBlock, ringWordAt, viewControlBlock, words, writeGauge } from './control-block.ts'
import { recordBytesMax, recordHeadBytes } from './envelope.ts'
import { KeyRowWriter } from './key-row-writer.ts'
import { walDirOf, writeOpenMark } from './files.ts'
import { LeafChain } from './leaf-chain.ts'
import { LeafHeadWriter } from './leaf-head.ts'
import { ledgerLogs } from './logs.ts'
import {
  flushBytesOf,
  frameBytesOf,
  frameHeadBytes,
  frameMarks,
  keyRowFrame,
  logOfMeta,
  markOfMeta,
  type RingView,
  rowOfMeta,
  viewRing,
} from './ring.ts'
import { batchBytesMax, noDigest } from './wal-format.ts'
import { type WalPosition, WalWriter } from './wal-writer.ts'

/** What the ledger thread is born with. */
export interface LedgerThreadSetup {
  readonly dir: string
  readonly boot: Uint8Array
  readonly paceMs: number
  /** How long records that nobody waits for may wait for each other. */
  readonly flushMs: number
  readonly control: MessagePort
  readonly controlBlock: SharedArrayBuffer
  readonly rings: readonly LedgerRing[]
  /** Where the leaves of each log are published. */
  readonly leafHeads: SharedArrayBuffer
  /** Where this start's rows of the key store go. */
  readonly keyRowsPath: string
  /** By log id. */
  readonly positions: readonly WalPosition[]
}

/** A ring's memory as the ledger needs it. */
export interface LedgerRing {
  readonly memory: SharedArrayBuffer
  /** By in-flight row: 1 + sequence number of the `opened` record whose answer has not ended, 0 for none. Only the ledger writes. */
  readonly openSeqs: SharedArrayBuffer
}

interface Ring {
  readonly view: RingView
  readonly waitAt: number
  readonly flushBytes: number
  readonly takenAt: number
  readonly openSeqs: Float64Array
  port: MessagePort | null
  /** Taken so far; equals the tail between commits. */
  taken: number
}

interface Log {
  readonly batch: Batch
  readonly writer: WalWriter
  readonly leaves: LeafChain
  readonly head: LeafHeadWriter
  prev: Buffer
  lastUs: number
}

/** Above so many records per commit, on average, there is concurrency, and the next commit waits for its pace. */
const pacedAbove = 1.5

/** Group commit over all rings and both logs. */
export class CommitLoop {
  readonly control: ControlBlock
  readonly words: Int32Array
  readonly #setup: LedgerThreadSetup
  readonly #rings: readonly Ring[]
  #logs: readonly Log[] = []
  #keyRows: KeyRowWriter | null = null
  /** Where the next commit begins to take, so that no ring is always last. */
  #turn = 0
  #recordsPerCommit = 0
  #startedMs = 0
  /** When records were first seen that nobody waits for and that are not written yet. */
  #pendingSinceMs: number | null = null
  #commits = 0
  #bytes = 0

  constructor(setup: LedgerThreadSetup) {
    this.control = viewControlBlock(setup.controlBlock)
    this.words = this.control.ints
    this.#setup = setup
    this.#rings = setup.rings.map(({ memory, openSeqs }, ring) => {
      const view = viewRing({ control: setup.controlBlock, memory, ring })
      const taken = Atomics.load(this.words, view.tailAt)
      return {
        view,
        waitAt: ringWordAt(ring, 'wait'),
        flushBytes: flushBytesOf(view.ringBytes),
        takenAt: ringWordAt(ring, 'taken'),
        openSeqs: new Float64Array(openSeqs),
        port: null,
        taken,
      }
    })
  }

  open(): void {
    const { dir, boot, positions, keyRowsPath } = this.#setup
    this.#keyRows = new KeyRowWriter(keyRowsPath)
    this.#logs = ledgerLogs.map((log, id) => {
      const position = positions[id] ?? { fileSeq: null, offset: 0, nextSeq: 0, prev: noDigest, lastUs: 0, peaks: [] }
      const writer = new WalWriter({
        walDir: walDirOf(dir, log),
        position,
        boot,
        wallMs: () => systemClock.wallMs(),
        beat: () => this.beat(),
      })
      return {
        batch: new Batch(),
        writer,
        leaves: new LeafChain(position.nextSeq),
        head: new LeafHeadWriter(this.#setup.leafHeads, id, { size: position.nextSeq, peaks: position.peaks }),
        prev: Buffer.from(position.prev),
        lastUs: position.lastUs,
      }
    })
    for (const log of this.#logs) publishHead(log)
    this.#publishSizes()
  }

  close(): void {
    this.#keyRows?.[Symbol.dispose]()
    for (const log of this.#logs) log.writer[Symbol.dispose]()
  }

  beat(): void {
    Atomics.add(this.words, words.beat, 1)
  }

  /** Some ring holds something. */
  get pending(): boolean {
    for (const ring of this.#rings) if (Atomics.load(this.words, ring.view.headAt) !== ring.taken) return true
    return false
  }

  /**
   * How long the next commit has time: not at all when somebody waits for it or there is a lot to write, for ever when there
   * is nothing. A sync costs the same for one record and for a thousand, so those that nobody waits for gather until then.
   */
  dueInMs(): number {
    let pending = false
    for (const { view, taken, flushBytes } of this.#rings) {
      const bytes = (Atomics.load(this.words, view.headAt) - taken) | 0
      if (bytes === 0) continue
      if (bytes >= flushBytes) return 0
      const wanted = Atomics.load(this.words, view.wantedAt)
      if (wanted !== 0 && ((wanted - 1 - taken) | 0) > 0) return 0
      pending = true
    }
    if (!pending) return Number.POSITIVE_INFINITY
    if (Atomics.load(this.words, words.stop) === 1) return 0
    const nowMs = systemClock.monotonicMs()
    this.#pendingSinceMs ??= nowMs
    return Math.max(0, this.#pendingSinceMs + this.#setup.flushMs - nowMs)
  }

  /** From now on this port wakes the ring's thread. It is sent one message at once, in place of any that found no port. */
  attach(ring: number, port: MessagePort): void {
    const found = this.#rings[ring]
    if (found === undefined) throw new Error(`there is no ring ${ring}`)
    found.port?.close()
    found.port = port
    port.postMessage(0)
  }

  wakeAll(): void {
    for (const ring of this.#rings) ring.port?.postMessage(0)
  }

  /** One group commit; false when there was nothing to take. */
  commit(): boolean {
    if (!this.pending) return false
    this.#keepPace()
    const us = Math.floor(systemClock.wallMs() * 1000)
    for (const [id, log] of this.#logs.entries()) this.#begin(id, log, us)
    this.#takeAll()
    this.#writeKeyRows()
    let records = 0
    for (const log of this.#logs) records += this.#write(log)
    this.#recordsPerCommit += (records - this.#recordsPerCommit) / 8
    this.#commits++
    this.#publishSizes()
    this.#release()
    // Only now: nobody's answer waits for the leaves.
    for (const log of this.#logs) hashLeaves(log)
    return true
  }

  #keepPace(): void {
    if (this.#recordsPerCommit > pacedAbove) {
      const waitMs = this.#startedMs + this.#setup.paceMs - systemClock.monotonicMs()
      if (waitMs > 0) Atomics.wait(this.words, words.sleep, 0, Math.min(waitMs, this.#setup.paceMs)) // nobody notifies: `sleep` is 0
    }
    this.#startedMs = systemClock.monotonicMs()
    this.#pendingSinceMs = null
  }

  #begin(id: number, log: Log, us: number): void {
    if (log.writer.recordsLeft === 0) this.#rotate(id, log)
    log.lastUs = Math.max(log.lastUs, us) // the machine's clock may be set back, the ledger's time never goes back
    log.batch.begin({ seq: log.writer.nextSeq, recordsMax: log.writer.recordsLeft, us: log.lastUs })
  }

  #rotate(id: number, log: Log): void {
    log.writer.rotate()
    const name = ledgerLogs[id]
    if (name !== 'access') return
    const open = this.#rings.flatMap(({ openSeqs }) => [...openSeqs].filter((seq) => seq !== 0).map((seq) => seq - 1))
    writeOpenMark(this.#setup.dir, name, { at: log.writer.nextSeq, open })
  }

  #takeAll(): void {
    const count = this.#rings.length
    const share = Math.floor(batchBytesMax / count)
    for (let i = 0; i < count; i++) {
      const ring = this.#rings[(this.#turn + i) % count]
      if (ring !== undefined) this.#take(ring, share)
    }
    this.#turn = (this.#turn + 1) % count
  }

  /** Copies frames into their batches, up to the ring's share of a batch or until one does not fit. */
  #take(ring: Ring, bytesMax: number): void {
    const { view } = ring
    const head = Atomics.load(this.words, view.headAt)
    let at = ring.taken
    for (let bytes = 0; at !== head && bytes < bytesMax;) {
      const offset = at & (view.ringBytes - 1)
      const recordBytes = view.ints[offset >> 2] ?? 0
      const meta = view.ints[(offset >> 2) + 1] ?? 0
      if (logOfMeta(meta) === keyRowFrame) {
        if (this.#keyRows?.add(view.bytes, offset + frameHeadBytes, recordBytes) !== true) break
        at = (at + frameBytesOf(recordBytes)) | 0
        continue
      }
      const log = this.#logs[logOfMeta(meta)]
      if (log === undefined || recordBytes < recordHeadBytes || recordBytes > recordBytesMax)
        throw new Error('a ring is damaged')
      if (!log.batch.hasRoom(recordBytes)) break
      const seq = log.batch.add(view.bytes, offset + frameHeadBytes, recordBytes)
      if (markOfMeta(meta) !== frameMarks.none)
        ring.openSeqs[rowOfMeta(meta)] = markOfMeta(meta) === frameMarks.opens ? seq + 1 : 0
      at = (at + frameBytesOf(recordBytes)) | 0
      bytes += recordBytes
    }
    if (at === ring.taken) return
    ring.taken = at
    Atomics.store(this.words, ring.takenAt, at)
  }

  /** Before the records: one that is on disk without its key could never be read. */
  #writeKeyRows(): void {
    if (this.#keyRows === null || this.#keyRows.pendingBytes === 0) return
    this.beat()
    this.#keyRows.write()
    this.beat()
  }

  #write(log: Log): number {
    const { records } = log.batch
    if (records === 0) return 0
    const sealed = log.batch.seal(log.prev)
    log.writer.write(sealed.bytes, records)
    log.prev = sealed.digest
    this.#bytes += sealed.bytes.length
    return records
  }

  #publishSizes(): void {
    writeGauge(this.control, 'accessSize', this.#logs[0]?.writer.nextSeq ?? 0)
    writeGauge(this.control, 'auditSize', this.#logs[1]?.writer.nextSeq ?? 0)
    writeGauge(this.control, 'commits', this.#commits)
    writeGauge(this.control, 'bytes', this.#bytes)
  }

  /** Everything taken is durable: frees it, and tells whoever waits for it. */
  #release(): void {
    for (const ring of this.#rings) {
      const { port } = ring
      if (Atomics.load(this.words, ring.view.tailAt) === ring.taken) continue
      Atomics.store(this.words, ring.view.tailAt, ring.taken)
      const wanted = Atomics.load(this.words, ring.view.wantedAt)
      if (wanted !== 0 && ((wanted - 1 - ring.taken) | 0) <= 0)
        Atomics.compareExchange(this.words, ring.view.wantedAt, wanted, 0) // fails when more is wanted meanwhile
      // Without a port the wish stays, and the port's first message grants it.
      if (port !== null && Atomics.exchange(this.words, ring.waitAt, 0) === 1) port.postMessage(0)
    }
    const { control: port } = this.#setup
    if (Atomics.exchange(this.words, words.commitWait, 0) === 1) port.postMessage({ type: 'committed' })
  }
}

function hashLeaves(log: Log): void {
  if (log.batch.records === 0) return
  log.batch.addTo(log.leaves)
  publishHead(log)
}

function publishHead({ head, leaves, writer }: Log): void {
  head.publish({ size: leaves.size, block: leaves.block, file: writer.file })
}
