/**
 * A ring of frames in shared memory, one thread writing and the ledger reading: `i32 bytes | i32 meta | record`, padded to
 * 4 bytes. A frame that begins near the end runs over it into a spill area as long as the longest frame, so a frame is
 * always in one piece and no room is lost at the wrap.
 *
 * The tail moves only when the frames before it are durable: what is not on disk is still in the ring.
 */
import { type ControlBlock, ringWordAt, sleeps, viewControlBlock, wakeLedger, words } from './control-block.ts'
import { recordBytesMax } from './envelope.ts'

/** Bytes of a frame before its record. */
export const frameHeadBytes = 8

/** Room that a record of this length takes in a ring. */
export function frameBytesOf(recordBytes: number): number {
  return frameHeadBytes + ((recordBytes + 3) & ~3)
}

/** What a frame means for the open answer in its row: nothing, it begins here, it ends here. */
export const frameMarks = { none: 0, opens: 1, ends: 2 } as const

/** In place of a log's id: the frame holds a row of the key store, to be on disk before any record behind it. */
export const keyRowFrame = 2

/** The second word of a frame: log id, mark and in-flight row. */
export function frameMeta(frame: { readonly log: number; readonly mark: number; readonly row: number }): number {
  return frame.log | (frame.mark << 8) | (frame.row << 16)
}

export function logOfMeta(meta: number): number {
  return meta & 0xff
}

export function markOfMeta(meta: number): number {
  return (meta >>> 8) & 0xff
}

export function rowOfMeta(meta: number): number {
  return meta >>> 16
}

const frameBytesMax = frameBytesOf(recordBytesMax)

/** Rings are powers of two, so that an offset is a masked position across the wrap of 32 bits too. */
export function ringBytesOf(wantedBytes: number): number {
  return 2 ** Math.max(16, Math.ceil(Math.log2(Math.min(wantedBytes, 2 ** 30))))
}

export function allocateRing(ringBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(ringBytes + frameBytesMax)
}

/** Size of the ring in this memory. */
export function ringBytesIn(memory: SharedArrayBuffer): number {
  return memory.byteLength - frameBytesMax
}

/** Records that nobody waits for are written at the latest when there are so many bytes of them, or half of a small ring. */
export function flushBytesOf(ringBytes: number): number {
  return Math.min(256 * 1024, ringBytes / 2)
}

/** One ring as both its ends see it. */
export interface RingView {
  readonly control: ControlBlock
  readonly bytes: Buffer
  readonly ints: Int32Array
  readonly ringBytes: number
  readonly headAt: number
  readonly tailAt: number
  readonly wantedAt: number
}

export function viewRing(shared: {
  readonly control: SharedArrayBuffer
  readonly memory: SharedArrayBuffer
  readonly ring: number
}): RingView {
  return {
    control: viewControlBlock(shared.control),
    bytes: Buffer.from(shared.memory),
    ints: new Int32Array(shared.memory),
    ringBytes: ringBytesIn(shared.memory),
    headAt: ringWordAt(shared.ring, 'head'),
    tailAt: ringWordAt(shared.ring, 'tail'),
    wantedAt: ringWordAt(shared.ring, 'wanted'),
  }
}

/** The writing end; one per ring and thread. Takes over where a writer before it stopped. */
export class RingWriter {
  readonly #view: RingView
  readonly #words: Int32Array
  #head: number
  /** End of what is written and not published. */
  #end: number
  #tail: number
  #reservedBytes = 0
  readonly #flushBytes: number

  constructor(view: RingView) {
    this.#view = view
    this.#flushBytes = flushBytesOf(view.ringBytes)
    this.#words = view.control.ints
    this.#head = Atomics.load(this.#words, view.headAt)
    this.#end = this.#head
    this.#tail = Atomics.load(this.#words, view.tailAt)
  }

  /** Sets room aside; false when there is none. */
  reserve(frameBytes: number): boolean {
    const wanted = this.#reservedBytes + frameBytes - this.#view.ringBytes
    if (((this.#head - this.#tail) | 0) + wanted > 0) {
      this.#tail = this.tail()
      if (((this.#head - this.#tail) | 0) + wanted > 0) return false
    }
    this.#reservedBytes += frameBytes
    return true
  }

  /** Gives room back, used or not: what a frame took is counted by the head. */
  giveBack(frameBytes: number): void {
    this.#reservedBytes -= frameBytes
  }

  /** Where the content of the next frame is to be written, in `bytes`, into reserved room. */
  get contentAt(): number {
    return (this.#end & (this.#view.ringBytes - 1)) + frameHeadBytes
  }

  get bytes(): Buffer {
    return this.#view.bytes
  }

  /** Makes a frame of the content at `contentAt` and returns its end position. The ledger does not see it before `publish`. */
  add(meta: number, contentBytes: number): number {
    const { ints, ringBytes } = this.#view
    const at = (this.#end & (ringBytes - 1)) >> 2
    ints[at] = contentBytes
    ints[at + 1] = meta
    this.#end = (this.#end + frameBytesOf(contentBytes)) | 0
    return this.#end
  }

  /** Takes back what was added since `publish`. */
  discard(): void {
    this.#end = this.#head
  }

  /** Hands everything that was added to the ledger, which writes it soon, or at once: see `want`. */
  publish(): void {
    this.#head = this.#end
    Atomics.store(this.#words, this.#view.headAt, this.#head)
    const sleep = Atomics.load(this.#words, words.sleep)
    if (sleep === sleeps.deep || (sleep === sleeps.light && this.#isMuch)) wakeLedger(this.#view.control)
  }

  /** Has the ledger write everything up to `end` at once: somebody waits for it. */
  want(end: number): void {
    const wanted = Atomics.load(this.#words, this.#view.wantedAt)
    if (wanted !== 0 && ((end + 1 - wanted) | 0) <= 0) return
    Atomics.store(this.#words, this.#view.wantedAt, (end + 1) | 0)
    if (Atomics.load(this.#words, words.sleep) === sleeps.light) wakeLedger(this.#view.control)
  }

  /** Has the ledger write everything. */
  wantAll(): void {
    this.want(this.#head)
  }

  get #isMuch(): boolean {
    if (((this.#head - this.#tail) | 0) < this.#flushBytes) return false
    this.#tail = this.tail()
    return ((this.#head - this.#tail) | 0) >= this.#flushBytes
  }

  /** Everything before this position is durable. */
  tail(): number {
    return Atomics.load(this.#words, this.#view.tailAt)
  }
}
