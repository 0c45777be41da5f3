import type { Clock } from '../../core/mod.ts'

/** Silence after which the ledger counts as stalled. */
export const stalledAfterMs = 2000

const lookMs = 250

/** How long the ledger thread has shown no sign of life, as main sees it. */
export interface StallWatch extends Disposable {
  readonly silentMs: number
}

/** Looks at the ledger's beat, and calls back once when it has been silent for `stallMs`. */
export function watchBeat(options: {
  beat: () => number
  clock: Clock
  stallMs: number
  onStall: (silentMs: number) => void
}): StallWatch {
  const { clock } = options
  let beat = options.beat()
  let lookedMs = clock.monotonicMs()
  let silentMs = 0
  let told = false
  const look = (): void => {
    const nowMs = clock.monotonicMs()
    const now = options.beat()
    // Our own sleep, of the machine or in a debugger, is not the ledger's silence: a step counts for little.
    silentMs = now === beat ? silentMs + Math.min(nowMs - lookedMs, 4 * lookMs) : 0
    beat = now
    lookedMs = nowMs
    if (silentMs < options.stallMs || told) return
    told = true
    options.onStall(silentMs)
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  return {
    get silentMs() {
      look()
      return silentMs
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
