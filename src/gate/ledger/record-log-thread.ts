import type { MessagePort } from 'node:worker_threads'
import type { AccessEvent, AuditEvent, Clock } from '../../core/mod.ts'
import { ledgerStates, ringWordAt, words } from './control-block.ts'
import { cutBytesMin } from './cut-event.ts'
import { DurableWaits } from './durable-waits.ts'
import { InflightRows } from './inflight-table.ts'
import { gapEvent, OwedRecords } from './owed-records.ts'
import type { Durable, InflightFacts, RecordLog, Reservation } from './record-log.ts'
import { frameBytesOf, frameMarks, frameMeta, keyRowFrame, RingWriter, viewRing } from './ring.ts'
import { RoomWaits } from './room-waits.ts'
import { rowBytesMax } from './seal/key-rows.ts'
import { recordBytesOf, textBytesMax } from './seal/layout.ts'
import { type SealingRecord, ThreadSealer } from './seal/thread-sealer.ts'
import type { LedgerSlot } from './slot.ts'

/** What `openRecordLog` needs. */
export interface RecordLogOptions {
  readonly slot: LedgerSlot
  /** Came with the slot; the ledger wakes the thread through it. */
  readonly port: MessagePort
  readonly clock: Clock
}

/**
 * Opens a thread's end of its ring. One per slot: main hands the slot of a dead thread to the next one only after
 * everything the dead one wrote is durable.
 */
export function openRecordLog(options: RecordLogOptions): RecordLog {
  return new ThreadRecordLog(options)
}

const tickMsMin = 5
const tickMsMax = 100
const always: Promise<Durable> = Promise.resolve('durable')
const never: Promise<Durable> = Promise.resolve('failed')

/** Room for a record whose texts have so many bytes, and for the row of a key that it may be the first to need. */
function roomOf(textBytes: number): number {
  return frameBytesOf(recordBytesOf(textBytes)) + frameBytesOf(rowBytesMax)
}

const keyRowMeta = frameMeta({ log: keyRowFrame, mark: frameMarks.none, row: 0 })
const accessMeta = frameMeta({ log: 0, mark: frameMarks.none, row: 0 })
const auditMeta = frameMeta({ log: 1, mark: frameMarks.none, row: 0 })

/** A record's way from the thread that learnt it: room, frame, wake-up, release. Also main's own end of the spine. */
export class ThreadRecordLog implements RecordLog {
  readonly #slot: LedgerSlot
  readonly #clock: Clock
  readonly #words: Int32Array
  readonly #ring: RingWriter
  readonly #sealer: ThreadSealer
  readonly #rows: InflightRows
  readonly #durables = new DurableWaits()
  readonly #rooms: RoomWaits
  readonly #owed = new OwedRecords()
  readonly #at: { readonly wait: number; readonly taken: number; readonly late: number; readonly owed: number }
  readonly #tickMs: number
  /** Set while the ledger is to send a message at its next commit. */
  #armed = false
  #timer: NodeJS.Timeout | null = null

