/** Time, handed in as an argument wherever it is needed so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may step when the machine's clock is set. For people and records, never for durations. */
  wallMs(): number
  /** Milliseconds, with a fraction, since an arbitrary start that all threads of the machine share; never goes back. */
  monotonicMs(): number
}

/** CLOCK_MONOTONIC through `process.hrtime`, whose origin, unlike that of `performance.now`, is the same in every thread. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

export const systemClock: Clock = { wallMs: () => Date.now(), monotonicMs }
