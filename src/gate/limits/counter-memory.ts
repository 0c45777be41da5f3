/**
 * Where everything lies in the shared memory of the counters, in 32-bit words from its start:
 *
 *     figures │ held words, one row per thread │ stripes │ small slots │ large slots
 *
 * A slot is one key's counter: its hash (4 words), lock, epoch, expiry, then the cells and behind them their total, 16 bits
 * each in a small slot and 32 in a large one. So a key costs 72 bytes in its slot, 144 at the highest load; together with
 * its share of the large slots less than 160.
 *
 * Architecture invariant: a slot's hash changes only under its lock, and only in a slot that is expired.
 */
import { GatehouseError } from '../../core/mod.ts'

/** The memory that all threads of the gate count in; made once by main, handed to each thread as it is. */
export interface CounterShared {
  readonly memory: SharedArrayBuffer
  readonly keysMax: number
  readonly threadsMax: number
}

/** One of the two tables. Slots are named by the index of their first word, so that a slot's number is its address. */
export interface SlotTable {
  readonly words: Int32Array
  /** All of the memory, seen as cells of this table. */
  readonly cells: Uint16Array | Uint32Array
  /** From an index of a word to one of a cell: how many bits to the left. */
  readonly cellShift: 0 | 1
  readonly start: number
  readonly end: number
  readonly slotWords: number
  /** Slots in which a search may begin, over 2^32: multiplied with a hashed word it gives one of them. */
  readonly homesScale: number
}

/** The shared memory as one thread sees it. */
export interface CounterMemory {
  readonly words: Int32Array
  /** For limits up to `smallLimitMax`. */
  readonly small: SlotTable
  /** For the limits above; it holds a sixteenth of `keysMax`. */
  readonly large: SlotTable
  /** First word of the held rows. */
  readonly held: number
  /** First word of the stripes. */
  readonly stripes: number
}

/** Highest limit whose counts fit the cells of a small slot. */
export const smallLimitMax = 65_535
/** Highest limit that can be counted at all. */
export const limitMax = 4_294_967_295
/** A counter counts in steps of a twentieth of its window. */
export const cellsPerWindow = 20
/** One more than a window has: the cell that is just filling, and twenty of which the oldest may still reach into the window. */
export const ringCells: number = cellsPerWindow + 1
/** A key lies at most so many slots behind its home. */
export const neighbourhood = 32
/** Inserts of keys that share a stripe wait for each other; a power of two. */
export const stripeCount = 1024
/** A thread holds at most so many slots at once, and one stripe. */
export const claimsMax = 16

/** Words of a slot, from its first; the hash's first word also says whether the slot is in use. */
export const slotLock = 4
export const slotEpoch = 5
export const slotExpiry = 6
const slotCells = 7
/** First word of the hash in a slot that never held a key, and in one whose key was taken out or is just being written. */
export const neverUsed = 0
export const withoutKey = 1

/** Words of the figures: the newest second that any thread has counted in; claims that found no room. */
export const newestSecond = 0
export const claimsWithoutRoom = 1
const figureWords = 16

/** Words of a thread's held row: its slots, then its stripe; two cache lines, so that threads do not write into one. */
export const heldStripe: number = claimsMax
export const heldWords = 32

const keysMaxMax = 16_777_216
const threadsMaxMax = 1024

/** Makes the counters' memory, all zero. Throws `invalid_argument` on sizes that cannot be. */
export function createCounters(options: { keysMax: number; threadsMax: number }): CounterShared {
  const { keysMax, threadsMax } = options
  requireBetween('keysMax', keysMax, keysMaxMax)
  requireBetween('threadsMax', threadsMax, threadsMaxMax)
  const { end } = layoutOf(keysMax, threadsMax)
  return { memory: new SharedArrayBuffer(end * 4), keysMax, threadsMax }
}

/** A seed for the hash of keys, 32 bits from the system's generator: nobody outside can tell which keys share a neighbourhood. */
export function countersSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
}

/** Opens views of the memory. */
export function memoryOf({ memory, keysMax, threadsMax }: CounterShared): CounterMemory {
  const { held, stripes, small, large, end } = layoutOf(keysMax, threadsMax)
  const words = new Int32Array(memory)
  return {
    words,
    held,
    stripes,
    small: {
      words,
      cells: new Uint16Array(memory),
      cellShift: 1,
      start: small,
      end: large,
      slotWords: smallSlotWords,
      homesScale: homesOf(keysMax) / 2 ** 32,
    },
    large: {
      words,
      cells: new Uint32Array(memory),
      cellShift: 0,
      start: large,
      end,
      slotWords: largeSlotWords,
      homesScale: homesOf(largeKeysOf(keysMax)) / 2 ** 32,
    },
  }
}

/** Index of the slot's first cell in `table.cells`; the total stands behind the last cell. */
export function firstCellOf(table: SlotTable, slot: number): number {
  return (slot + slotCells) << table.cellShift
}

interface Layout {
  readonly held: number
  readonly stripes: number
  readonly small: number
  readonly large: number
  readonly end: number
}

const smallSlotWords = slotCells + (ringCells + 1) / 2
const largeSlotWords = slotCells + ringCells + 1

function layoutOf(keysMax: number, threadsMax: number): Layout {
  const held = figureWords
  const stripes = held + threadsMax * heldWords
  const small = stripes + stripeCount
  const large = small + slotsOf(keysMax) * smallSlotWords
  const end = large + slotsOf(largeKeysOf(keysMax)) * largeSlotWords
  return { held, stripes, small, large, end }
}

function largeKeysOf(keysMax: number): number {
  return Math.ceil(keysMax / 16)
}

/** Two per key: a load of at most one half keeps neighbourhoods from filling. */
function homesOf(keys: number): number {
  return 2 * keys
}

/** The last home has a whole neighbourhood too, so that no search has to begin again at the front. */
function slotsOf(keys: number): number {
  return homesOf(keys) + neighbourhood - 1
}

function requireBetween(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  throw new GatehouseError(
    'invalid_argument',
    `Cannot make counters: '${name}' must be a whole number from 1 to ${max}, is ${value}`,
  )
}
