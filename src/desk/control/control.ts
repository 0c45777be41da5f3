import { isDeepStrictEqual } from 'node:util'
import type {
  AuditEvent,
  Clock,
  Consumer,
  Credential,
  Documents,
  NetworkRule,
  Policy,
  Snapshot,
  SnapshotChange,
  Told,
} from '../../core/mod.ts'
import {
  createKeyHasher,
  createRequestIds,
  type KeyEnvironment,
  mintApiKey,
  type MintedApiKey,
} from '../../crypto/mod.ts'
import { type Actor, type Changer, createChanger } from './changer.ts'
import type { ControlStore, OutboxEntry } from './control-store.ts'
import {
  consumerNamed,
  type ConsumerWish,
  draftConsumer,
  draftKey,
  draftRevocation,
  draftRoles,
  draftState,
  type KeyWish,
  type Mint,
} from './drafts.ts'
import { type CertificateWish, draftCertificate, type RegisteredCertificate } from './draft-certificate.ts'
import { collectLastUses } from './last-uses.ts'
import { draftNetwork, draftRelease, liveNetworks, type NetworkWish } from './networks.ts'
import { policyChanges } from './policy-changes.ts'
import { draftRotation, type Rotated, type RotationWish } from './rotation.ts'
import { createState, type State } from './state.ts'

/** What became of a change. */
export interface Applied {
  /** All gateway threads of the connected gate have confirmed it; false: it is stored, and they get it later. */
  readonly applied: boolean
}

export interface CreatedKey extends Applied {
  /** The key itself, this once: it is kept nowhere. */
  readonly key: string
  readonly credential: Credential
}

export interface RevokedKey extends Applied {
  readonly credential: Credential
}

export type RotatedKey = Rotated & Applied

export interface ReleasedNetworks extends Applied {
  readonly released: readonly NetworkRule[]
}

export interface SetPolicy extends Applied {
  readonly revision: number
  readonly changed: boolean
}

export interface ControlOptions {
  readonly store: ControlStore
  readonly clock: Clock
  /** The secret under which keys are hashed. Whoever has it and the store can confirm a guessed key, nothing else. */
  readonly pepper: Uint8Array
  /** Which pepper this is; kept with each credential. @default 1 */
  readonly pepperVersion?: number
  /** Sends a change to the gate, in the order of calls; true when all gateway threads have it. */
  readonly publish: (change: SnapshotChange) => Promise<boolean>
  /** Told what went wrong without failing a call. @default nobody */
  readonly warn?: (message: string) => void
  /** @default crypto's `mintApiKey` */
  readonly mintKey?: (environment: KeyEnvironment) => MintedApiKey
  /** Makes the ids of consumers. @default 128 random bits in hex */
  readonly mintId?: () => string
}

/**
 * The rules of the gate, and every change of them. Each change is one transaction that also raises the revision by one and
 * keeps the event that tells the audit log of it; it is durable before it is published. Changes happen one after the other. Errors: `invalid_argument`, `not_found` and
 * `conflict` name the value; `store_unreadable` when the store failed, and then nothing was changed.
 */
export interface Control extends AsyncDisposable {
  readonly revision: number
  /** All rules at one revision. Throws `not_found` before the first `setPolicy` ever. */
  snapshot(): Snapshot
  /** Changes in the name of this actor, which stands in the audit log. */
  by(actor: Actor): Changes
  /** By name. */
  listConsumers(): readonly Consumer[]
  /** In the order in which they were made; `not_found` for a consumer that is not there. */
  listKeys(filter?: { readonly consumer?: string | undefined }): readonly Credential[]
  /** Rules about networks that hold now, in the order in which they were made. */
  listNetworks(): readonly NetworkRule[]
  /** What is in the configuration. The revision grows only when the policy differs; when it does not, there is nothing to apply and `applied` is true. */
  setPolicy(policy: Policy): Promise<SetPolicy>
  /** Notes that a credential was used: seen at once, durable with the next write, at most one a minute. Ignores unknown ids. */
  touch(credentialId: string, atMs: number): void
  readonly outbox: AuditOutbox
  /** What the desk's other rooms keep, in the same store: with the audit events that tell of it in one transaction. */
  readonly documents: Documents
}

/** Everything that an administrator can change. */
export interface Changes {
  createConsumer(wish: string | ConsumerWish): Promise<Consumer & Applied>
  changeConsumer(name: string, change: { readonly state: Consumer['state'] }): Promise<Consumer & Applied>
  /** Gives a consumer these roles and no others; names that the configuration does not know grant nothing. */
  setRoles(name: string, roles: readonly string[]): Promise<Consumer & Applied>
  createKey(wish: KeyWish): Promise<CreatedKey>
  /** Lets a consumer prove itself by a client certificate; `revokeKey` ends that. */
  addCertificate(wish: CertificateWish): Promise<RegisteredCertificate & Applied>
  /** Makes a successor with the same grants; the key works on until the overlap is over. */
  rotateKey(id: string, wish?: RotationWish): Promise<RotatedKey>
  /** For good. A second time keeps the date of the first and tells the gate again. */
  revokeKey(id: string): Promise<RevokedKey>
  /** Blocks a network, or excepts it from a block. */
  setNetwork(wish: NetworkWish): Promise<NetworkRule & Applied>
  /** By the id of a rule, or by a network: then all rules for it. */
  releaseNetwork(which: string): Promise<ReleasedNetworks>
}

