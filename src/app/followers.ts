import type { Follower, LedgerRecord } from '../core/mod.ts'

/** Several followers on one stream of records, each from its own cursor. */
export interface FollowerGroup {
  /** The first record that at least one of them has not got. */
  cursor(): Promise<number>
  /** Gives each follower the part that it has not got; resolves when all have it. */
  follow(batch: readonly LedgerRecord[]): Promise<void>
}

/** Groups followers. One that throws fails the batch, which then comes again: at least once, never skipped. */
export function groupFollowers(followers: readonly Follower[]): FollowerGroup {
  return {
    cursor: async () => {
      const cursors = await Promise.all(followers.map((follower) => follower.cursor()))
      return cursors.reduce((low, cursor) => Math.min(low, cursor), Number.POSITIVE_INFINITY)
    },
    follow: async (batch) => {
      await Promise.all(followers.map((follower) => followFrom(follower, batch)))
    },
  }
}

async function followFrom(follower: Follower, batch: readonly LedgerRecord[]): Promise<void> {
  const first = batch[0]
  if (first === undefined) return
  const cursor = await follower.cursor()
  const unseen = cursor <= first.seq ? batch : batch.slice(cursor - first.seq)
  if (unseen.length > 0) await follower.follow(unseen)
}
