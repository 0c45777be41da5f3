import type { Durable } from './record-log.ts'

/** Requests that wait for the same commit share one promise. */
interface Generation {
  end: number
  readonly tick: number
  readonly deadlineMs: number
  readonly promise: Promise<Durable>
  readonly resolve: (durable: Durable) => void
}

/** Waits for positions of one ring to become durable, in order of position; all of one batch are one promise. */
export class DurableWaits {
  /** Bounded by the rows of the in-flight table: every waiting request has one. */
  #generations: Generation[] = []
  #tick = 0

  get empty(): boolean {
    return this.#generations.length === 0
  }

  /** Joins the newest generation while the ledger has taken nothing of it, or null when a new one must be `begin`-ned. */
  join(end: number, taken: number): Promise<Durable> | null {
    const newest = this.#generations.at(-1)
    if (newest === undefined || newest.tick !== this.#tick || ((taken - newest.end) | 0) >= 0) return null
    if (((end - newest.end) | 0) > 0) newest.end = end
    return newest.promise
  }

  begin(end: number, deadlineMs: number): Promise<Durable> {
    const { promise, resolve } = Promise.withResolvers<Durable>()
    // A record may be waited for a second time, after later ones: the list stays in order of position.
    const newest = this.#generations.at(-1)
    const last = newest !== undefined && ((newest.end - end) | 0) > 0 ? newest.end : end
    this.#generations.push({ end: last, tick: this.#tick, deadlineMs, promise, resolve })
    return promise
  }

  /** Resolves everything up to the durable position. */
  release(tail: number): void {
    let count = 0
    for (const generation of this.#generations) {
      if (((tail - generation.end) | 0) < 0) break
      generation.resolve('durable')
      count++
    }
    if (count > 0) this.#generations = this.#generations.slice(count)
  }

  /**
   * Ends the waits that took too long; one whose record is durable after all is not called stalled. A new tick also begins
   * a new generation, so nobody's wait is cut short by more than one tick.
   */
  expire(nowMs: number, tail: number): void {
    this.#tick = (this.#tick + 1) | 0
    if ((this.#generations[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) > nowMs) return
    this.release(tail)
    while ((this.#generations[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) <= nowMs)
      this.#generations.shift()?.resolve('stalled')
  }

  fail(): void {
    for (const generation of this.#generations) generation.resolve('failed')
    this.#generations = []
  }
}
