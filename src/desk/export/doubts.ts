import { type LedgerLog, ledgerLogs } from '../../core/mod.ts'

/** A batch that a receiver took. */
export interface Taken {
  readonly log: LedgerLog
  readonly from: number
  /** Monotonic times of its delivery. */
  readonly startedMs: number
  readonly endedMs: number
}

/**
 * Remembers batches of a receiver whose protocol does not acknowledge: it may have died right after it took one. A later
 * delivery that began long enough after it shows that it had lived on.
 */
export interface Doubts {
  delivered(batch: Taken): void
  /** The receiver was found to be away: where to begin again, of each log that is concerned. Nothing is doubted then. */
  take(): Partial<Record<LedgerLog, number>>
}

/** @param doubtMs How long after it a delivery may have been in vain; 0: never. */
export function openDoubts(doubtMs: number): Doubts {
  let taken: readonly Taken[] = []
  return {
    delivered: (batch) => {
      if (doubtMs > 0)
        taken = [...taken.filter(({ endedMs }) => endedMs > batch.startedMs - doubtMs), batch].slice(-takenMax)
    },
    take: () => {
      const earliest: Partial<Record<LedgerLog, number>> = {}
      for (const log of ledgerLogs) {
        const from = taken.filter((batch) => batch.log === log).map((batch) => batch.from)
        if (from.length > 0) earliest[log] = Math.min(...from)
      }
      taken = []
      return earliest
    },
  }
}

/** More batches than a receiver takes in the time. */
const takenMax = 1_000
