import { type ControlBlock, readGauge, words } from './control-block.ts'

/** Listeners are woken at most once in this time. */
const quietMs = 50

/** Tells main's listeners that the ledger grew; costs the ledger one message per `quietMs` at most, and none without listeners. */
export interface CommitBell extends Disposable {
  listen(listener: () => void): Disposable
  /** The ledger's message that it committed. */
  rung(): void
}

export function hangBell(control: ControlBlock): CommitBell {
  const listeners = new Set<() => void>()
  let told = sizeOf(control)
  let timer: NodeJS.Timeout | null = null
  const tell = (): void => {
    timer = null
    if (listeners.size === 0) return
    // Armed before the look: a commit between the two rings again.
    Atomics.store(control.ints, words.commitWait, 1)
    const size = sizeOf(control)
    if (size === told) return
    told = size
    for (const listener of listeners) listener()
  }
  const soon = (): void => {
    timer ??= setTimeout(tell, quietMs)
    timer.unref()
  }
  return {
    listen: (listener) => {
      const own = (): void => listener() // so that one function may listen twice
      listeners.add(own)
      soon()
      return { [Symbol.dispose]: () => void listeners.delete(own) }
    },
    rung: soon,
    [Symbol.dispose]: () => {
      listeners.clear()
      if (timer !== null) clearTimeout(timer)
    },
  }
}

function sizeOf(control: ControlBlock): number {
  return readGauge(control, 'accessSize') + readGauge(control, 'auditSize')
}
