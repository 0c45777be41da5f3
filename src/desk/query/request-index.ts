import type { Follower } from '../../core/mod.ts'

/** Where in the access log the records of one request may stand, each list from the oldest on. */
export interface RequestPlaces {
  readonly opened: readonly number[]
  /** Of the one terminal record. */
  readonly ended: readonly number[]
  readonly amended: readonly number[]
}

/** Records that an index keeps at least, of the newest. */
export const requestsMaxDefault = 50_000_000

/**
 * Follows the access log and remembers where each request's records stand.
 *
 * - Durability: the cursor moves with the places, in one transaction. A crash of the machine may take back the last few
 *   batches, cursor and places together; they come again.
 * - Ordering: batches come in order; one that comes again changes nothing.
 * - Truth: a place is a hint. Whoever reads the record there compares its id, for an index keeps less than the whole id.
 * - Bound: it keeps the places of at least so many records as it was opened with, and drops the oldest beyond.
 *
 * Failures of the medium are thrown as `store_unreadable`; the batch is then not taken.
 */
export interface RequestIndex extends Follower, AsyncDisposable {
  /** To be called at each connection, with the number of records in the log: an index of more than that is of another log, and begins anew. */
  begin(logSize: number): void
  /** Empty lists where it knows of nothing. */
  find(requestId: string): Promise<RequestPlaces>
}
