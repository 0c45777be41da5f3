import { type AccessEvent, emptyEvent } from '../../core/mod.ts'

/** Most events that are kept for later, and the most characters of their longest texts. */
const recordsMax = 4096
const charsMax = 4 * 1024 * 1024
const otherChars = 512

/**
 * Records that found no room, in order, kept until there is some. What exceeds the bound is counted, and the count is
 * written as a record of its own where the lost ones would have stood.
 */
export class OwedRecords {
  readonly #events: AccessEvent[] = []
  #chars = 0
  #lost = 0

  get empty(): boolean {
    return this.#events.length === 0 && this.#lost === 0
  }

  /** Records that are in no ring now, lost ones included. */
  get count(): number {
    return this.#events.length + this.#lost
  }

  add(event: AccessEvent): void {
    // Once something is lost, everything after it is, until the gap is written: records stay in order.
    if (this.#lost > 0 || this.#events.length >= recordsMax || this.#chars + charsOf(event) > charsMax) {
      this.#lost++
      return
    }
    this.#events.push({ ...event }) // the caller's may change
    this.#chars += charsOf(event)
  }

  /** Writes what `write` has room for. */
  flush(write: (event: AccessEvent) => boolean, gap: (lost: number) => AccessEvent): void {
    let count = 0
    for (const event of this.#events) {
      if (!write(event)) break
      this.#chars -= charsOf(event)
      count++
    }
    this.#events.splice(0, count)
    if (this.#events.length === 0 && this.#lost > 0 && write(gap(this.#lost))) this.#lost = 0
  }
}

function charsOf({ path, query, userAgent, note }: AccessEvent): number {
  return path.length + query.length + (userAgent?.length ?? 0) + note.length + otherChars
}

/** The event that stands for records that are gone. */
export function gapEvent(gap: {
  readonly lost: number
  readonly thread: number
  readonly wallMs: number
  readonly why: string
}): AccessEvent {
  return {
    ...emptyEvent,
    kind: 'amended',
    receivedAtMs: gap.wallMs,
    outcome: 'failed',
    reason: 'ledger_full',
    note: `gap: ${gap.lost} records were lost, ${gap.why}`,
    thread: gap.thread,
    unknown: ['id'],
  }
}
