/** What the ledger says of a record that was waited for. */
export type Durable = 'durable' | 'stalled' | 'failed'

/**
 * Room in the ring and a row in the in-flight table, taken before anything is done for a request.
 * However the request ends, its terminal record has room; and if the thread dies, main writes an `aborted` one.
 */
export interface Reservation {
  /**
   * Writes the record of a beginning answer (kind `opened`) into room of its own.
   * Resolves `false` when there is no such room within the wait: the answer must not begin.
   */
  opened(record: string): Promise<boolean>
  /** Writes the one terminal record. At most once; it always fits (the record is cut to the reserved room if it must be). */
  finish(record: string): void
  /**
   * Resolves when everything written so far is on disk, or when the wait is over (`stalled`), or when the ledger
   * has ended (`failed`). The record itself stays in the ring in either case.
   */
  durable(): Promise<Durable>
  /** Marks that bytes of the answer have left, so that a crash after this writes no `response.withheld`. */
  released(): void
  /** Frees the in-flight row; the last call. Without a `finish` before it, the room is given back and no record remains. */
  close(): void
}

/** What the row says of a request if its thread dies. */
export interface InflightFacts {
  readonly requestId: string
  readonly receivedAtMs: number
  /** Index into the thread's routes at that revision, -1 before routing. */
  readonly routeIndex: number
}

/** The ledger as a gateway thread sees it. */
export interface RecordLog {
  /** Immediately, or null when the ring or the table has no room now (or the ledger has failed). */
  reserve(facts: InflightFacts, recordBytesMax: number): Reservation | null
  /** Waits for room until the ledger's wait is over; null then, or at once when the ledger has failed. */
  reserveSoon(facts: InflightFacts, recordBytesMax: number): Promise<Reservation | null>
  /** Appends a record that belongs to no open request (`amended`); dropped and counted when there is no room. */
  append(record: string): void
  readonly failed: boolean
}
