import { type Clock, type Consumer, type Credential, GatehouseError, type Told } from '../../core/mod.ts'
import type { KeyEnvironment, KeyHasher, MintedApiKey } from '../../crypto/mod.ts'
import type { Draft } from './changer.ts'
import { checkConsumerName, checkedRoles, checkedScopes, checkExpiresInMs } from './rules.ts'
import type { State } from './state.ts'

/** What a person wants of a new key. */
export interface KeyWish {
  /** Name of the consumer whose key it becomes. */
  readonly consumer: string
  readonly scopes: readonly string[]
  readonly environment: KeyEnvironment
  /** Without it the key does not expire. */
  readonly expiresInMs?: number | undefined
  /** Makes the consumer where there is none of that name. @default false */
  readonly createConsumer?: boolean | undefined
  /** Of the consumer that is made; one that is there already must have them. @default none */
  readonly roles?: readonly string[] | undefined
}

/** What new consumers and keys are made with. */
export interface Mint {
  readonly clock: Clock
  readonly hmacOf: KeyHasher
  readonly pepperVersion: number
  readonly mintKey: (environment: KeyEnvironment) => MintedApiKey
  readonly mintId: () => string
}

/** Most consumers, and most keys with the revoked ones: all are held in memory, here and in each gateway thread. */
export const consumersMax = 100_000
export const credentialsMax = 1_000_000

/** What a new consumer is to be. */
export interface ConsumerWish {
  readonly name: string
  /** @default none */
  readonly roles?: readonly string[] | undefined
}

/** A new consumer; `invalid_argument` or `conflict` when there cannot be one of that name. */
export function draftConsumer(wish: ConsumerWish, { clock, mintId }: Mint, state: State): Draft<Consumer> {
  const { name } = wish
  checkConsumerName(name)
  const roles = checkedRoles(wish.roles ?? [])
  if (state.consumerNamed(name) !== null) throw conflict(`There is a consumer '${name}' already`)
  if (state.consumerCount >= consumersMax)
    throw conflict(`Cannot register '${name}': ${most(consumersMax, 'consumers')}`)
  const consumer: Consumer = { id: mintId(), name, createdAtMs: clock.wallMs(), state: 'active', roles }
  return {
    made: consumer,
    consumers: [consumer],
    told: [
      {
        kind: 'consumer.created',
        details: { name, consumerId: consumer.id, ...(roles.length === 0 ? {} : { roles }) },
      },
    ],
  }
}

/** A new key, and its consumer with it when that was wished for. */
export function draftKey(wish: KeyWish, mint: Mint, state: State): Draft<{ key: string; credential: Credential }> {
  const { clock, hmacOf, pepperVersion, mintKey } = mint
  const { environment, expiresInMs } = wish
  const scopes = checkedScopes(wish.scopes)
  if (expiresInMs !== undefined) checkExpiresInMs(expiresInMs)
  const missing = wish.createConsumer === true && state.consumerNamed(wish.consumer) === null
  const {
    made: consumer,
    consumers = [],
    told,
  }: Draft<Consumer> = missing
    ? draftConsumer({ name: wish.consumer, roles: wish.roles }, mint, state)
    : { made: withRoles(consumerNamed(state, wish.consumer), wish.roles), told: [] }
  if (consumer.state === 'disabled')
    throw conflict(`Cannot make a key for '${consumer.name}': the consumer is disabled`)
  if (state.credentialCount >= credentialsMax) throw conflict(`Cannot make a key: ${most(credentialsMax, 'keys')}`)
  const { key, id, hint } = mintKey(environment)
  if (state.credential(id) !== null) throw conflict(`Cannot make a key: its id ${id} is taken, try again`)
  const createdAtMs = clock.wallMs()
  const credential: Credential = {
    kind: 'api-key',
    id,
    consumerId: consumer.id,
    environment,
    hmac: hmacOf(key),
    pepperVersion,
    hint,
    scopes,
    createdAtMs,
    notBeforeMs: null,
    expiresAtMs: expiresInMs === undefined ? null : createdAtMs + expiresInMs,
    revokedAtMs: null,
    lastUsedAtMs: null,
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
  }
  const created: Told = {
    kind: 'key.created',
    details: {
      ...namesOf(credential, consumer),
      environment,
      scopes,
      ...(credential.expiresAtMs === null ? {} : { expiresAtMs: credential.expiresAtMs }),
    },
  }
  return { made: { key, credential }, consumers, credentials: [credential], told: [...told, created] }
}

/** Disables or enables a consumer. */
export function draftState(name: string, wanted: Consumer['state'], state: State): Draft<Consumer> {
  const held = consumerNamed(state, name)
  const consumer: Consumer = { ...held, state: wanted }
  const details = { name, consumerId: held.id, state: wanted, stateBefore: held.state }
  return { made: consumer, consumers: [consumer], told: [{ kind: 'consumer.changed', details }] }
}

/** Gives a consumer these roles and no others. */
export function draftRoles(name: string, wanted: readonly string[], state: State): Draft<Consumer> {
  const held = consumerNamed(state, name)
  const roles = checkedRoles(wanted)
  const consumer: Consumer = { ...held, roles }
  const details = { name, consumerId: held.id, roles, rolesBefore: held.roles }
  return { made: consumer, consumers: [consumer], told: [{ kind: 'consumer.changed', details }] }
}

/** A key for a consumer that is there does not change its roles on the way. */
function withRoles(consumer: Consumer, wanted: readonly string[] | undefined): Consumer {
  const lacking = (wanted ?? []).filter((role) => !consumer.roles.includes(role))
  if (lacking.length === 0) return consumer
  const how = `gatehouse consumers roles ${consumer.name} ${[...consumer.roles, ...lacking].join(',')}`
  throw conflict(
    `'${consumer.name}' is there already, without the role ${lacking.join(', ')}. Change its roles first: ${how}`,
  )
}

/** Revokes a key; one that is revoked already keeps its date. */
export function draftRevocation(id: string, clock: Clock, state: State): Draft<Credential> {
  const held = credentialOf(state, id)
  const credential: Credential = { ...held, revokedAtMs: held.revokedAtMs ?? clock.wallMs() }
  const consumer = state.consumerWithId(held.consumerId)
  const details = { ...namesOf(held, consumer), revokedBefore: held.revokedAtMs !== null }
  return { made: credential, credentials: [credential], told: [{ kind: 'key.revoked', details }] }
}

function namesOf({ id, consumerId }: Credential, consumer: Consumer | null): Told['details'] {
  return { keyId: id, consumerId, ...(consumer === null ? {} : { consumer: consumer.name }) }
}

/** Throws `not_found`. */
export function consumerNamed(state: State, name: string): Consumer {
  const consumer = state.consumerNamed(name)
  if (consumer === null) throw new GatehouseError('not_found', `There is no consumer ${JSON.stringify(name)}`)
  return consumer
}

/** Throws `not_found`. */
export function credentialOf(state: State, id: string): Credential {
  const credential = state.credential(id)
  if (credential === null) throw new GatehouseError('not_found', `There is no key with the id ${JSON.stringify(id)}`)
  return credential
}

function most(count: number, what: string): string {
  return `there are ${count} ${what}, the most there may be`
}

function conflict(message: string): GatehouseError {
  return new GatehouseError('conflict', message)
}
