import type { Clock } from '../../src/core/mod.ts'

/** A clock that a test moves; wall time and monotonic time go together. */
export interface HandClock extends Clock {
  nowMs: number
}

export function handClock(nowMs: number): HandClock {
  const clock: HandClock = { nowMs, wallMs: () => clock.nowMs, monotonicMs: () => clock.nowMs }
  return clock
}
