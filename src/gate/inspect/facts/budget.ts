import type { Clock } from '../../../core/mod.ts'

/** The share of its time that a thread may spend on looking into bodies. */
const share = 0.2
/** What it may spend at once behind a pause. */
const savedMsMax = 20

/** Bounds what facts may cost: when it is spent, bodies pass unseen, and their records say so. */
export interface Budget {
  /** False: nothing is left for now. */
  readonly isLeft: boolean
  spend(ms: number): void
}

export function createBudget(clock: Clock): Budget {
  let savedMs = savedMsMax
  let lastMs = clock.monotonicMs()
  return {
    get isLeft() {
      const nowMs = clock.monotonicMs()
      savedMs = Math.min(savedMsMax, savedMs + (nowMs - lastMs) * share)
      lastMs = nowMs
      return savedMs > 0
    },
    spend: (ms) => {
      savedMs -= ms
    },
  }
}
