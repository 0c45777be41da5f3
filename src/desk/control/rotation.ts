import { type Consumer, type Credential, GatehouseError } from '../../core/mod.ts'
import type { Draft } from './changer.ts'
import { credentialOf, credentialsMax, type Mint } from './drafts.ts'
import { expiresInMsMax } from './rules.ts'
import type { State } from './state.ts'

/** How a key is rotated. */
export interface RotationWish {
  /** How long the key works on beside its successor; 0 for one that is known to others. @default a day */
  readonly overlapMs?: number | undefined
  /** How long the successor lives. @default as long as the key was given, without end where it had none */
  readonly expiresInMs?: number | undefined
}

/** How long both keys work where nobody says how long. */
export const overlapMsDefault: number = 24 * 60 * 60 * 1000

/** Longest time in which both keys work: an overlap without end would be a second key. */
export const overlapMsMax: number = 30 * 24 * 60 * 60 * 1000

/** The successor with the key that is shown this once, and the key in whose place it comes. */
export interface Rotated {
  readonly key: string
  readonly credential: Credential
  readonly predecessor: Credential
}

/**
 * A successor with the same grants. At most two keys of one line work at a time: who rotates again before the overlap is over
 * revokes the older one first.
 */
export function draftRotation(
  id: string,
  wish: RotationWish,
  { mint, state }: { mint: Mint; state: State },
): Draft<Rotated> {
  const nowMs = mint.clock.wallMs()
  const held = credentialOf(state, id)
  const overlapMs = checkedOverlap(wish.overlapMs ?? overlapMsDefault)
  const consumer = ownerOf(held, { nowMs, state })
  if (state.credentialCount >= credentialsMax)
    throw conflict(`Cannot rotate ${id}: there are ${credentialsMax} keys, the most there may be`)
  const lifeMs = wish.expiresInMs === undefined ? lifeOf(held) : checkedLife(wish.expiresInMs)
  const { key, id: newId, hint } = mint.mintKey(held.environment)
  if (state.credential(newId) !== null) throw conflict(`Cannot rotate ${id}: the id ${newId} is taken, try again`)
  const credential: Credential = {
    ...held,
    id: newId,
    hmac: mint.hmacOf(key),
    pepperVersion: mint.pepperVersion,
    hint,
    createdAtMs: nowMs,
    notBeforeMs: null,
    expiresAtMs: lifeMs === null ? null : nowMs + lifeMs,
    lastUsedAtMs: null,
    rotatedFrom: held.id,
    successorId: null,
    rotatedAtMs: null,
  }
  const endsMs = Math.min(held.expiresAtMs ?? Infinity, nowMs + overlapMs)
  const predecessor: Credential = { ...held, expiresAtMs: endsMs, successorId: newId, rotatedAtMs: nowMs }
  const details = {
    keyId: held.id,
    successorId: newId,
    consumerId: held.consumerId,
    consumer: consumer.name,
    scopes: held.scopes,
    predecessorEndsMs: endsMs,
    ...(credential.expiresAtMs === null ? {} : { expiresAtMs: credential.expiresAtMs }),
  }
  return {
    made: { key, credential, predecessor },
    credentials: [predecessor, credential],
    told: [{ kind: 'key.rotated', details }],
  }
}

/** Whose key it is; throws `conflict` where it cannot have a successor. */
function ownerOf(held: Credential, { nowMs, state }: { nowMs: number; state: State }): Consumer {
  const refuse = (why: string): GatehouseError => conflict(`Cannot rotate ${held.id}: ${why}`)
  if (held.kind !== 'api-key') throw refuse('it is a certificate; register the next one beside it, and revoke this one')
  if (!isUsable(held, nowMs)) throw refuse('it does not work any more; make a new key')
  if (held.successorId !== null) throw refuse(`${held.successorId} has taken its place already`)
  const before = held.rotatedFrom === null ? null : state.credential(held.rotatedFrom)
  if (before !== null && isUsable(before, nowMs))
    throw refuse(`the key before it, ${before.id}, still works. Revoke that first: gatehouse keys revoke ${before.id}`)
  const consumer = state.consumerWithId(held.consumerId)
  if (consumer === null) throw refuse('its consumer is unknown')
  if (consumer.state === 'disabled') throw refuse(`its consumer '${consumer.name}' is disabled`)
  return consumer
}

/** Whether a key is of any use from now on; one that is not yet valid is. */
export function isUsable({ revokedAtMs, expiresAtMs }: Credential, nowMs: number): boolean {
  return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs)
}

function lifeOf({ createdAtMs, expiresAtMs }: Credential): number | null {
  return expiresAtMs === null ? null : expiresAtMs - createdAtMs
}

function checkedOverlap(overlapMs: number): number {
  if (Number.isSafeInteger(overlapMs) && overlapMs >= 0 && overlapMs <= overlapMsMax) return overlapMs
  throw invalid(
    `Cannot let two keys work for ${overlapMs} ms: it takes a whole number from 0 to ${overlapMsMax} (30 days)`,
  )
}

function checkedLife(expiresInMs: number): number {
  if (Number.isSafeInteger(expiresInMs) && expiresInMs > 0 && expiresInMs <= expiresInMsMax) return expiresInMs
  throw invalid(`Cannot let a key expire in ${expiresInMs} ms: it takes a whole number from 1 to ${expiresInMsMax}`)
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('invalid_argument', message)
}

function conflict(message: string): GatehouseError {
  return new GatehouseError('conflict', message)
}
