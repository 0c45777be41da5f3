import type { AuditEvent } from './audit-event.ts'

/** What the audit log is told of an act, without secrets; time and id are added where it is kept. */
export type Told = Pick<AuditEvent, 'kind' | 'details'>

/** One document as it is kept: JSON under an id, in a collection, at a position that its writer chose. */
export interface StoredDocument {
  readonly id: string
  /** Orders a collection, for instance by time; whole numbers. */
  readonly position: number
  readonly value: unknown
}

/** Puts a document, or, with `value: null`, forgets it. */
export interface DocumentWrite {
  readonly collection: string
  readonly id: string
  /** @default 0 */
  readonly position?: number
  readonly value: unknown
}

/** Which documents of a collection, by position. */
export interface DocumentRange {
  /** The least position. @default any */
  readonly from?: number
  /** The first position that is not meant. @default any */
  readonly to?: number
  /** @default 1,000 */
  readonly max?: number
  /** @default false */
  readonly newestFirst?: boolean
}

/**
 * Where the desk's rooms keep what must outlive the process: cursors, incidents, outboxes, reviews. Encrypted at rest:
 * collection, id and position stand in the open, so that none of them may be personal; the value is sealed.
 *
 * - Durability: what `write` resolved for survives a crash of the process and of the machine.
 * - Atomicity: of one `write`, all documents and the audit events that tell of it are kept, or none.
 * - Ordering: writes take effect in the order of their calls; equal positions are ordered by id.
 *
 * Throws `store_unreadable` when the medium failed, and then nothing of the call was kept. Values read are as JSON made them;
 * a room parses what it cannot be sure to have written.
 */
export interface Documents {
  get(collection: string, id: string): Promise<unknown>
  list(collection: string, range?: DocumentRange): Promise<readonly StoredDocument[]>
  count(collection: string): Promise<number>
  /** `actor` stands in the audit log: `desk` for what happens by itself, else who did it. @default desk */
  write(writes: readonly DocumentWrite[], told?: readonly Told[], actor?: string): Promise<void>
}
