const leastMs = 1_000
const mostMs = 3_600_000

/** After this a message is given up. */
export const giveUpMs: number = 24 * 3_600_000

/** Full jitter: anything up to a bound that doubles with each try, 1 s to 1 h. `random` is from 0 to below 1. */
export function retryDelayMs(attempt: number, random: () => number): number {
  const boundMs = Math.min(mostMs, leastMs * 2 ** Math.min(attempt, 30))
  return Math.max(100, Math.floor(random() * boundMs))
}
