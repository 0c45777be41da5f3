import { isDeepStrictEqual } from 'node:util'
import type { Clock, Consumer, Credential, Policy, Snapshot, SnapshotChange } from '../../core/mod.ts'
import {
  createKeyHasher,
  createRequestIds,
  type KeyEnvironment,
  mintApiKey,
  type MintedApiKey,
} from '../../crypto/mod.ts'
import { createChanger } from './changer.ts'
import type { ControlStore } from './control-store.ts'
import { consumerNamed, credentialOf, draftConsumer, draftKey, type KeyWish, type Mint } from './drafts.ts'
import { collectLastUses } from './last-uses.ts'
import { createState } from './state.ts'

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
 * The rules of the gate, and every change of them. Each change is one transaction that also raises the revision by one;
 * it is durable before it is published. Changes happen one after the other. Errors: `invalid_argument`, `not_found` and
 * `conflict` name the value; `store_unreadable` when the store failed, and then nothing was changed.
 */
export interface Control extends AsyncDisposable {
  readonly revision: number
  /** All rules at one revision. Throws `not_found` before the first `setPolicy` ever. */
  snapshot(): Snapshot
  createConsumer(name: string): Promise<Consumer & Applied>
  changeConsumer(name: string, change: { readonly state: Consumer['state'] }): Promise<Consumer & Applied>
  /** By name. */
  listConsumers(): readonly Consumer[]
  createKey(wish: KeyWish): Promise<CreatedKey>
  /** In the order in which they were made; `not_found` for a consumer that is not there. */
  listKeys(filter?: { readonly consumer?: string | undefined }): readonly Credential[]
  /** For good. A second time keeps the date of the first and tells the gate again. */
  revokeKey(id: string): Promise<RevokedKey>
  /** The revision grows only when the policy differs; when it does not, there is nothing to apply and `applied` is true. */
  setPolicy(policy: Policy): Promise<SetPolicy>
  /** Notes that a credential was used: seen at once, durable with the next write, at most one a minute. Ignores unknown ids. */
  touch(credentialId: string, atMs: number): void
}

/** Loads everything from the store. Closing writes what is still noted; the store and the link are the caller's to close. */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { store, clock } = options
  const state = createState(await store.load())
  const uses = collectLastUses(store, clock, options.warn ?? ((): void => {}))
  const change = createChanger(store, state, options.publish)
  const mint = mintOf(options)
  return {
    get revision() {
      return state.revision
    },
    snapshot: () => state.snapshot(),
    createConsumer: async (name) => {
      const { made, applied } = await change(() => draftConsumer(name, mint, state))
      return { ...made, applied }
    },
    changeConsumer: async (name, { state: wanted }) => {
      const { made, applied } = await change(() => {
        const consumer: Consumer = { ...consumerNamed(state, name), state: wanted }
        return { made: consumer, consumers: [consumer] }
      })
      return { ...made, applied }
    },
    listConsumers: () => state.consumers().toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    createKey: async (wish) => {
      const { made, applied } = await change(() => draftKey(wish, mint, state))
      return { ...made, applied }
    },
    listKeys: ({ consumer } = {}) => {
      if (consumer === undefined) return state.credentials()
      const { id } = consumerNamed(state, consumer)
      return state.credentials().filter((credential) => credential.consumerId === id)
    },
    revokeKey: async (id) => {
      const { made, applied } = await change(() => {
        const held = credentialOf(state, id)
        const credential: Credential = { ...held, revokedAtMs: held.revokedAtMs ?? clock.wallMs() }
        return { made: credential, credentials: [credential] }
      })
      return { credential: made, applied }
    },
    setPolicy: async (wanted) => {
      // The store keeps JSON, so what is compared is what comes back from it: the type survives, absent members vanish.
      const policy = JSON.parse(JSON.stringify(wanted)) as Policy
      const { made: revision, applied } = await change(() =>
        isDeepStrictEqual(policy, state.policy) ? { made: null } : { made: state.revision + 1, policy },
      )
      return { revision: revision ?? state.revision, changed: revision !== null, applied }
    },
    touch: (credentialId, atMs) => {
      if (state.touch(credentialId, atMs)) uses.note(credentialId, atMs)
    },
    [Symbol.asyncDispose]: () => uses.flush(),
  }
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
