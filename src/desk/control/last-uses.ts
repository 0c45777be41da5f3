import { type Clock, messageOf } from '../../core/mod.ts'
import type { ControlStore } from './control-store.ts'

/** Collects when credentials were used, so that the store is written at most once a minute however busy they are. */
export interface LastUses {
  note(credentialId: string, atMs: number): void
  /** Writes what is noted, now; resolves when it is durable, or when the failure was reported. */
  flush(): Promise<void>
}

/** Least time between two writes. */
export const writeEveryMs = 60_000

/**
 * What is noted in the minute before a crash is learnt again from the records that the desk follows after its start; a
 * failed write keeps its notes for the next one. Holds at most one note per known credential: the caller notes no others.
 */
export function collectLastUses(store: ControlStore, clock: Clock, warn: (message: string) => void): LastUses {
  let noted = new Map<string, number>()
  let writtenMs = clock.monotonicMs()
  let writing: Promise<void> = Promise.resolve()

  const note = (credentialId: string, atMs: number): void => {
    noted.set(credentialId, Math.max(atMs, noted.get(credentialId) ?? 0))
  }
  const write = async (): Promise<void> => {
    if (noted.size === 0) return
    const batch = noted
    noted = new Map()
    try {
      await store.use(batch)
    } catch (error) {
      for (const [id, atMs] of batch) note(id, atMs)
      warn(`Cannot write when keys were last used: ${messageOf(error)}`)
    }
  }
  const flush = (): Promise<void> => {
    writtenMs = clock.monotonicMs()
    writing = writing.then(write)
    return writing
  }
  return {
    note: (credentialId, atMs) => {
      note(credentialId, atMs)
      if (clock.monotonicMs() - writtenMs >= writeEveryMs) void flush()
    },
    flush,
  }
}
