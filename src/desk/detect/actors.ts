/** State per actor, of which there are never more than `max`: the stalest go first, and are counted. */
export interface Actors<T> {
  get(key: string): T | undefined
  /** Adds one that is not there. */
  add(key: string, value: T, nowMs: number): void
  /** It was active: it is the last to go. */
  touch(key: string, value: T): void
  forget(key: string): void
  entries(): IterableIterator<[string, T]>
  readonly size: number
  /** Forgotten for want of room, since the start; those that were done are not counted. */
  readonly evicted: number
}

/** @param isDone An actor of which nothing is worth remembering at this time; looked at from the stalest on. */
export function createActors<T>(max: number, isDone: (value: T, nowMs: number) => boolean): Actors<T> {
  const held = new Map<string, T>()
  let evicted = 0
  const tidyUp = (nowMs: number): void => {
    let looked = 0
    for (const [key, value] of held) {
      if (looked++ >= tidiedAtOnce || !isDone(value, nowMs)) return
      held.delete(key)
    }
  }
  return {
    get: (key) => held.get(key),
    add: (key, value, nowMs) => {
      tidyUp(nowMs)
      if (held.size >= max) {
        const stalest = held.keys().next().value
        if (stalest !== undefined) held.delete(stalest)
        evicted++
      }
      held.set(key, value)
    },
    touch: (key, value) => {
      held.delete(key)
      held.set(key, value)
    },
    forget: (key) => void held.delete(key),
    entries: () => held.entries(),
    get size() {
      return held.size
    },
    get evicted() {
      return evicted
    },
  }
}

/** More than one for each that is added, so that what is done goes away in time. */
const tidiedAtOnce = 4
