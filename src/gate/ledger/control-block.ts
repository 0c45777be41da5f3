/**
 * The words through which gateway threads, main and the ledger thread see each other: each on a cache line of its own, so
 * that a store for one is no miss for another. All accesses are `Atomics`.
 */

const lineInts = 16
const lineBytes = 64

/** Words that exist once. Each has one writer, but for `sleep`, which the ledger sets and whoever has work takes away. */
export const words: Readonly<Record<'sleep' | 'stop' | 'beat' | 'state' | 'commitWait', number>> = {
  /** One of `sleeps`. */
  sleep: 0,
  /** 1 when the ledger is to end as soon as every ring is drained. */
  stop: lineInts,
  /** Changes before and after each write, and at least once a second while there is none. */
  beat: 2 * lineInts,
  /** One of `ledgerStates`. */
  state: 3 * lineInts,
  /** 1 when main wants to be told of the next commit. */
  commitWait: 4 * lineInts,
}

/**
 * `deep`: any record wakes the ledger. `light`: it has records that nobody waits for, and writes them when it wakes by
 * itself; only a wait, or a lot of records, wakes it before. It is asleep, or about to and looks at everything once more.
 */
export const sleeps = { awake: 0, deep: 1, light: 2 } as const

/** `running`; `failed`: poisoned, nothing more will become durable; `closed`: ended in good order. */
export const ledgerStates = { running: 0, failed: 1, closed: 2 } as const

/** Words of each ring. Positions are bytes since the start, modulo 2^32, compared by `(a - b) | 0`. */
export const ringWords = {
  /** Written so far; moves when a frame is complete. Writer: the ring's thread. */
  head: 0,
  /** Durable so far, and therefore free again. Writer: the ledger. */
  tail: 1,
  /** Taken into a batch so far. Writer: the ledger. */
  taken: 2,
  /** 1 when the ring's thread wants to be told of the next commit; the ledger takes it away and sends one message. */
  wait: 3,
  /** Records that ever found no room. Writer: the ring's thread. */
  late: 4,
  /** Records that are owed now: in no ring yet. Writer: the ring's thread. */
  owed: 5,
  /** Data keys that were ever made at this ring; never goes back, whichever thread has it. Writer: the ring's thread. */
  keys: 6,
  /**
   * 1 + the position up to which somebody waits for durability, 0 for nobody. Set by the ring's thread, taken away by the
   * ledger when it is granted. Positions are multiples of 4, so that the 1 can be told from them.
   */
  wanted: 7,
} as const
const ringWordCount = 8

/** 64-bit gauges that only the ledger writes, after each commit and before it moves a tail. */
export const gauges = { accessSize: 0, auditSize: 8, commits: 16, bytes: 24 } as const
const gaugeCount = 4
const firstRingInt = 5 * lineInts

/** Typed views of the shared words. */
export interface ControlBlock {
  readonly ints: Int32Array
  readonly longs: BigInt64Array
}

/** Memory for this many rings, all words 0. */
export function allocateControlBlock(rings: number): SharedArrayBuffer {
  return new SharedArrayBuffer(gaugeCount * lineBytes + (firstRingInt / lineInts + rings * ringWordCount) * lineBytes)
}

export function viewControlBlock(memory: SharedArrayBuffer): ControlBlock {
  return {
    ints: new Int32Array(memory, gaugeCount * lineBytes),
    longs: new BigInt64Array(memory, 0, gaugeCount * (lineBytes / 8)),
  }
}

/** Index of a ring's word in `ints`. */
export function ringWordAt(ring: number, word: keyof typeof ringWords): number {
  return firstRingInt + (ring * ringWordCount + ringWords[word]) * lineInts
}

/** Wakes the ledger if it sleeps. Called after whatever it shall see was stored. */
export function wakeLedger({ ints }: ControlBlock): void {
  if (Atomics.load(ints, words.sleep) === sleeps.awake) return
  if (Atomics.exchange(ints, words.sleep, sleeps.awake) !== sleeps.awake) Atomics.notify(ints, words.sleep, 1)
}

export function readGauge({ longs }: ControlBlock, gauge: keyof typeof gauges): number {
  return Number(Atomics.load(longs, gauges[gauge]))
}

export function writeGauge({ longs }: ControlBlock, gauge: keyof typeof gauges, value: number): void {
  Atomics.store(longs, gauges[gauge], BigInt(value))
}
