import type { LedgerRecord } from '../core/mod.ts'

/** Sends the records of one log to the desk, in order, a few batches ahead of what it has acknowledged. */
export interface RecordPump extends Disposable {
  /** Begins at this record. */
  follow(from: number): void
  /** The desk has everything before this record. */
  acknowledge(next: number): void
  /** There may be more; it goes out within `paceMs`, with what else has come until then. */
  grown(): void
  /** What there is goes out now. */
  flush(): void
}

export interface RecordPumpOptions {
  /** Committed records from `seq` on, as many as are sent at once; none where there are none yet. */
  readonly read: (seq: number) => readonly LedgerRecord[]
  readonly send: (records: readonly LedgerRecord[]) => void
  readonly paceMs: number
}

const windowBatches = 4
/** A batch of fewer bytes is the end of what there is, or nearly: the next one is worth a wait. */
const smallBytes = 256 * 1024

export function openRecordPump({ read, send, paceMs }: RecordPumpOptions): RecordPump {
  let next: number | null = null
  /** Ends of the batches that are on their way. */
  let sent: number[] = []
  let due: NodeJS.Timeout | null = null
  let ended = false

  /** False when there is nothing to be sent, or no more at once. */
  const sendOne = (): boolean => {
    if (next === null || ended || sent.length >= windowBatches) return false
    const records = read(next)
    const last = records.at(-1)
    if (last === undefined) return false
    next = last.seq + 1
    sent.push(next)
    send(records)
    const isSmall = records.reduce((sum, { bytes }) => sum + bytes.length, 0) < smallBytes
    // It may be small because a file ended there: what is behind it is looked for without being told of growth.
    if (isSmall) wait()
    return !isSmall
  }
  const look = (): void => {
    while (sendOne());
  }
  const stop = (): void => {
    if (due !== null) clearTimeout(due)
    due = null
  }
  const wait = (): void => {
    if (next === null || ended) return
    due ??= setTimeout(() => {
      due = null
      look()
    }, paceMs)
  }
  return {
    follow: (from) => {
      next = from
      sent = []
      look()
    },
    acknowledge: (upTo) => {
      const wasFull = sent.length >= windowBatches
      sent = sent.filter((end) => end > upTo)
      // A full window may have held records back; of all others growth has told or will tell.
      if (wasFull && due === null) look()
    },
    grown: wait,
    flush: look,
    [Symbol.dispose]: () => {
      ended = true
      stop()
    },
  }
}
