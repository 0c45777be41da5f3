import { stampRecord } from './envelope.ts'
import type { LeafChain } from './leaf-chain.ts'
import { batchBytesMax, batchHeaderBytes, digestOf, writeBatchHeader } from './wal-format.ts'

/** Bytes of a record in a batch. */
export function batchedBytesOf(recordBytes: number): number {
  return 2 + recordBytes
}

/**
 * One batch of one log in the making: records are copied in and stamped, then sealed with a header and written at once.
 * Whatever the batches are split into, the records that a reader sees are the same.
 */
export class Batch {
  readonly #bytes = Buffer.allocUnsafeSlow(batchBytesMax)
  #end = batchHeaderBytes
  #firstSeq = 0
  #records = 0
  #recordsMax = 0
  #us = 0

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#end
  }

  /** Sequence number of the next record. */
  get nextSeq(): number {
    return this.#firstSeq + this.#records
  }

  /** Empties it. `us` is the time that its records get; the caller sees to it that it never goes back. */
  begin(next: { readonly seq: number; readonly recordsMax: number; readonly us: number }): void {
    this.#end = batchHeaderBytes
    this.#records = 0
    this.#firstSeq = next.seq
    this.#recordsMax = next.recordsMax
    this.#us = next.us
  }

  hasRoom(recordBytes: number): boolean {
    return this.#records < this.#recordsMax && this.#end + batchedBytesOf(recordBytes) <= batchBytesMax
  }

  /** Copies a record and puts it in its place; returns its sequence number. Only when `hasRoom`. */
  add(source: Buffer, start: number, recordBytes: number): number {
    const at = this.#end
    const seq = this.nextSeq
    this.#bytes[at] = recordBytes >>> 8
    this.#bytes[at + 1] = recordBytes & 0xff
    source.copy(this.#bytes, at + 2, start, start + recordBytes)
    stampRecord(this.#bytes, at + 2, { seq, us: this.#us })
    this.#records++
    this.#end = at + batchedBytesOf(recordBytes)
    return seq
  }

  /** The batch as it is written, a view that is valid until the next `begin`, and its digest for the one after it. */
  seal(prev: Buffer): { readonly bytes: Buffer; readonly digest: Buffer } {
    const bytes = this.#bytes.subarray(0, this.#end)
    writeBatchHeader(bytes, { records: this.#records, firstSeq: this.#firstSeq, prev })
    return { bytes, digest: digestOf(bytes) }
  }

  /** Adds what the batch holds to the chain of leaves. */
  addTo(chain: LeafChain): void {
    const bytes = this.#bytes
    for (let at = batchHeaderBytes; at < this.#end;) {
      const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
      chain.add(bytes, at + 2, length)
      at += batchedBytesOf(length)
    }
  }
}
