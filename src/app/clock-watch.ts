import type { Clock } from '../core/mod.ts'

/** A wall clock that moves by more than this against the monotonic one was set. */
export const stepMsMin = 2_000
const lookMs = 1_000

/** Compares wall clock and monotonic clock each second. */
export interface ClockWatch extends Disposable {
  look(): void
}

/**
 * Calls back with each step of the wall clock, in ms, negative for one back. Slow corrections are no steps: a clock that is
 * slewed moves by less than a millisecond in each second.
 */
export function watchClock(clock: Clock, onStep: (byMs: number) => void): ClockWatch {
  const offset = (): number => clock.wallMs() - clock.monotonicMs()
  let before = offset()
  const look = (): void => {
    const now = offset()
    const byMs = Math.round(now - before)
    before = now
    if (Math.abs(byMs) > stepMsMin) onStep(byMs)
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { look, [Symbol.dispose]: () => clearInterval(timer) }
}
