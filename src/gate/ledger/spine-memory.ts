import type { LedgerSettings } from '../../core/mod.ts'
import type { LedgerRing } from './commit-loop.ts'
import {
  allocateControlBlock,
  type ControlBlock,
  ringWordAt,
  type ringWords,
  viewControlBlock,
} from './control-block.ts'
import { allocateInflightTable, clearInflightTable, inflightRowsMax } from './inflight-table.ts'
import { allocateRing, ringBytesOf } from './ring.ts'
import { ledgerLogs } from './logs.ts'
import type { SealingSlot } from './seal/thread-sealer.ts'
import type { LedgerSlot } from './slot.ts'
import { allocateLeafHeads } from './leaf-head.ts'

/** One thread's part of the shared memory. */
export interface RingMemory extends LedgerRing {
  readonly ring: number
  readonly inflight: SharedArrayBuffer
}

/** All shared memory of one ledger: a ring for each gateway thread, and the last one for main. */
export interface SpineMemory {
  readonly controlBlock: SharedArrayBuffer
  readonly control: ControlBlock
  readonly rings: readonly RingMemory[]
  readonly main: RingMemory
  /** What the ledger thread publishes of each log's tree. */
  readonly leafHeads: SharedArrayBuffer
}

const mainRingBytes = 1024 * 1024
const mainRows = 1024

/** `firstPosition` is where all rings begin, a multiple of 4. */
export function allocateSpine(options: {
  threads: number
  settings: LedgerSettings
  inflightMax: number
  firstPosition: number
}): SpineMemory {
  const { threads, settings } = options
  const controlBlock = allocateControlBlock(threads + 1)
  const control = viewControlBlock(controlBlock)
  const allocate = (ring: number, ringBytes: number, rows: number): RingMemory => {
    for (const word of ['head', 'tail', 'taken'] as const)
      Atomics.store(control.ints, ringWordAt(ring, word), options.firstPosition | 0)
    return {
      ring,
      memory: allocateRing(ringBytesOf(ringBytes)),
      inflight: allocateInflightTable(rows),
      openSeqs: new SharedArrayBuffer(rows * 8),
    }
  }
  const rows = Math.min(options.inflightMax, inflightRowsMax)
  const rings = Array.from({ length: threads }, (_, ring) => allocate(ring, settings.ringBytes, rows))
  return {
    controlBlock,
    control,
    rings,
    main: allocate(threads, mainRingBytes, mainRows),
    leafHeads: allocateLeafHeads(ledgerLogs.length),
  }
}

export function slotOf(
  spine: SpineMemory,
  ring: RingMemory,
  { settings, sealing }: { readonly settings: LedgerSettings; readonly sealing: SealingSlot },
): LedgerSlot {
  return {
    thread: ring.ring,
    ring: ring.ring,
    control: spine.controlBlock,
    memory: ring.memory,
    inflight: ring.inflight,
    settings,
    sealing,
  }
}

export function readRingWord(spine: SpineMemory, ring: RingMemory, word: keyof typeof ringWords): number {
  return Atomics.load(spine.control.ints, ringWordAt(ring.ring, word))
}

/** Bytes in a ring that are not durable yet. */
export function ringBytesUsed(spine: SpineMemory, ring: RingMemory): number {
  return (readRingWord(spine, ring, 'head') - readRingWord(spine, ring, 'tail')) | 0
}

/** Makes a drained ring ready for the thread that takes it over. */
export function clearRing(spine: SpineMemory, ring: RingMemory): void {
  clearInflightTable(ring.inflight)
  new Float64Array(ring.openSeqs).fill(0)
  for (const word of ['wait', 'owed', 'wanted'] as const)
    Atomics.store(spine.control.ints, ringWordAt(ring.ring, word), 0)
}
