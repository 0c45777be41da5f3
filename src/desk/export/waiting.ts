/** Waits that end early: when somebody wakes the waiter, or when everything closes. */
export interface Waiting {
  /** Until the time is over, or, unless `deaf`, until `wake`. Resolves at once when closed. */
  pause(ms: number, deaf?: 'deaf'): Promise<void>
  /** Ends the wait, or the next one that begins. */
  wake(): void
  readonly signal: AbortSignal
  close(): void
}

/** For one waiter at a time. */
export function openWaiting(): Waiting {
  const closing = new AbortController()
  let woken = false
  let end: (() => void) | null = null
  let hears = false
  return {
    signal: closing.signal,
    pause: async (ms, deaf) => {
      hears = deaf === undefined
      if (closing.signal.aborted || (hears && woken)) {
        if (hears) woken = false
        return
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        end = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      end = null
      if (hears) woken = false
    },
    wake: () => {
      woken = true
      if (hears) end?.()
    },
    close: () => {
      closing.abort()
      end?.()
    },
  }
}
