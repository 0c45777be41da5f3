import type { MessagePort } from 'node:worker_threads'
import type { Clock } from '../../core/mod.ts'
import { ledgerStates, ringWordAt, words } from './control-block.ts'
import { cutBytesMin, fitRecord } from './cut-record.ts'
import { DurableWaits } from './durable-waits.ts'
import { jsonBytesMax } from './envelope.ts'
import { InflightRows } from './inflight-table.ts'
import { gapRecord, OwedRecords } from './owed-records.ts'
import type { Durable, InflightFacts, RecordLog, Reservation } from './record-log.ts'
import { frameBytesOfJson, frameMarks, frameMeta, RingWriter, viewRing } from './ring.ts'
import { RoomWaits } from './room-waits.ts'
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

/** A record's way from the thread that learnt it: room, frame, wake-up, release. Also main's own end of the spine. */
export class ThreadRecordLog implements RecordLog {
  readonly #slot: LedgerSlot
  readonly #clock: Clock
  readonly #words: Int32Array
  readonly #ring: RingWriter
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

  reserve(facts: InflightFacts, recordBytesMax: number): Reservation | null {
    if (!this.#rooms.empty || this.failed) return null // those who wait come first
    return this.#reserveNow(facts, recordBytesMax, 0)
  }

  reserveSoon(facts: InflightFacts, recordBytesMax: number): Promise<Reservation | null> {
    return this.reserveIn(0, facts, recordBytesMax)
  }

  /** `reserveSoon` for either log. */
  reserveIn(log: number, facts: InflightFacts, recordBytesMax: number): Promise<Reservation | null> {
    return this.#whenRoom(() => this.#reserveNow(facts, recordBytesMax, log))
  }

  append(record: string): void {
    if (this.#owed.empty && this.#appendNow(record)) return
    this.#owed.add(record)
    Atomics.add(this.#words, this.#at.late, 1)
    Atomics.store(this.#words, this.#at.owed, this.#owed.count)
    this.#watch()
  }

  /** Writes a frame into room that is reserved; `frameBytes` of it are given back. */
  writeReserved(
    frame: { readonly row: number; readonly meta: number; readonly terminal: boolean },
    json: string,
    frameBytes: number,
  ): number {
    const end = this.#ring.write(frame.meta, json)
    if (frame.terminal) this.#rows.finished(frame.row, end)
    this.#ring.publish(end)
    this.#ring.giveBack(frameBytes)
    return end
  }

  /** Writes into room of its own when there is some; the frame's end, or null. */
  async writeSoon(meta: number, json: string): Promise<number | null> {
    const frameBytes = frameBytesOfJson(Buffer.byteLength(json))
    return await this.#whenRoom(() => {
      if (!this.#ring.reserve(frameBytes)) return null
      return this.writeReserved({ row: 0, meta, terminal: false }, json, frameBytes)
    })
  }

  waitDurable(end: number): Promise<Durable> {
    if (this.failed) return ((this.#ring.tail() - end) | 0) >= 0 ? always : never
    const joined = this.#durables.join(end, Atomics.load(this.#words, this.#at.taken))
    if (joined !== null) return joined
    if (((this.#ring.tail() - end) | 0) >= 0) return always
    const wait = this.#durables.begin(end, this.#clock.monotonicMs() + this.#slot.settings.waitMs)
    this.#watch()
    return wait
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

  #reserveNow(facts: InflightFacts, recordBytesMax: number, log: number): Reservation | null {
    const bytesMax = Math.min(Math.max(recordBytesMax, cutBytesMin), jsonBytesMax)
    if (this.#rows.full || !this.#ring.reserve(frameBytesOfJson(bytesMax))) return null
    return new RingReservation(this, { row: this.#rows.take(facts), bytesMax, log })
  }

  #appendNow(record: string): boolean {
    const json = fitRecord(record, jsonBytesMax)
    const frameBytes = frameBytesOfJson(Buffer.byteLength(json))
    if (!this.#ring.reserve(frameBytes)) return false
    this.writeReserved(
      { row: 0, meta: frameMeta({ log: 0, mark: frameMarks.none, row: 0 }), terminal: false },
      json,
      frameBytes,
    )
    return true
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
    if (!this.#owed.empty) this.#flushOwed()
    this.#rooms.serve()
  }

  get #idle(): boolean {
    return this.#durables.empty && this.#rooms.empty && this.#owed.empty
  }

  #flushOwed(): void {
    const { thread } = this.#slot
    this.#owed.flush(
      (record) => this.#appendNow(record),
      (lost) => gapRecord({ lost, thread, wallMs: this.#clock.wallMs(), why: 'the ledger had no room' }),
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
  readonly #facts: { readonly row: number; readonly bytesMax: number; readonly log: number }
  /** Room that is still set aside. */
  #frameBytes: number
  /** End of the newest frame, null before the first. */
  #end: number | null = null
  #opened = false
  #closed = false

  constructor(log: ThreadRecordLog, facts: { readonly row: number; readonly bytesMax: number; readonly log: number }) {
    this.#log = log
    this.#facts = facts
    this.#frameBytes = frameBytesOfJson(facts.bytesMax)
  }

  /** Resolves when the record is durable, since the answer's first byte follows. */
  async opened(record: string): Promise<boolean> {
    const { row, log } = this.#facts
    const end = await this.#log.writeSoon(
      frameMeta({ log, mark: frameMarks.opens, row }),
      fitRecord(record, jsonBytesMax),
    )
    if (end === null) return false
    this.#opened = true
    this.#end = end
    return (await this.#log.waitDurable(end)) === 'durable'
  }

  finish(record: string): void {
    if (this.#frameBytes === 0) return // a second terminal record must not be
    const { row, bytesMax, log } = this.#facts
    const meta = frameMeta({ log, mark: this.#opened ? frameMarks.ends : frameMarks.none, row })
    this.#end = this.#log.writeReserved({ row, meta, terminal: true }, fitRecord(record, bytesMax), this.#frameBytes)
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
