import type { LedgerLog } from '../../core/mod.ts'

/** One record on its way out. */
export interface ExportItem {
  readonly log: LedgerLog
  readonly seq: number
  /** What a receiver tells duplicates by, together with log and seq. */
  readonly uid: string
  readonly timeMs: number
  /** OCSF `severity_id`, 1 to 5. */
  readonly severityId: number
  /** The OCSF event: JSON in ASCII, everything else escaped. */
  readonly json: string
}

/**
 * What a receiver made of a batch. `rejected`: it does not want something in it, and never will; `too_large`: not all of it
 * at once; `later`: not now. `answer` is for people.
 */
export type Delivery =
  | { readonly kind: 'delivered'; readonly answer: string }
  | { readonly kind: 'rejected'; readonly answer: string }
  | { readonly kind: 'too_large'; readonly answer: string }
  | { readonly kind: 'later'; readonly answer: string; readonly retryAfterMs: number | null }

/**
 * The port of export: a receiver of events.
 *
 * - `deliver` resolves with `delivered` only when the receiver has acknowledged all of the batch, as far as its protocol
 *   can; it throws `unreachable` or `destination_not_allowed` when nobody can say.
 * - A batch is not empty, and its items are of one log and in its order; the same batch may come again.
 * - `deliver` may be called again before it has resolved; it ends soon after `signal` fires, and always within a minute.
 */
export interface Sink {
  /**
   * How long after it a delivery may turn out to have been in vain, because the protocol has no acknowledgement: such
   * batches are sent again when the next delivery fails. 0: a delivery is a delivery.
   */
  readonly doubtMs: number
  deliver(batch: readonly ExportItem[], signal: AbortSignal): Promise<Delivery>
}
