import { type Follower, type LedgerRecord, messageOf } from '../core/mod.ts'

export interface FollowersOptions {
  /** Sets the pace: the stream begins at its cursor, and a batch that it fails on comes again. */
  readonly lead: Follower
  /** Each goes on from its own cursor: with the stream when it is there, by reading for itself when it is behind. */
  readonly others: readonly Follower[]
  /** Consecutive records from `from` on; throws while no gate is there. */
  readonly read: (from: number) => Promise<readonly LedgerRecord[]>
  /** Told when one of the others cannot go on for now; it is tried again. */
  readonly onProblem: (name: string, why: string) => void
  /** Least time between two tries of one that cannot go on. @default 1,000 */
  readonly retryMs?: number
}

/** Several followers of one log, none of which holds up another. */
export interface Followers extends AsyncDisposable {
  /** Where the stream is to begin. Those that are behind it begin to catch up. */
  cursor(): Promise<number>
  follow(batch: readonly LedgerRecord[]): Promise<void>
  /** Of each by name, the first record that it has not got, as of the last batch. */
  readonly places: ReadonlyMap<string, number>
}

const retryMsDefault = 1_000

/** Groups followers on one stream: at least once for each, never skipped. */
export function openFollowers(options: FollowersOptions): Followers {
  const { lead, others, read, onProblem, retryMs = retryMsDefault } = options
  const places = new Map<string, number>()
  const behind = new Map<Follower, Promise<void>>()
  const closing = new AbortController()
  let next = 0

  const place = async (follower: Follower): Promise<number> => {
    const cursor = await follower.cursor()
    places.set(follower.name, cursor)
    return cursor
  }
  /** Until it is where the stream is. No await stands between that finding and the end, so that it misses no batch. */
  const catchUp = async (follower: Follower): Promise<void> => {
    for (;;) {
      const cursor = await place(follower)
      if (cursor >= next || closing.signal.aborted) return void behind.delete(follower)
      try {
        const batch = await read(cursor)
        if (batch.length > 0) await follower.follow(batch)
        else await pause(retryMs, closing.signal)
      } catch (error) {
        onProblem(follower.name, messageOf(error))
        await pause(retryMs, closing.signal)
      }
    }
  }
  const fallBehind = (follower: Follower): void => {
    if (!behind.has(follower)) behind.set(follower, catchUp(follower))
  }
  const give = async (follower: Follower, batch: readonly LedgerRecord[]): Promise<void> => {
    if (behind.has(follower)) return
    try {
      if (!(await followFrom(follower, batch))) fallBehind(follower)
      else await place(follower)
    } catch (error) {
      onProblem(follower.name, messageOf(error))
      fallBehind(follower)
    }
  }
  return {
    places,
    cursor: async () => {
      next = await place(lead)
      for (const follower of others) fallBehind(follower)
      return next
    },
    follow: async (batch) => {
      await followFrom(lead, batch)
      next = Math.max(next, await place(lead))
      await Promise.all(others.map((follower) => give(follower, batch)))
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await Promise.all(behind.values())
    },
  }
}

/** Gives it the part that it has not got; false when records before the batch are missing to it. */
async function followFrom(follower: Follower, batch: readonly LedgerRecord[]): Promise<boolean> {
  const first = batch[0]
  if (first === undefined) return true
  const cursor = await follower.cursor()
  if (cursor < first.seq) return false
  const unseen = batch.slice(cursor - first.seq)
  if (unseen.length > 0) await follower.follow(unseen)
  return true
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const wake = (): void => {
    clearTimeout(timer)
    resolve()
  }
  if (signal.aborted) wake()
  signal.addEventListener('abort', wake, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', wake))
}
