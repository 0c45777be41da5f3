/** Somebody who waits for room. */
export interface RoomWait {
  /** Takes the room and tells the waiter; false when there still is not enough. */
  attempt(): boolean
  giveUp(): void
  readonly deadlineMs: number
}

/** A bounded first-come, first-served list; all waits are equally long, so its order is also that of the deadlines. */
export class RoomWaits {
  readonly #waitsMax: number
  readonly #waits: RoomWait[] = []

  constructor(waitsMax: number) {
    this.#waitsMax = waitsMax
  }

  get empty(): boolean {
    return this.#waits.length === 0
  }

  /** False when the list is full. */
  add(wait: RoomWait): boolean {
    if (this.#waits.length >= this.#waitsMax) return false
    this.#waits.push(wait)
    return true
  }

  /** Serves in order; one that does not fit holds back those behind it, or large ones would starve. */
  serve(): void {
    while (this.#waits[0]?.attempt() === true) this.#waits.shift()
  }

  /** Ends the waits that took too long, after one more attempt. */
  expire(nowMs: number): void {
    if ((this.#waits[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) > nowMs) return
    this.serve()
    while ((this.#waits[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#waits.shift()?.giveUp()
  }

  fail(): void {
    for (const wait of this.#waits.splice(0)) wait.giveUp()
  }
}
