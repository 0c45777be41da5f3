import { emptyEvent, encodeAccessEvent } from '../../core/mod.ts'

/** Most records that are kept for later, and their most characters. */
const recordsMax = 4096
const charsMax = 4 * 1024 * 1024

/**
 * Records that found no room, in order, kept until there is some. What exceeds the bound is counted, and the count is
 * written as a record of its own where the lost ones would have stood.
 */
export class OwedRecords {
  readonly #records: string[] = []
  #chars = 0
  #lost = 0

  get empty(): boolean {
    return this.#records.length === 0 && this.#lost === 0
  }

  /** Records that are in no ring now, lost ones included. */
  get count(): number {
    return this.#records.length + this.#lost
  }

  add(record: string): void {
    // Once something is lost, everything after it is, until the gap is written: records stay in order.
    if (this.#lost > 0 || this.#records.length >= recordsMax || this.#chars + record.length > charsMax) {
      this.#lost++
      return
    }
    this.#records.push(record)
    this.#chars += record.length
  }

  /** Writes what `write` has room for. */
  flush(write: (record: string) => boolean, gap: (lost: number) => string): void {
    let count = 0
    for (const record of this.#records) {
      if (!write(record)) break
      this.#chars -= record.length
      count++
    }
    this.#records.splice(0, count)
    if (this.#records.length === 0 && this.#lost > 0 && write(gap(this.#lost))) this.#lost = 0
  }
}

/** The record that stands for records that are gone. */
export function gapRecord(gap: {
  readonly lost: number
  readonly thread: number
  readonly wallMs: number
  readonly why: string
}): string {
  return encodeAccessEvent({
    ...emptyEvent,
    kind: 'amended',
    receivedAtMs: gap.wallMs,
    outcome: 'failed',
    reason: 'ledger_full',
    note: `gap: ${gap.lost} records were lost, ${gap.why}`,
    thread: gap.thread,
    unknown: ['id'],
  })
}
