import { GatehouseError } from '../../core/mod.ts'

/** Runs work one after the other, in the order of calls; work that fails does not hold up the next. */
export type Queue = <T>(work: () => Promise<T>) => Promise<T>

/** Most calls that may wait. */
const waitingMax = 1_000

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return (work) => {
    if (waiting >= waitingMax) {
      return Promise.reject(new GatehouseError('unreachable', `Cannot take another change: ${waiting} are waiting`))
    }
    waiting++
    const turn = last.then(work).finally(() => waiting--)
    last = turn.catch(() => {})
    return turn
  }
}
