import { holderOf } from './counter-lock.ts'
import { type CounterShared, heldWords, memoryOf, slotLock } from './counter-memory.ts'
import { restoreTotal } from './counter-slot.ts'

/**
 * Gives back what a thread held when it ended, in constant time, so that the others go on. To be called after the thread has
 * ended for certain, and before its number is given to another; calling it twice does no harm.
 * A take that the thread was in the middle of counts in all, some or none of its limits: never less than was admitted.
 */
export function repairCounters(shared: CounterShared, deadThread: number): void {
  const memory = memoryOf(shared)
  const { words, row, mark } = holderOf(memory, deadThread)
  for (let place = 0; place < heldWords; place++) {
    const lock = words[row + place] ?? 0
    words[row + place] = 0
    // The name of a lock is written before the lock is tried for, and stays when it is given back.
    if (lock === 0 || Atomics.load(words, lock) !== mark) continue
    const slot = lock - slotLock
    if (slot >= memory.small.start) restoreTotal(slot < memory.small.end ? memory.small : memory.large, slot)
    Atomics.store(words, lock, 0)
    Atomics.notify(words, lock)
  }
}
