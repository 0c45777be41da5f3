/**
 * One row of 64 bytes in shared memory for each request under way, so that main can say what was cut off when a thread dies:
 * `i32 flags | i32 route index | f64 received ms | 32 id | i32 end position | …`.
 *
 * Architecture invariant: `finished` and the end position are stored before the ring's head moves. A row whose end is at or
 * below the head has its terminal record in the ring; any other busy row has none.
 */
import type { InflightFacts } from './record-log.ts'

const rowBytes = 64
const rowInts = rowBytes / 4
const idBytes = 32
const idAt = 16
const endInt = 12

const flags = { busy: 1, finished: 2, released: 4 } as const

/** Rows are named in 16 bits of a ring frame. */
export const inflightRowsMax = 65_535

export function allocateInflightTable(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * rowBytes)
}

interface TableView {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Buffer
  readonly rows: number
}

function viewTable(memory: SharedArrayBuffer): TableView {
  const rows = memory.byteLength / rowBytes
  return { ints: new Int32Array(memory), floats: new Float64Array(memory), bytes: Buffer.from(memory), rows }
}

/** The rows as their own thread writes them. */
export class InflightRows {
  readonly #view: TableView
  readonly #free: Int32Array
  #freeCount: number

  /** The table must be clear: a thread that takes over an old one gets it after main cleared it. */
  constructor(memory: SharedArrayBuffer) {
    this.#view = viewTable(memory)
    this.#freeCount = this.#view.rows
    this.#free = Int32Array.from({ length: this.#freeCount }, (_, i) => this.#freeCount - 1 - i)
  }

  get full(): boolean {
    return this.#freeCount === 0
  }

  /** Takes a free row; only when not `full`. */
  take(facts: InflightFacts): number {
    const row = this.#free[--this.#freeCount] ?? 0
    const { ints, floats, bytes } = this.#view
    const at = row * rowInts
    ints[at + 1] = facts.routeIndex
    floats[row * (rowBytes / 8) + 1] = facts.receivedAtMs
    bytes.write(facts.requestId, row * rowBytes + idAt, idBytes, 'latin1')
    Atomics.store(ints, at, flags.busy)
    return row
  }

  /** Before the head moves past `end`. */
  finished(row: number, end: number): void {
    const { ints } = this.#view
    ints[row * rowInts + endInt] = end
    Atomics.or(ints, row * rowInts, flags.finished)
  }

  released(row: number): void {
    Atomics.or(this.#view.ints, row * rowInts, flags.released)
  }

  giveBack(row: number): void {
    Atomics.store(this.#view.ints, row * rowInts, 0)
    this.#free[this.#freeCount++] = row
  }
}

/** A request that was under way. */
export interface InflightRow extends InflightFacts {
  readonly row: number
  /** Its terminal record reached the ring. */
  readonly recorded: boolean
  /** Bytes of its answer may have left. */
  readonly released: boolean
}

/** Every busy row, as main reads them of a thread that is dead and whose ring stands at `head`. */
export function busyRows(memory: SharedArrayBuffer, head: number): InflightRow[] {
  const { ints, floats, bytes, rows } = viewTable(memory)
  const busy: InflightRow[] = []
  for (let row = 0; row < rows; row++) {
    const at = row * rowInts
    const state = Atomics.load(ints, at)
    if ((state & flags.busy) === 0) continue
    busy.push({
      row,
      requestId: bytes.toString('latin1', row * rowBytes + idAt, row * rowBytes + idAt + idBytes),
      receivedAtMs: floats[row * (rowBytes / 8) + 1] ?? 0,
      routeIndex: ints[at + 1] ?? -1,
      recorded: (state & flags.finished) !== 0 && ((head - (ints[at + endInt] ?? 0)) | 0) >= 0,
      released: (state & flags.released) !== 0,
    })
  }
  return busy
}

/** How many requests are under way, while their thread runs. */
export function countBusyRows(memory: SharedArrayBuffer): number {
  const ints = new Int32Array(memory)
  let busy = 0
  for (let at = 0; at < ints.length; at += rowInts) if (Atomics.load(ints, at) !== 0) busy++
  return busy
}

/** Makes every row free; only while no thread owns the table. */
export function clearInflightTable(memory: SharedArrayBuffer): void {
  new Uint8Array(memory).fill(0)
}
