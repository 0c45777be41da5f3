import { type LedgerLog, type LedgerRecord, messageOf } from '../../core/mod.ts'
import type { ItemMaker } from './items.ts'
import type { Pace } from './pace.ts'
import type { ExportItem } from './sink.ts'

/** Consecutive records of one log, and what of them goes out. */
export interface Batch {
  readonly from: number
  /** Behind the last record. */
  readonly next: number
  readonly items: readonly ExportItem[]
  /** Records that could not be read. */
  readonly unreadable: readonly { readonly seq: number; readonly reason: string }[]
}

/** Cuts records into batches: no more items and bytes in each than the pace says, but at least one record. */
export function batchesOf(
  {
    log,
    records,
    items,
  }: { readonly log: LedgerLog; readonly records: readonly LedgerRecord[]; readonly items: ItemMaker },
  { batchItemsMax, batchBytesMax }: Pace,
): readonly Batch[] {
  const batches: Batch[] = []
  let open = emptyBatch(records[0]?.seq ?? 0)
  let bytes = 0
  for (const record of records) {
    const made = make(items, log, record)
    const size = made.item?.json.length ?? 0
    if (open.items.length > 0 && (open.items.length >= batchItemsMax || bytes + size > batchBytesMax)) {
      batches.push(open)
      open = emptyBatch(record.seq)
      bytes = 0
    }
    if (made.item !== null) open.items.push(made.item)
    if (made.reason !== null) open.unreadable.push({ seq: record.seq, reason: made.reason })
    open.next = record.seq + 1
    bytes += size
  }
  if (open.next > open.from) batches.push(open)
  return batches
}

interface OpenBatch {
  readonly from: number
  next: number
  readonly items: ExportItem[]
  readonly unreadable: { readonly seq: number; readonly reason: string }[]
}

function emptyBatch(from: number): OpenBatch {
  return { from, next: from, items: [], unreadable: [] }
}

function make(
  items: ItemMaker,
  log: LedgerLog,
  record: LedgerRecord,
): { readonly item: ExportItem | null; readonly reason: string | null } {
  try {
    return { item: items.itemOf(log, record), reason: null }
  } catch (error) {
    return { item: null, reason: `it cannot be read: ${messageOf(error)}` }
  }
}
