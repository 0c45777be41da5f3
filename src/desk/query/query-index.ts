import type { Follower } from '../../core/mod.ts'
import type { QueryEngine } from './engine.ts'

/**
 * Follows the access log and keeps it so that it can be asked.
 *
 * - Durability: the cursor that a process begins with stands behind what is on disk; what was not is read again.
 * - Ordering: batches come in order; one that comes again changes nothing.
 * - Truth: what is damaged or gone is read from the ledger again; until then answers say that they are partial.
 * - At rest: nothing of any request is on disk but sealed.
 *
 * Failures of the medium are thrown as `data_folder_unusable`, and the batch then comes again.
 */
export interface QueryIndex extends QueryEngine, Follower, AsyncDisposable {
  /** To be called at each connection, with the number of records in the log: an index of more than that is of another log, and begins anew. */
  begin(logSize: number): void
}
