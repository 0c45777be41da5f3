/**
 * Locks in shared memory, each one word: 0, or the number of the thread that holds it.
 *
 * A thread names a lock in its row of held words before it tries to get it. So whoever learns that the thread died knows
 * the few places where it may have stopped halfway, without a search.
 *
 * Architecture invariant: a thread that holds slots asks only for slots further behind, and never for a stripe; a thread
 * that holds a stripe holds at most one slot. So no two threads can wait for each other.
 */
import { GatehouseError } from '../../core/mod.ts'
import type { CounterMemory } from './counter-memory.ts'
import { heldWords } from './counter-memory.ts'

/** One thread, as far as locks are concerned. */
export interface Holder {
  readonly words: Int32Array
  /** First word of its held row. */
  readonly row: number
  /** What it writes into a lock: its number plus one. */
  readonly mark: number
}

export function holderOf({ words, held }: CounterMemory, thread: number): Holder {
  return { words, row: held + thread * heldWords, mark: thread + 1 }
}

/**
 * Takes the lock, at last after the time in which main repairs what a dead thread held; throws `thread_failed` when
 * not even that helps. `place` is where the holder's row names the lock.
 */
export function acquire(holder: Holder, place: number, lock: number): void {
  // Not cleared when the lock is given back: a name is only believed while the lock itself agrees.
  holder.words[holder.row + place] = lock
  if (Atomics.compareExchange(holder.words, lock, 0, holder.mark) !== 0) acquireHeld(holder, lock)
}

/** Gives back a lock that the caller holds. */
export function release(holder: Holder, lock: number): void {
  // No notify: those who wait look again after 0.05 ms, and waking costs every caller more than that costs a few.
  Atomics.store(holder.words, lock, 0)
}

/** Locks are held for well under a microsecond, unless the holder lost its core. */
const spinsMax = 200
const sleepMs = 0.05
/** Half a second at the least: main has long seen that a thread ended. */
const sleepsMax = 10_000

function acquireHeld({ words, mark }: Holder, lock: number): void {
  for (let spins = 0; spins < spinsMax; spins++) {
    if (Atomics.load(words, lock) === 0 && Atomics.compareExchange(words, lock, 0, mark) === 0) return
  }
  let other = 0
  for (let sleeps = 0; sleeps < sleepsMax; sleeps++) {
    other = Atomics.compareExchange(words, lock, 0, mark)
    if (other === 0) return
    Atomics.wait(words, lock, other, sleepMs)
  }
  throw new GatehouseError(
    'thread_failed',
    `Cannot lock a counter: thread ${other - 1} has not given it back for half a second`,
  )
}