  constructor({ slot, port, clock }: RecordLogOptions) {
    const view = viewRing(slot)
    const at = (word: Parameters<typeof ringWordAt>[1]): number => ringWordAt(slot.ring, word)
    this.#slot = slot
    this.#clock = clock
    this.#words = view.control.ints
    this.#ring = new RingWriter(view)
    // The count stays in shared memory, so that a thread that takes the ring over goes on with it.
    const nextCount = (): number => Atomics.add(this.#words, at('keys'), 1)
    this.#sealer = new ThreadSealer(slot.sealing, { ring: slot.ring, nextCount })
    this.#rows = new InflightRows(slot.inflight)
    this.#rooms = new RoomWaits(slot.inflight.byteLength / 64)
    this.#at = { wait: at('wait'), taken: at('taken'), late: at('late'), owed: at('owed') }
    this.#tickMs = Math.min(Math.max(slot.settings.waitMs / 20, tickMsMin), tickMsMax)
    port.on('message', () => {
      this.#armed = false
      this.#progress()
    })
    port.unref() // the timer holds the thread while somebody waits; nothing else does
  }

  get failed(): boolean {
    return Atomics.load(this.#words, words.state) !== ledgerStates.running
  }

  reserve(facts: InflightFacts, bytesMax: number): Reservation | null {
    if (!this.#rooms.empty || this.failed) return null // those who wait come first
    return this.#reserveNow(facts, bytesMax)
  }

  reserveSoon(facts: InflightFacts, bytesMax: number): Promise<Reservation | null> {
    return this.#whenRoom(() => this.#reserveNow(facts, bytesMax))
  }

  append(event: AccessEvent): void {
    if (this.#owed.empty && this.#appendNow(event)) return
    this.#owed.add(event)
    this.#ring.wantAll()
    Atomics.add(this.#words, this.#at.late, 1)
    Atomics.store(this.#words, this.#at.owed, this.#owed.count)
    this.#watch()
  }

  forgetKeys(rowIds: ReadonlySet<string>): number {
    return this.#sealer.forget(rowIds)
  }

  /** Writes a terminal record into room that is reserved, of which `frameBytes` are given back. */
  writeReserved(
    row: { readonly row: number; readonly meta: number; readonly bytesMax: number },
    event: AccessEvent,
  ): number {
    const end = this.#put(row.meta, this.#sealer.access(event, row.bytesMax))
    this.#rows.finished(row.row, end)
    this.#publish()
    return end
  }

  /** Writes an `opened` record into room of its own when there is some; its frame's end and mark, or null. */
  async writeOpened(row: number, event: AccessEvent): Promise<{ readonly end: number; readonly mark: string } | null> {
    const mark = this.#sealer.mark()
    const meta = frameMeta({ log: 0, mark: frameMarks.opens, row })
    const end = await this.#whenRoom(() =>
      this.#writeNow(meta, () => this.#sealer.access({ ...event, opening: mark }, textBytesMax)),
    )
    return end === null ? null : { end, mark }
  }

  /** Writes an event of main's when there is room; the frame's end, or null. */
  writeSoon(event: AccessEvent): Promise<number | null> {
    return this.#whenRoom(() => this.#writeNow(accessMeta, () => this.#sealer.access(event, textBytesMax)))
  }

  /** The same for the audit log. */
  auditSoon(event: AuditEvent): Promise<number | null> {
    return this.#whenRoom(() => this.#writeNow(auditMeta, () => this.#sealer.audit(event)))
  }

  waitDurable(end: number): Promise<Durable> {
    if (this.failed) return ((this.#ring.tail() - end) | 0) >= 0 ? always : never
    this.#ring.want(end)
    const joined = this.#durables.join(end, Atomics.load(this.#words, this.#at.taken))
    if (joined !== null) return joined
    if (((this.#ring.tail() - end) | 0) >= 0) return always
    const wait = this.#durables.begin(end, this.#clock.monotonicMs() + this.#slot.settings.waitMs)
    this.#watch()
    return wait
  }

  /** Gives room back that was set aside; what frames took of it is theirs. */
  giveBack(frameBytes: number): void {
    this.#ring.giveBack(frameBytes)
  }

  markReleased(row: number): void {
    this.#rows.released(row)
  }

  /** Ends a reservation: its row, and the room that no frame took. */
  end(row: number, frameBytes: number): void {
    this.#rows.giveBack(row)
    this.#ring.giveBack(frameBytes)
    if (!this.#rooms.empty) this.#rooms.serve()
  }

  #reserveNow(facts: InflightFacts, wantedBytes: number): Reservation | null {
    const bytesMax = Math.min(Math.max(wantedBytes, cutBytesMin), textBytesMax)
    const frameBytes = roomOf(bytesMax)
    if (this.#rows.full || !this.#ring.reserve(frameBytes)) return null
    return new RingReservation(this, { row: this.#rows.take(facts), bytesMax, frameBytes })
  }

  #appendNow(event: AccessEvent): boolean {
    return this.#writeNow(accessMeta, () => this.#sealer.access(event, textBytesMax)) !== null
  }

  /** The end of the record's frame, or null when there is no room for it. */
  #writeNow(meta: number, encode: () => SealingRecord): number | null {
    const record = encode()
    const frameBytes = roomOf(record.sealer.textBytes)
    if (!this.#ring.reserve(frameBytes)) return null
    try {
      const end = this.#put(meta, record)
      this.#publish()
      return end
    } finally {
      this.#ring.giveBack(frameBytes)
    }
  }

  /** Records that others wait for, to get room behind them, are written at once. */
  #publish(): void {
    this.#ring.publish()
    if (!this.#rooms.empty || !this.#owed.empty) this.#ring.wantAll()
  }

  /** Seals a record into the ring, behind the row of its key where nobody has written that yet. */
  #put(meta: number, { sealer, key }: SealingRecord): number {
    const ring = this.#ring
    const { material } = key
    try {
      if (material.unwrittenRow !== null) {
        material.unwrittenRow.copy(ring.bytes, ring.contentAt)
        ring.add(keyRowMeta, material.unwrittenRow.length)
      }
      const end = ring.add(meta, sealer.write(key, ring.bytes, ring.contentAt))
      material.unwrittenRow = null
      return end
    } catch (error) {
      ring.discard()
      throw error
    }
  }

  /** Tries now unless others wait, then in turn; null when the wait is over. */
  #whenRoom<T>(take: () => T | null): Promise<T | null> {
    if (this.failed) return Promise.resolve(null)
    const taken = this.#rooms.empty ? take() : null
    if (taken !== null) return Promise.resolve(taken)
    const { promise, resolve } = Promise.withResolvers<T | null>()
    const attempt = (): boolean => {
      const found = take()
      if (found !== null) resolve(found)
      return found !== null
    }
    const deadlineMs = this.#clock.monotonicMs() + this.#slot.settings.waitMs
    if (!this.#rooms.add({ attempt, giveUp: () => resolve(null), deadlineMs })) return Promise.resolve(null)
    this.#ring.wantAll()
    this.#watch()
    return promise
  }

  /** Something waits: the ledger's next commit must wake us, and a timer ends what takes too long. */
  #watch(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs)
    if (this.#armed) return
    this.#progress()
  }

  /** Arms first and looks afterwards: a commit between the two is then either seen or announced. */
  #progress(): void {
    if (this.failed) return this.#fail()
    if (this.#idle) return
    this.#armed = true
    Atomics.store(this.#words, this.#at.wait, 1)
    this.#durables.release(this.#ring.tail())
    if (!this.#rooms.empty || !this.#owed.empty) this.#ring.wantAll()
    if (!this.#owed.empty) this.#flushOwed()
    this.#rooms.serve()
  }

  get #idle(): boolean {
    return this.#durables.empty && this.#rooms.empty && this.#owed.empty
  }

  #flushOwed(): void {
    const { thread } = this.#slot
    this.#owed.flush(
      (event) => this.#appendNow(event),
      (lost) => gapEvent({ lost, thread, wallMs: this.#clock.wallMs(), why: 'the ledger had no room' }),
    )
    Atomics.store(this.#words, this.#at.owed, this.#owed.count)
  }

  #tick(): void {
    if (this.failed) this.#fail()
    if (this.failed || this.#idle) {
      if (this.#timer !== null) clearInterval(this.#timer)
      this.#timer = null
      return
    }
    const nowMs = this.#clock.monotonicMs()
    this.#durables.expire(nowMs, this.#ring.tail())
    this.#rooms.expire(nowMs)
  }

  #fail(): void {
    this.#durables.release(this.#ring.tail())
    this.#durables.fail()
    this.#rooms.fail()
  }
}

/** One request's room and row. */
class RingReservation implements Reservation {
  readonly #log: ThreadRecordLog
  readonly #facts: { readonly row: number; readonly bytesMax: number }
  /** Room that is still set aside. */
  #frameBytes: number
  /** End of the newest frame, null before the first. */
  #end: number | null = null
  /** The mark of the `opened` record, null without one. */
  #opening: string | null = null
  #closed = false

  constructor(
    log: ThreadRecordLog,
    facts: { readonly row: number; readonly bytesMax: number; readonly frameBytes: number },
  ) {
    this.#log = log
    this.#facts = facts
    this.#frameBytes = facts.frameBytes
  }

  /** Resolves when the record is durable, since the answer's first byte follows. */
  async opened(event: AccessEvent): Promise<boolean> {
    const written = await this.#log.writeOpened(this.#facts.row, event)
    if (written === null) return false
    this.#opening = written.mark
    this.#end = written.end
    return (await this.#log.waitDurable(written.end)) === 'durable'
  }

  finish(event: AccessEvent): void {
    if (this.#frameBytes === 0) return // a second terminal record must not be
    const { row, bytesMax } = this.#facts
    const opening = this.#opening
    const meta = frameMeta({ log: 0, mark: opening === null ? frameMarks.none : frameMarks.ends, row })
    this.#end = this.#log.writeReserved({ row, meta, bytesMax }, opening === null ? event : { ...event, opening })
    this.#log.giveBack(this.#frameBytes)
    this.#frameBytes = 0
  }

  durable(): Promise<Durable> {
    return this.#end === null ? always : this.#log.waitDurable(this.#end)
  }

  released(): void {
    if (!this.#closed) this.#log.markReleased(this.#facts.row)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#log.end(this.#facts.row, this.#frameBytes)
    this.#frameBytes = 0
  }
}
