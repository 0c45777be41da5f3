import type { OverviewAnswer } from '../api/types.ts'

/** Rates of the newest minute, in requests a second. */
export interface Rates {
  readonly requests: number
  readonly refused: number
  readonly denied: number
  readonly limited: number
  readonly errors: number
}

const newestMs = 60_000

/** Rates over the newest minute of the series, or as much of it as there is. */
export function newestRates({ series, everyMs }: OverviewAnswer): Rates {
  const steps = Math.max(1, Math.round(newestMs / everyMs))
  const rate = (values: readonly number[]): number => {
    const newest = values.slice(-steps)
    return newest.length === 0 ? 0 : newest.reduce((sum, n) => sum + n, 0) / ((newest.length * everyMs) / 1000)
  }
  const { refused } = series
  const [denied, limited] = [rate(refused.unauthenticated) + rate(refused.denied), rate(refused.limited)]
  const allRefused = denied + limited + rate(refused.malformed) + rate(refused.other)
  const errors = rate(series.served5xx) + rate(series.failed)
  return {
    requests: rate(series.served2xx3xx) + rate(series.served4xx) + errors + allRefused,
    refused: allRefused,
    denied,
    limited,
    errors,
  }
}

/** All refusals of a tally. */
export function refusedOf(refused: OverviewAnswer['totals']['refused']): number {
  return Object.values(refused).reduce((sum, n) => sum + n, 0)
}

/** Counts of steps as requests a second. */
export function perSecond(values: readonly number[], everyMs: number): number[] {
  return values.map((value) => value / (everyMs / 1000))
}
