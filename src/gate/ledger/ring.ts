/**
 * A ring of frames in shared memory, one thread writing and the ledger reading: `i32 bytes | i32 meta | record`, padded to
 * 4 bytes. A frame that begins near the end runs over it into a spill area as long as the longest frame, so a frame is
 * always in one piece and no room is lost at the wrap.
 *
 * The tail moves only when the frames before it are durable: what is not on disk is still in the ring.
 */
import { type ControlBlock, ringWordAt, viewControlBlock, wakeLedger } from './control-block.ts'
import { recordBytesMax, recordHeadBytes, writeRecord } from './envelope.ts'

/** Bytes of a frame before its record. */
export const frameHeadBytes = 8

/** Room that a record of this length takes in a ring. */
export function frameBytesOf(recordBytes: number): number {
  return frameHeadBytes + ((recordBytes + 3) & ~3)
}

/** Room that a record with so much JSON takes in a ring. */
export function frameBytesOfJson(jsonBytes: number): number {
  return frameBytesOf(recordHeadBytes + jsonBytes)
}

/** What a frame means for the open answer in its row: nothing, it begins here, it ends here. */
export const frameMarks = { none: 0, opens: 1, ends: 2 } as const

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

/** One ring as both its ends see it. */
export interface RingView {
  readonly control: ControlBlock
  readonly bytes: Buffer
  readonly ints: Int32Array
  readonly ringBytes: number
  readonly headAt: number
  readonly tailAt: number
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
  }
}

/** The writing end; one per ring and thread. Takes over where a writer before it stopped. */
export class RingWriter {
  readonly #view: RingView
  readonly #words: Int32Array
  #head: number
  #tail: number
  #reservedBytes = 0

  constructor(view: RingView) {
    this.#view = view
    this.#words = view.control.ints
    this.#head = Atomics.load(this.#words, view.headAt)
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

  /** Writes a frame into reserved room and returns its end position. The ledger does not see it before `publish`. */
  write(meta: number, json: string): number {
    const { bytes, ints, ringBytes } = this.#view
    const offset = this.#head & (ringBytes - 1)
    const recordBytes = writeRecord(bytes, offset + frameHeadBytes, json)
    ints[offset >> 2] = recordBytes
    ints[(offset >> 2) + 1] = meta
    return (this.#head + frameBytesOf(recordBytes)) | 0
  }

  /** Hands everything up to `end` to the ledger. */
  publish(end: number): void {
    this.#head = end
    Atomics.store(this.#words, this.#view.headAt, end)
    wakeLedger(this.#view.control)
  }

  /** Everything before this position is durable. */
  tail(): number {
    return Atomics.load(this.#words, this.#view.tailAt)
  }
}
