import type {
  AuditEvent,
  Consumer,
  Credential,
  DocumentRange,
  DocumentWrite,
  NetworkRule,
  Policy,
  SnapshotChange,
  StoredDocument,
} from '../../core/mod.ts'

/** Everything that a store holds of the rules, at one revision. */
export interface ControlState {
  /** 0 in a new store. */
  readonly revision: number
  /** Null until the first one was committed. */
  readonly policy: Policy | null
  /** In the order in which they were added. */
  readonly consumers: readonly Consumer[]
  readonly credentials: readonly Credential[]
  readonly networks: readonly NetworkRule[]
}

/** An audit event on its way to the ledger. */
export interface OutboxEntry {
  /** Grows with every entry; never used twice. */
  readonly place: number
  readonly event: AuditEvent
}

/** Entries that may wait for the ledger; beyond that no change is taken, for what is not recorded must not happen. */
export const outboxMax = 100_000

/**
 * Where consumers, credentials, rules about networks, the policy and the revision are kept, and the audit events that tell of their changes until
 * the ledger has them.
 *
 * - Durability: what `commit`, `use`, `putSetting` and `sent` resolved for survives a crash of the process and of the machine.
 * - Atomicity: of a change, all parts, the new revision and the events that tell of it are there, or none.
 * - Ordering: `commit` takes exactly the revision that follows the stored one. So of two writers that began from the same
 *   revision one gets `conflict`, and neither overwrites what it has not seen.
 * - Concurrency: calls may overlap; each works as if alone.
 *
 * Failures of the medium are thrown as `store_unreadable`; nothing of the failed call is kept then.
 */
export interface ControlStore extends AsyncDisposable {
  /** All parts as of one revision. */
  load(): Promise<ControlState>
  /**
   * Adds or replaces the named parts, by id; parts that the change does not name stay. Last uses are not moved back.
   * Throws `conflict` when the revision is not the next one, when a consumer's name or a credential's hash is taken by
   * another, or when a credential names a consumer that is neither there nor in the change; `unreachable` when
   * `outboxMax` events wait already.
   */
  commit(change: SnapshotChange, events?: readonly AuditEvent[]): Promise<void>
  /** Notes when credentials were last used: by id, ms. Never moves a time back, ignores unknown ids, leaves the revision. */
  use(lastUsedAtMs: ReadonlyMap<string, number>): Promise<void>
  /** Null when there is none of that name. */
  setting(name: string): Promise<string | null>
  /** Sets it only where there is none yet, and takes the events with it; says whether it did. */
  putSetting(name: string, value: string, events?: readonly AuditEvent[]): Promise<boolean>
  /** The oldest events that wait, in the order of their changes. */
  outbox(max: number): Promise<readonly OutboxEntry[]>
  /** Forgets the events up to this place: the ledger has them. */
  sent(place: number): Promise<void>
  /** The value of a document; null when there is none. */
  document(collection: string, id: string): Promise<unknown>
  documents(collection: string, range: DocumentRange): Promise<readonly StoredDocument[]>
  documentCount(collection: string): Promise<number>
  /** All writes in their order and the events that tell of them, or none; `unreachable` when `outboxMax` events wait already. */
  putDocuments(writes: readonly DocumentWrite[], events?: readonly AuditEvent[]): Promise<void>
}
