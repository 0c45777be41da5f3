/**
 * What the ledger thread has last committed, published for the keeper after each batch: how many records, the roots of the
 * perfect subtrees over them, and which file it writes. Per log: `i32 sequence | … | f64 size | f64 first record of the file |
 * f64 inode | … | hashes`.
 *
 * Architecture invariant: a sequence lock. One writer; the sequence is odd while it writes, and a reader that saw it odd or
 * changed reads again. Both ends use read-modify-write operations, which order the plain accesses around them.
 */
import { coveringNodes, hashBytes } from '../../tlog/mod.ts'

/** The ledger's view of one log. */
export interface TreeHead {
  readonly size: number
  /** Roots of the perfect subtrees that cover the records, from left to right. */
  readonly peaks: readonly Uint8Array[]
  /** The file that is written now, null before the first. */
  readonly file: { readonly firstSeq: number; readonly inode: number } | null
}

/** A size up to 2^53 has no more peaks. */
const peaksMax = 53
const sizeAt = 8
const fileAt = 9
const inodeAt = 10
const noFile = -1
const peaksFrom = 128
const logBytes = 2048

/** Memory for this many logs, all empty. */
export function allocateTreeHeads(logs: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(logs * logBytes)
  for (let log = 0; log < logs; log++) viewHead(memory, log).floats[fileAt] = noFile
  return memory
}

interface HeadView {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Buffer
}

function viewHead(memory: SharedArrayBuffer, log: number): HeadView {
  const start = log * logBytes
  return {
    ints: new Int32Array(memory, start, 1),
    floats: new Float64Array(memory, start, peaksFrom / 8),
    bytes: Buffer.from(memory, start + peaksFrom, peaksMax * hashBytes),
  }
}

/** The writing end of one log. */
export class TreeHeadWriter {
  readonly #view: HeadView

  constructor(memory: SharedArrayBuffer, log: number) {
    this.#view = viewHead(memory, log)
  }

  /** Peaks as strings of 32 bytes, the form in which the ledger thread keeps them. */
  publish(head: { readonly size: number; readonly peaks: readonly string[]; readonly file: TreeHead['file'] }): void {
    const { ints, floats, bytes } = this.#view
    Atomics.add(ints, 0, 1)
    floats[sizeAt] = head.size
    floats[fileAt] = head.file?.firstSeq ?? noFile
    floats[inodeAt] = head.file?.inode ?? 0
    for (let i = 0; i < head.peaks.length; i++) bytes.write(head.peaks[i] ?? '', i * hashBytes, 'latin1')
    Atomics.add(ints, 0, 1)
  }
}

/** The newest head of a log. Spins for as long as a publication takes, about a microsecond. */
export function readTreeHead(memory: SharedArrayBuffer, log: number): TreeHead {
  const { ints, floats, bytes } = viewHead(memory, log)
  for (;;) {
    const before = Atomics.add(ints, 0, 0)
    if ((before & 1) === 1) continue
    const size = floats[sizeAt] ?? 0
    const firstSeq = floats[fileAt] ?? noFile
    const inode = floats[inodeAt] ?? 0
    const copy = Buffer.from(bytes)
    if (Atomics.add(ints, 0, 0) !== before) continue
    const count = coveringNodes(0, size).length
    return {
      size,
      peaks: Array.from({ length: count }, (_, i) => copy.subarray(i * hashBytes, (i + 1) * hashBytes)),
      file: firstSeq === noFile ? null : { firstSeq, inode },
    }
  }
}
