/** Runs one after the other, in the order of the calls; one that fails does not hold up the next. */
export type Queue = <T>(run: () => Promise<T>) => Promise<T>

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = last.then(run)
    last = next.catch(() => {})
    return next
  }
}
