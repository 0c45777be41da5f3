import {
  type AuditEvent,
  type Consumer,
  type Credential,
  type DocumentRange,
  type DocumentWrite,
  GatehouseError,
  type NetworkRule,
  type Policy,
  type SnapshotChange,
  type StoredDocument,
} from '../../core/mod.ts'
import { type ControlStore, type OutboxEntry, outboxMax } from './control-store.ts'

/** A control store that lives as long as the process: for trying things out. It keeps every promise but durability. */
export function openMemoryControlStore(): ControlStore {
  let revision = 0
  let policy: Policy | null = null
  let networks: readonly NetworkRule[] = []
  const consumers = new Map<string, Consumer>()
  const credentials = new Map<string, Credential>()
  const settings = new Map<string, string>()
  let waiting: readonly OutboxEntry[] = []
  let lastPlace = 0
  const tell = (events: readonly AuditEvent[]): void => {
    waiting = [...waiting, ...events.map((event) => ({ place: ++lastPlace, event }))]
  }
  return {
    load: async () => ({
      revision,
      policy,
      consumers: [...consumers.values()],
      credentials: [...credentials.values()],
      networks,
    }),
    commit: async (change, events = []) => {
      if (change.revision !== revision + 1) {
        throw new GatehouseError('conflict', `Cannot commit revision ${change.revision}: the store is at ${revision}`)
      }
      if (waiting.length + events.length > outboxMax) throw outboxFull()
      checkConsumers(change, consumers)
      checkCredentials(change, credentials, consumers)
      for (const consumer of change.consumers) consumers.set(consumer.id, consumer)
      for (const credential of change.credentials) {
        credentials.set(credential.id, usedAt(credential, credentials.get(credential.id)?.lastUsedAtMs ?? null))
      }
      policy = change.policy ?? policy
      networks = change.networks ?? networks
      revision = change.revision
      tell(events)
    },
    use: async (lastUsedAtMs) => {
      for (const [id, atMs] of lastUsedAtMs) {
        const credential = credentials.get(id)
        if (credential !== undefined) credentials.set(id, usedAt(credential, atMs))
      }
    },
    setting: async (name) => settings.get(name) ?? null,
    putSetting: async (name, value, events = []) => {
      if (settings.has(name)) return false
      settings.set(name, value)
      tell(events)
      return true
    },
    outbox: async (max) => waiting.slice(0, max),
    sent: async (place) => {
      waiting = waiting.filter((entry) => entry.place > place)
    },
    ...documentsWith(tell, () => waiting.length),
    [Symbol.asyncDispose]: async () => {},
  }
}

function documentsWith(
  tell: (events: readonly AuditEvent[]) => void,
  waiting: () => number,
): Pick<ControlStore, 'document' | 'documents' | 'documentCount' | 'putDocuments'> {
  const documents = new Map<string, Map<string, StoredDocument>>()
  return {
    document: async (collection, id) => documents.get(collection)?.get(id)?.value ?? null,
    documents: async (collection, range) => within([...(documents.get(collection)?.values() ?? [])], range),
    documentCount: async (collection) => documents.get(collection)?.size ?? 0,
    putDocuments: async (writes, events = []) => {
      if (waiting() + events.length > outboxMax) throw outboxFull()
      for (const write of writes) put(documents, write)
      tell(events)
    },
  }
}

function put(
  documents: Map<string, Map<string, StoredDocument>>,
  { collection, id, position = 0, value }: DocumentWrite,
): void {
  const held = documents.get(collection) ?? new Map<string, StoredDocument>()
  documents.set(collection, held)
  if (value === null) held.delete(id)
  // As from a disk: what comes back is what JSON keeps.
  else held.set(id, { id, position, value: JSON.parse(JSON.stringify(value)) as unknown })
}

/** Documents of a list that a range asks for, in its order. */
function within(
  all: readonly StoredDocument[],
  { from = -Infinity, to = Infinity, max = documentsMaxDefault, newestFirst = false }: DocumentRange,
): readonly StoredDocument[] {
  const asked = all
    .filter(({ position }) => position >= from && position < to)
    .toSorted((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
  return (newestFirst ? asked.toReversed() : asked).slice(0, max)
}

/** Documents of one answer where the asker names no bound. */
export const documentsMaxDefault = 1_000

/** What a store says when too many events wait. */
export function outboxFull(): GatehouseError {
  return new GatehouseError(
    'unreachable',
    `Cannot take a change: ${outboxMax} audit events wait for the ledger already`,
  )
}

/** The credential with the later of both times. */
function usedAt(credential: Credential, atMs: number | null): Credential {
  return atMs === null || atMs <= (credential.lastUsedAtMs ?? -1) ? credential : { ...credential, lastUsedAtMs: atMs }
}

function checkConsumers(change: SnapshotChange, held: ReadonlyMap<string, Consumer>): void {
  const after = new Map(held)
  for (const consumer of change.consumers) after.set(consumer.id, consumer)
  const owners = new Map([...after.values()].map((consumer) => [consumer.name, consumer.id]))
  for (const { id, name } of change.consumers) {
    if (owners.size !== after.size)
      throw new GatehouseError('conflict', `The name '${name}' of consumer ${id} is taken`)
  }
}

function checkCredentials(
  change: SnapshotChange,
  held: ReadonlyMap<string, Credential>,
  consumers: ReadonlyMap<string, Consumer>,
): void {
  const after = new Map(held)
  for (const credential of change.credentials) after.set(credential.id, credential)
  const hashes = new Set([...after.values()].map((credential) => credential.hmac))
  const owners = new Set([...consumers.keys(), ...change.consumers.map((consumer) => consumer.id)])
  for (const { id, consumerId } of change.credentials) {
    if (hashes.size !== after.size) throw new GatehouseError('conflict', `The hash of credential ${id} is taken`)
    if (!owners.has(consumerId))
      throw new GatehouseError('conflict', `Credential ${id} names no consumer: ${consumerId}`)
  }
}