/** Audit events that the ledger has not got. Each comes until it is said to be sent: at least once, with one id. */
export interface AuditOutbox {
  /** The oldest, in order. */
  next(max: number): Promise<readonly OutboxEntry[]>
  sent(place: number): Promise<void>
  /** Calls back after each change that added to it. */
  listen(listener: () => void): Disposable
}

/** Loads everything from the store. Closing writes what is still noted; the store and the link are the caller's to close. */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { store, clock } = options
  const state = createState(await store.load())
  const uses = collectLastUses(store, clock, options.warn ?? ((): void => {}))
  const mint = mintOf(options)
  const listeners = new Set<() => void>()
  const change = createChanger({
    store,
    state,
    publish: options.publish,
    event: (told, by) => eventOf(told, by, mint),
    onTold: () => {
      for (const listener of listeners) listener()
    },
  })
  return {
    get revision() {
      return state.revision
    },
    snapshot: () => state.snapshot(),
    by: (actor) => changesBy(actor, { change, mint, state }),
    listConsumers: () => state.consumers().toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    listKeys: ({ consumer } = {}) => {
      if (consumer === undefined) return state.credentials()
      const { id } = consumerNamed(state, consumer)
      return state.credentials().filter((credential) => credential.consumerId === id)
    },
    listNetworks: () => liveNetworks(state.networks, clock),
    setPolicy: async (wanted) => {
      // The store keeps JSON, so what is compared is what comes back from it: the type survives, absent members vanish.
      const policy = JSON.parse(JSON.stringify(wanted)) as Policy
      const { made: revision, applied } = await change(
        () =>
          isDeepStrictEqual(policy, state.policy)
            ? { made: null, told: [] }
            : { made: state.revision + 1, policy, told: [policyChanges(state.policy, policy)] },
        'config',
      )
      return { revision: revision ?? state.revision, changed: revision !== null, applied }
    },
    touch: (credentialId, atMs) => {
      if (state.touch(credentialId, atMs)) uses.note(credentialId, atMs)
    },
    outbox: {
      next: (max) => store.outbox(max),
      sent: (place) => store.sent(place),
      listen: (listener) => {
        listeners.add(listener)
        return { [Symbol.dispose]: () => void listeners.delete(listener) }
      },
    },
    documents: documentsOf(options.store, {
      mint,
      onTold: () => {
        for (const listener of listeners) listener()
      },
    }),
    [Symbol.asyncDispose]: () => uses.flush(),
  }
}

function documentsOf(store: ControlStore, { mint, onTold }: { mint: Mint; onTold: () => void }): Documents {
  return {
    get: (collection, id) => store.document(collection, id),
    list: (collection, range = {}) => store.documents(collection, range),
    count: (collection) => store.documentCount(collection),
    write: async (writes, told = [], actor = 'desk') => {
      await store.putDocuments(
        writes,
        told.map((one) => eventOf(one, actor, mint)),
      )
      if (told.length > 0) onTold()
    },
  }
}

function changesBy(actor: Actor, { change, mint, state }: { change: Changer; mint: Mint; state: State }): Changes {
  return {
    createConsumer: async (wish) => {
      const named = typeof wish === 'string' ? { name: wish } : wish
      const { made, applied } = await change(() => draftConsumer(named, mint, state), actor)
      return { ...made, applied }
    },
    changeConsumer: async (name, { state: wanted }) => {
      const { made, applied } = await change(() => draftState(name, wanted, state), actor)
      return { ...made, applied }
    },
    setRoles: async (name, roles) => {
      const { made, applied } = await change(() => draftRoles(name, roles, state), actor)
      return { ...made, applied }
    },
    createKey: async (wish) => {
      const { made, applied } = await change(() => draftKey(wish, mint, state), actor)
      return { ...made, applied }
    },
    addCertificate: async (wish) => {
      const { made, applied } = await change(() => draftCertificate(wish, { mint, state }), actor)
      return { ...made, applied }
    },
    rotateKey: async (id, wish = {}) => {
      const { made, applied } = await change(() => draftRotation(id, wish, { mint, state }), actor)
      return { ...made, applied }
    },
    revokeKey: async (id) => {
      const { made, applied } = await change(() => draftRevocation(id, mint.clock, state), actor)
      return { credential: made, applied }
    },
    setNetwork: async (wish) => {
      const { made, applied } = await change(() => draftNetwork(wish, { mint, state, by: actor }), actor)
      return { ...made, applied }
    },
    releaseNetwork: async (which) => {
      const { made, applied } = await change(() => draftRelease(which, { mint, state, by: actor }), actor)
      return { released: made, applied }
    },
  }
}

/** The id tells two records of one event from two events. */
function eventOf({ kind, details }: Told, actor: string, { clock, mintId }: Mint): AuditEvent {
  return { kind, actor, atMs: clock.wallMs(), details: { id: mintId(), ...details } }
}

function mintOf({ clock, pepper, pepperVersion, mintKey, mintId }: ControlOptions): Mint {
  const ids = createRequestIds({ nowMs: () => clock.wallMs() })
  return {
    clock,
    hmacOf: createKeyHasher(pepper),
    pepperVersion: pepperVersion ?? 1,
    mintKey: mintKey ?? ((environment) => mintApiKey(environment)),
    mintId: mintId ?? ((): string => ids.requestId()),
  }
}
