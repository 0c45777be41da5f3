import type { Clock } from '../../core/mod.ts'

/** Something with deadlines. */
export interface Swept {
  /** Called about every `resolutionMs`; must not throw. */
  check(nowMs: number): void
}

/**
 * One timer for the deadlines of all exchanges, instead of several for each. A deadline is noticed up to two rounds late,
 * never early. The timer runs only while there is something to watch.
 */
export interface Sweep extends Disposable {
  /** A monotonic time that is not before now, and at most one round after: when something happened, without asking the clock. */
  readonly latestMs: number
  watch(swept: Swept): void
  unwatch(swept: Swept): void
}

export function createSweep(clock: Pick<Clock, 'monotonicMs'>, resolutionMs: number): Sweep {
  const watched = new Set<Swept>()
  let timer: NodeJS.Timeout | null = null
  let latestMs = 0
  const stop = (): void => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  const round = (): void => {
    const nowMs = clock.monotonicMs()
    latestMs = nowMs + resolutionMs
    if (watched.size === 0) return stop()
    for (const swept of watched) swept.check(nowMs)
  }
  return {
    get latestMs() {
      return latestMs
    },
    watch: (swept) => {
      watched.add(swept)
      if (timer !== null) return
      latestMs = clock.monotonicMs() + resolutionMs
      // Behind the poll phase: after a stall of our own, what has arrived meanwhile is seen before anybody is called late.
      timer = setInterval(() => setImmediate(round), resolutionMs).unref()
    },
    unwatch: (swept) => {
      watched.delete(swept)
    },
    [Symbol.dispose]: stop,
  }
}
