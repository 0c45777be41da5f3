/** How attempts to sign in are slowed down. */
export interface SignInThrottle {
  /** How long this attempt must wait, ms; 0 when it may be made. An attempt that may be made is counted as failed at once. */
  attempt(name: string, address: string): number
  /** The attempt was right after all: the name is free again, and the address gets back what it was charged. */
  succeeded(name: string, address: string): void
}

/** The first failure that costs time: people mistype. */
const slowFrom = 3
const waitMsMin = 1_000
/** Kept short for a name, so that nobody can lock out its owner for long; long for an address. */
const nameWaitMsMax = 60_000
const addressWaitMsMax = 15 * 60_000
/** A counter without failures for so long is forgotten. */
const quietMs = 60 * 60_000
/** Of each kind; the one that failed the longest ago makes room. */
const countersMax = 10_000

/** By name and by address: a second after the third failure, and twice as long after each further one. */
export function createSignInThrottle(nowMs: () => number): SignInThrottle {
  const names = createCounters(nowMs, nameWaitMsMax)
  const addresses = createCounters(nowMs, addressWaitMsMax)
  return {
    attempt: (name, address) => {
      const waitMs = Math.max(names.waitMs(name), addresses.waitMs(address))
      if (waitMs > 0) return waitMs
      names.fail(name)
      addresses.fail(address)
      return 0
    },
    succeeded: (name, address) => {
      names.forget(name)
      addresses.undo(address)
    },
  }
}

interface Counter {
  readonly failures: number
  readonly freeAtMs: number
  readonly atMs: number
}

interface Counters {
  waitMs(key: string): number
  fail(key: string): void
  undo(key: string): void
  forget(key: string): void
}

function createCounters(nowMs: () => number, waitMsMax: number): Counters {
  const counters = new Map<string, Counter>()
  const put = (key: string, failures: number): void => {
    const atMs = nowMs()
    const over = failures - slowFrom
    const waitMs = over < 0 ? 0 : Math.min(waitMsMax, waitMsMin * 2 ** Math.min(over, 30))
    // Set anew, it stands behind all others: the first one is the one that failed the longest ago.
    counters.delete(key)
    if (failures <= 0) return
    const [oldest] = counters.keys()
    if (counters.size >= countersMax && oldest !== undefined) counters.delete(oldest)
    counters.set(key, { failures, freeAtMs: atMs + waitMs, atMs })
  }
  const failuresOf = (key: string): number => {
    const counter = counters.get(key)
    return counter === undefined || nowMs() - counter.atMs > quietMs ? 0 : counter.failures
  }
  return {
    waitMs: (key) => Math.max(0, (counters.get(key)?.freeAtMs ?? 0) - nowMs()),
    fail: (key) => put(key, failuresOf(key) + 1),
    undo: (key) => put(key, failuresOf(key) - 1),
    forget: (key) => void counters.delete(key),
  }
}
