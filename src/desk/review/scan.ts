import { setImmediate as turn } from 'node:timers/promises'
import type { LedgerLog, LedgerRecord } from '../../core/mod.ts'
import type { ReviewLedger } from './ledger.ts'

/** Which records to read: from `from` to before `to`. */
export interface ScanRange {
  readonly log: LedgerLog
  readonly from: number
  readonly to: number
}

/** What was read, and what was not there. */
export interface ScanReport {
  readonly read: number
  /** Records that the ledger did not hand out, as stretches; at most `gapsMax` of them. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[]
}

/**
 * Reads a range once, in order, and shows each record to the visitor. The desk's other work goes on: after each few
 * milliseconds it has its turn. A record that is not handed out is a gap, reported and stepped over; a throw of the ledger
 * (no gate) ends the reading.
 */
export async function scan(
  range: ScanRange,
  ledger: ReviewLedger,
  { visit, signal }: { readonly visit: (record: LedgerRecord) => void; readonly signal?: AbortSignal },
): Promise<ScanReport> {
  const gaps: { from: number; to: number }[] = []
  const miss = (from: number, to: number): void => {
    if (gaps.length < gapsMax) gaps.push({ from, to })
  }
  let [next, read] = [range.from, 0]
  while (next < range.to) {
    signal?.throwIfAborted()
    const batch = (await ledger.records(range.log, next, Math.min(batchMax, range.to - next))).filter(
      ({ seq }) => seq >= next && seq < range.to,
    )
    const [first] = batch
    if (first === undefined) {
      miss(next, range.to)
      break
    }
    read += await shown(batch, visit)
    for (const { seq } of batch) {
      if (seq > next) miss(next, seq)
      next = seq + 1
    }
  }
  return { read, gaps }
}

/** Most gaps that are told apart. */
export const gapsMax = 100

const batchMax = 2_000
/** Longest stretch without a turn for others. */
const stretchMs = 10

async function shown(batch: readonly LedgerRecord[], visit: (record: LedgerRecord) => void): Promise<number> {
  let sinceMs = performance.now()
  for (const record of batch) {
    visit(record)
    if (performance.now() - sinceMs < stretchMs) continue
    await turn()
    sinceMs = performance.now()
  }
  return batch.length
}
