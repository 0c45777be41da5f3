import type { AuditEvent, Consumer, Credential, NetworkRule, Policy, SnapshotChange, Told } from '../../core/mod.ts'
import type { ControlStore } from './control-store.ts'
import { createQueue } from './queue.ts'
import type { State } from './state.ts'

/** What a change makes, and the parts that it adds or replaces; without parts there is nothing to change. */
export interface Draft<T> {
  readonly made: T
  readonly policy?: Policy
  readonly consumers?: readonly Consumer[]
  readonly credentials?: readonly Credential[]
  /** All that hold from then on. */
  readonly networks?: readonly NetworkRule[]
  /** What the audit log is told of it, without secrets. */
  readonly told: readonly Told[]
}

/** Draws a change on the newest state and makes it. A throw of `draw` or of the store leaves everything as it was. */
export type Changer = <T>(draw: () => Draft<T>, by: Actor) => Promise<{ readonly made: T; readonly applied: boolean }>

/** Who changes: `socket` (somebody at the data folder's socket), `token` (somebody with the admin token), `config`, `desk`, or `admin:<name>`. */
export type Actor = string

export interface ChangerOptions {
  readonly store: ControlStore
  readonly state: State
  readonly publish: (change: SnapshotChange) => Promise<boolean>
  /** The event with its time and id. */
  readonly event: (told: Told, by: Actor) => AuditEvent
  /** Called after each change that the audit log has to be told of. */
  readonly onTold: () => void
}

/** Longest wait for the gate's word on a change. */
export const applyMs = 2_000

/**
 * One change at a time: drawn, committed with its audit events, taken over into memory and handed to the link in one go, so that the gate gets
 * changes in the order of their revisions. Only the wait for its word happens outside the queue.
 */
export function createChanger({ store, state, publish, event, onTold }: ChangerOptions): Changer {
  const queue = createQueue()
  return async (draw, by) => {
    const { made, word } = await queue(async () => {
      const { made: drawn, policy = null, consumers = [], credentials = [], networks = null, told } = draw()
      const nothing = policy === null && networks === null && consumers.length + credentials.length === 0
      if (nothing) return { made: drawn, word: (): Promise<boolean> => Promise.resolve(true) }
      const change: SnapshotChange = { revision: state.revision + 1, policy, consumers, credentials, networks }
      await store.commit(
        change,
        told.map((one) => event(one, by)),
      )
      state.apply(change)
      onTold()
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
