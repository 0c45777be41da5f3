import type { Documents, DocumentWrite, LedgerLog, Told } from '../../core/mod.ts'

const collection = 'export-rejected'
/** What is kept of all sinks together; the oldest go first. */
export const rejectedMax = 1_000

/** A record that a sink went past. It still stands in the ledger, under this place. */
export interface Rejected {
  readonly sink: string
  readonly log: LedgerLog
  readonly seq: number
  /** What the receiver said, or what was wrong with the record. */
  readonly reason: string
  readonly atMs: number
}

/** What was skipped, and whether the audit log is told of it. */
export interface Skipped {
  readonly sink: string
  readonly log: LedgerLog
  readonly from: number
  /** The last one. */
  readonly to: number
  readonly records: number
  readonly reason: string
}

/** Keeps what was rejected and tells the audit log of it, in one transaction. */
export async function keepRejected(
  documents: Documents,
  rejected: readonly Rejected[],
  told: readonly Told[],
): Promise<void> {
  const writes: DocumentWrite[] = rejected.map((one) => ({
    collection,
    id: `${one.sink}/${one.log}/${one.seq}`,
    position: one.atMs,
    value: one,
  }))
  const excess = (await documents.count(collection)) + rejected.length - rejectedMax
  const oldest = excess > 0 ? await documents.list(collection, { max: excess }) : []
  await documents.write([...writes, ...oldest.map(({ id }) => ({ collection, id, value: null }))], told)
}

/** The audit event of records that a sink was not given. */
export function gapTold({ sink, log, from, to, records, reason }: Skipped): Told {
  return { kind: 'export.gap', details: { sink, log, from, to, records, reason: reason.slice(0, 200) } }
}
