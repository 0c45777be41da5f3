import { type Consumer, type Credential, GatehouseError, type NetworkRule, type Policy } from '../../core/mod.ts'
import type { Snapshot, SnapshotChange } from '../../core/mod.ts'
import type { ControlState } from './control-store.ts'

/** What the store holds, in memory, for reading: always as of the last committed revision. */
export interface State {
  readonly revision: number
  readonly policy: Policy | null
  readonly consumerCount: number
  readonly credentialCount: number
  snapshot(): Snapshot
  consumers(): readonly Consumer[]
  credentials(): readonly Credential[]
  /** With those whose time is over, until the next change of any of them. */
  readonly networks: readonly NetworkRule[]
  consumerNamed(name: string): Consumer | null
  consumerWithId(id: string): Consumer | null
  credential(id: string): Credential | null
  /** Takes over a change that the store has committed. */
  apply(change: SnapshotChange): void
  /** Sets when a credential was last used, without a revision; false when that is no news, or the id is unknown. */
  touch(credentialId: string, atMs: number): boolean
}

/** Names of consumers never change, so that the index by name only grows. */
export function createState(stored: ControlState): State {
  let { revision, policy, networks } = stored
  const consumersByName = new Map(stored.consumers.map((consumer) => [consumer.name, consumer]))
  const consumersById = new Map(stored.consumers.map((consumer) => [consumer.id, consumer]))
  const credentialsById = new Map(stored.credentials.map((credential) => [credential.id, credential]))
  const consumers = (): readonly Consumer[] => [...consumersByName.values()]
  const credentials = (): readonly Credential[] => [...credentialsById.values()]
  return {
    get revision() {
      return revision
    },
    get policy() {
      return policy
    },
    get consumerCount() {
      return consumersByName.size
    },
    get credentialCount() {
      return credentialsById.size
    },
    snapshot: () => {
      if (policy === null) throw new GatehouseError('not_found', 'There are no rules yet: the policy was never set')
      return { revision, policy, consumers: consumers(), credentials: credentials(), networks }
    },
    consumers,
    credentials,
    get networks() {
      return networks
    },
    consumerNamed: (name) => consumersByName.get(name) ?? null,
    consumerWithId: (id) => consumersById.get(id) ?? null,
    credential: (id) => credentialsById.get(id) ?? null,
    apply: (change) => {
      revision = change.revision
      policy = change.policy ?? policy
      networks = change.networks ?? networks
      for (const consumer of change.consumers) {
        consumersByName.set(consumer.name, consumer)
        consumersById.set(consumer.id, consumer)
      }
      for (const credential of change.credentials) {
        // While the store was writing, the key may have been used again.
        const lastUsedAtMs = credentialsById.get(credential.id)?.lastUsedAtMs ?? credential.lastUsedAtMs
        credentialsById.set(credential.id, { ...credential, lastUsedAtMs })
      }
    },
    touch: (credentialId, atMs) => {
      const held = credentialsById.get(credentialId)
      if (held === undefined || atMs <= (held.lastUsedAtMs ?? -1)) return false
      credentialsById.set(credentialId, { ...held, lastUsedAtMs: atMs })
      return true
    },
  }
}
