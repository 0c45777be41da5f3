/**
 * What the ledger thread has last committed, published for the keeper after each batch: how many records, the chain over their
 * leaves, and which file it writes. Per log: `i32 sequence | … | f64 size | f64 first record of the file | f64 inode | f64 size at
 * the start | … | roots at the start | link and leaves of the block in progress`.
 *
 * Architecture invariant: a sequence lock. One writer; the sequence is odd while it writes, and a reader that saw it odd or
 * changed reads again. Both ends use read-modify-write operations, which order the plain accesses around them.
 */
import { coveringNodes, hashBytes, tileWidth } from '../../tlog/mod.ts'
import { leavesInBlock } from './leaf-chain.ts'

/** The ledger's view of one log. */
export interface LeafHead {
  readonly size: number
  /** What was there when the ledger thread began: the chain stands for what came after. */
  readonly start: LeafStart
  /** The chain over the blocks that are complete. */
  readonly link: Buffer
  /** The leaves of the block in progress. */
  readonly leaves: Buffer
  /** The file that is written now, null before the first. */
  readonly file: { readonly firstSeq: number; readonly inode: number } | null
}

export interface LeafStart {
  readonly size: number
  /** Roots of the perfect subtrees that cover the records, from left to right. */
  readonly peaks: readonly Uint8Array[]
}

/** A size up to 2^53 has no more peaks. */
const peaksMax = 53
const sizeAt = 8
const fileAt = 9
const inodeAt = 10
const startAt = 11
const noFile = -1
const peaksFrom = 128
const blockFrom = 2048
const blockBytes = (1 + tileWidth) * hashBytes
const logBytes = blockFrom + blockBytes

/** Memory for this many logs, all empty. */
export function allocateLeafHeads(logs: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(logs * logBytes)
  for (let log = 0; log < logs; log++) viewHead(memory, log).floats[fileAt] = noFile
  return memory
}

interface HeadView {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly peaks: Buffer
  readonly block: Buffer
}

function viewHead(memory: SharedArrayBuffer, log: number): HeadView {
  const start = log * logBytes
  return {
    ints: new Int32Array(memory, start, 1),
    floats: new Float64Array(memory, start, peaksFrom / 8),
    peaks: Buffer.from(memory, start + peaksFrom, peaksMax * hashBytes),
    block: Buffer.from(memory, start + blockFrom, blockBytes),
  }
}

/** The writing end of one log. */
export class LeafHeadWriter {
  readonly #view: HeadView

  /** `start` is what recovery found. */
  constructor(memory: SharedArrayBuffer, log: number, start: LeafStart) {
    this.#view = viewHead(memory, log)
    const { ints, floats, peaks } = this.#view
    Atomics.add(ints, 0, 1)
    floats[startAt] = start.size
    for (const [i, peak] of start.peaks.entries()) peaks.set(peak, i * hashBytes)
    Atomics.add(ints, 0, 1)
  }

  /** `block` is the link and the leaves behind it, as the chain keeps them. */
  publish(head: { readonly size: number; readonly block: Buffer; readonly file: LeafHead['file'] }): void {
    const { ints, floats, block } = this.#view
    Atomics.add(ints, 0, 1)
    floats[sizeAt] = head.size
    floats[fileAt] = head.file?.firstSeq ?? noFile
    floats[inodeAt] = head.file?.inode ?? 0
    head.block.copy(block)
    Atomics.add(ints, 0, 1)
  }
}

/** The newest head of a log. Spins for as long as a publication takes, about a microsecond. */
export function readLeafHead(memory: SharedArrayBuffer, log: number): LeafHead {
  const { ints, floats, peaks, block } = viewHead(memory, log)
  for (;;) {
    const before = Atomics.add(ints, 0, 0)
    if ((before & 1) === 1) continue
    const [size, firstSeq, inode, start] = [sizeAt, fileAt, inodeAt, startAt].map((at) => floats[at] ?? 0)
    const copy = Buffer.from(block)
    const startPeaks = Buffer.from(peaks)
    if (Atomics.add(ints, 0, 0) !== before) continue
    return headOf(
      { size: size ?? 0, firstSeq: firstSeq ?? noFile, inode: inode ?? 0, start: start ?? 0 },
      copy,
      startPeaks,
    )
  }
}

function headOf(
  found: { readonly size: number; readonly firstSeq: number; readonly inode: number; readonly start: number },
  block: Buffer,
  peaks: Buffer,
): LeafHead {
  const { size, firstSeq, inode, start } = found
  return {
    size,
    start: { size: start, peaks: coveringNodes(0, start).map((_, at) => hashAt(peaks, at)) },
    link: hashAt(block, 0),
    leaves: block.subarray(hashBytes, (1 + leavesInBlock(start, size)) * hashBytes),
    file: firstSeq === noFile ? null : { firstSeq, inode },
  }
}

function hashAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at * hashBytes, (at + 1) * hashBytes)
}
