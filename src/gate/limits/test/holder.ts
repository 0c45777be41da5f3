/** A thread that stops in the middle of something, its locks held, until it is terminated. */
import { parentPort as port, workerData } from 'node:worker_threads'
import { acquire, holderOf } from '../counter-lock.ts'
import {
  type CounterShared,
  firstCellOf,
  heldStripe,
  memoryOf,
  slotExpiry,
  slotLock,
  withoutKey,
} from '../counter-memory.ts'

export interface HolderSetup {
  readonly shared: CounterShared
  readonly thread: number
  /** Locks these slots of the small table, in this order. */
  readonly slots: readonly number[]
  /**
   * `counted`: a cell of each slot has its count, the total not yet. `keyless`: the slot is being given to another key,
   * its old counts not yet cleared. `stripe`: it was about to insert a key under it.
   */
  readonly where: 'counted' | 'keyless' | { readonly stripe: number }
}

// The spawner sends exactly this.
const { shared, thread, slots, where } = workerData as HolderSetup
const memory = memoryOf(shared)
const holder = holderOf(memory, thread)
if (typeof where === 'object') acquire(holder, heldStripe, memory.stripes + where.stripe)
for (const [place, slot] of slots.entries()) {
  acquire(holder, place, slot + slotLock)
  const { small, words } = memory
  if (where === 'counted') small.cells[firstCellOf(small, slot)] = 1 + (small.cells[firstCellOf(small, slot)] ?? 0)
  if (where === 'keyless') {
    words[slot] = withoutKey
    words[slot + slotExpiry] = 0
  }
}
port?.postMessage('held')
setInterval(() => undefined, 1000)
