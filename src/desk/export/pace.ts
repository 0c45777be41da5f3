/** How an export worker goes about it; all in ms, records or bytes. */
export interface Pace {
  /** How long records may gather before they are read, so that one delivery takes many. */
  readonly gatherMs: number
  /** Without being woken it looks for new records so often. */
  readonly pollMs: number
  readonly readRecordsMax: number
  readonly batchItemsMax: number
  readonly batchBytesMax: number
  /** Back-off: full jitter below a bound that doubles from the first of these to the second. */
  readonly retryMs: number
  readonly retryMsMax: number
  /** Least time between two writes of a cursor. */
  readonly cursorMs: number
  /** A receiver that refuses so many single records in a row refuses everything: then it is waited for. */
  readonly rejectionsInRowMax: number
  /** Failures in a row after which the circuit counts as open. */
  readonly failuresOpen: number
}

/** The product's pace. */
export const pace: Pace = {
  gatherMs: 50,
  pollMs: 700,
  readRecordsMax: 500,
  batchItemsMax: 500,
  batchBytesMax: 1024 * 1024,
  retryMs: 500,
  retryMsMax: 60_000,
  cursorMs: 1_000,
  rejectionsInRowMax: 20,
  failuresOpen: 5,
}

/** How long to wait after so many failures in a row (AWS's "full jitter"); `random` gives numbers from 0 up to 1. */
export function backOffMs({ retryMs, retryMsMax }: Pace, failures: number, random: () => number): number {
  return Math.ceil(random() * Math.min(retryMsMax, retryMs * 2 ** Math.min(30, failures)))
}
