import type { Consumer, Credential, Policy, SnapshotChange } from '../../core/mod.ts'
import type { ControlStore } from './control-store.ts'
import { createQueue } from './queue.ts'
import type { State } from './state.ts'

/** What a change makes, and the parts that it adds or replaces; without parts there is nothing to change. */
export interface Draft<T> {
  readonly made: T
  readonly policy?: Policy
  readonly consumers?: readonly Consumer[]
  readonly credentials?: readonly Credential[]
}

/** Draws a change on the newest state and makes it. A throw of `draw` or of the store leaves everything as it was. */
export type Changer = <T>(draw: () => Draft<T>) => Promise<{ readonly made: T; readonly applied: boolean }>

/** Longest wait for the gate's word on a change. */
export const applyMs = 2_000

/**
 * One change at a time: drawn, committed, taken over into memory and handed to the link in one go, so that the gate gets
 * changes in the order of their revisions. Only the wait for its word happens outside the queue.
 */
export function createChanger(
  store: ControlStore,
  state: State,
  publish: (change: SnapshotChange) => Promise<boolean>,
): Changer {
  const queue = createQueue()
  return async (draw) => {
    const { made, word } = await queue(async () => {
      const { made: drawn, policy = null, consumers = [], credentials = [] } = draw()
      const nothing = policy === null && consumers.length + credentials.length === 0
      if (nothing) return { made: drawn, word: (): Promise<boolean> => Promise.resolve(true) }
      const change: SnapshotChange = { revision: state.revision + 1, policy, consumers, credentials }
      await store.commit(change)
      state.apply(change)
      const sent = wordInTime(publish(change))
      // A function, for a promise would be waited for inside the queue.
      return { made: drawn, word: () => sent }
    })
    return { made, applied: await word() }
  }
}

/** The gate's word; false when it does not come in time or the link failed, for the change itself stands. */
async function wordInTime(word: Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), applyMs)
  try {
    return await Promise.race([word, late.promise])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
