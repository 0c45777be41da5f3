import type { AccessEvent } from '../../core/mod.ts'

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
  opened(event: AccessEvent): Promise<boolean>
  /** Writes the one terminal record. At most once; it always fits (the event is cut to the reserved room if it must be). */
  finish(event: AccessEvent): void
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

/** The ledger as a gateway thread sees it. Events are encoded and sealed at once: they may change after the call. */
export interface RecordLog {
  /**
   * Immediately, or null when the ring or the table has no room now (or the ledger has failed). `textBytesMax` is how long the
   * terminal record's text can be.
   */
  reserve(facts: InflightFacts, textBytesMax: number): Reservation | null
  /** Waits for room until the ledger's wait is over; null then, or at once when the ledger has failed. */
  reserveSoon(facts: InflightFacts, textBytesMax: number): Promise<Reservation | null>
  /** Appends an event that belongs to no open request (`amended`); kept until there is room, within bounds. */
  append(event: AccessEvent): void
  /** Drops these keys (row ids, 16 hex digits), so that this thread seals nothing more with them; says how many it had. */
  forgetKeys(rowIds: ReadonlySet<string>): number
  readonly failed: boolean
}
