import { type DocumentWrite, GatehouseError, hasCode, type Told } from '../../core/mod.ts'
import { createRequestIds, hashToken, type Passwords } from '../../crypto/mod.ts'
import {
  adminsCollection,
  invitationsCollection,
  type Kept,
  type KeptAdmin,
  type KeptInvitation,
} from './admin-kept.ts'
import { adminNameOf, adminsMax, passwordFault } from './admin-rules.ts'
import { sessionsPerAdminMax, type SignInPlace } from './admin-sessions.ts'
import type { Admins, SignInAnswer } from './admin-types.ts'
import type { Queue } from './queue.ts'
import type { SignInThrottle } from './sign-in-throttle.ts'

interface Parts {
  readonly queue: Queue
  readonly passwords: Passwords
  readonly throttle: SignInThrottle
}

/** How long one waits when as many passwords are being checked as may be. */
const busyMs = 2_000
/** Refused sign-ins of which the audit log is told in a minute; of more it is told how many there were. */
const toldPerMinuteMax = 30

const refused: SignInAnswer = { kind: 'refused' }

/** The two ways into the console: a set-up link, and a password. */
export function createEntrance(kept: Kept, parts: Parts): Pick<Admins, 'setUp' | 'signIn'> {
  const { passwords, throttle, queue } = parts
  const tell = createRefusalTeller(kept)
  return {
    setUp: async (wish, place) => {
      // A name of its own, for there is nobody yet whom an attempt could lock out.
      const attempt = `link ${place.address}`
      const waitMs = throttle.attempt(attempt, place.address)
      if (waitMs > 0) return { kind: 'throttled', waitMs }
      const open = openInvitation(kept, wish.token)
      if (open === null) {
        await tell('', place)
        return refused
      }
      throttle.succeeded(attempt, place.address)
      const name = nameFor(kept, open, wish.name)
      const fault = passwordFault(wish.password, name)
      if (fault !== null) throw new GatehouseError('invalid_argument', fault)
      const password = await hashed(passwords, wish.password)
      if (password === null) return { kind: 'throttled', waitMs: busyMs }
      return await queue(async () => {
        const invitation = openInvitation(kept, wish.token)
        return invitation === null ? refused : await useUp(kept, { invitation, password, place, name: wish.name })
      })
    },
    signIn: async ({ name: typed, password, replaces }, place) => {
      const name = typed.trim().toLowerCase()
      const waitMs = throttle.attempt(name, place.address)
      if (waitMs > 0) return { kind: 'throttled', waitMs }
      const hash = kept.admins.get(name)?.password ?? null
      const right = await checked(passwords, password, hash)
      if (right === null) return { kind: 'throttled', waitMs: busyMs }
      if (!right) {
        await tell(kept.admins.get(name)?.name ?? '', place)
        return refused
      }
      throttle.succeeded(name, place.address)
      return await queue(async () => {
        const admin = kept.admins.get(name)
        // Reset or removed meanwhile.
        if (admin === undefined || admin.password !== hash) return refused
        return await enter(kept, { admin, place, replaces, also: [], told: [] })
      })
    },
  }
}

function openInvitation({ invitations, clock }: Kept, token: string): KeptInvitation | null {
  const found = invitations.get(hashToken(token))
  return found === undefined || found.expiresAtMs <= clock.wallMs() ? null : found
}

/** The name that this link may set up; throws `invalid_argument` or `conflict`. */
function nameFor({ admins }: Kept, invitation: KeptInvitation, wanted: string): string {
  const name = adminNameOf(wanted)
  if (invitation.name !== null && invitation.name !== name)
    throw new GatehouseError('invalid_argument', 'This link is for another name: ask whoever gave it to you')
  if (invitation.name !== null) return name
  if (admins.has(name)) throw new GatehouseError('conflict', `The name '${name}' is taken: choose another one`)
  if (admins.size >= adminsMax)
    throw new GatehouseError('conflict', `There are ${admins.size} administrators, the most there may be`)
  return name
}

interface Using {
  readonly invitation: KeptInvitation
  readonly name: string
  /** Its hash. */
  readonly password: string
  readonly place: SignInPlace
}

async function useUp(kept: Kept, { invitation, name: wanted, password, place }: Using): Promise<SignInAnswer> {
  const name = nameFor(kept, invitation, wanted)
  const before = kept.admins.get(name)
  const atMs = kept.clock.wallMs()
  const admin: KeptAdmin = {
    id: before?.id ?? createRequestIds({ nowMs: () => atMs }).requestId(),
    name,
    role: before?.role ?? invitation.role,
    password,
    createdAtMs: before?.createdAtMs ?? atMs,
    lastSignInAtMs: null,
  }
  const answer = await enter(kept, {
    admin,
    place,
    replaces: null,
    also: [{ collection: invitationsCollection, id: invitation.id, value: null }],
    told: [{ kind: 'admin.created', details: { admin: name, role: admin.role, again: before !== undefined } }],
  })
  kept.invitations.delete(invitation.id)
  return answer
}

interface Entering {
  readonly admin: KeptAdmin
  readonly place: SignInPlace
  readonly replaces: string | null
  readonly also: readonly DocumentWrite[]
  readonly told: readonly Told[]
}

/** Begins a session, in one transaction with all that goes with it. */
async function enter(kept: Kept, { admin, place, replaces, also, told }: Entering): Promise<SignInAnswer> {
  const { sessions, documents } = kept
  const signedIn: KeptAdmin = { ...admin, lastSignInAtMs: kept.clock.wallMs() }
  const { secret, session, write } = sessions.draw(admin.id, place)
  const before = replaces === null ? null : sessions.find(replaces)
  const surplus = sessions.list(admin.id).slice(sessionsPerAdminMax - 1)
  await documents.write(
    [
      ...also,
      ...sessions.end(before === null ? surplus : [before, ...surplus]),
      { collection: adminsCollection, id: admin.id, value: signedIn },
      write,
    ],
    [...told, { kind: 'admin.signed_in', details: { admin: admin.name, role: admin.role, address: place.address } }],
    `admin:${admin.name}`,
  )
  kept.admins.set(admin.name, signedIn)
  sessions.add(session)
  const found = sessions.find(secret)
  if (found === null) return refused
  return { kind: 'entered', entered: { name: admin.name, role: admin.role, session: found, secret } }
}

async function hashed(passwords: Passwords, password: string): Promise<string | null> {
  return await orBusy(passwords.hash(password))
}

async function checked(passwords: Passwords, password: string, hash: string | null): Promise<boolean | null> {
  return await orBusy(passwords.verify(password, hash))
}

/** Null when too many are being checked. */
async function orBusy<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'unreachable')) return null
    throw error
  }
}

/** Tells the audit log of refused sign-ins; who tries many must not be able to fill it. */
function createRefusalTeller({ documents, clock }: Kept): (name: string, place: SignInPlace) => Promise<void> {
  let window = { beganMs: 0, told: 0 }
  let untold = 0
  return async (name, { address }) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - window.beganMs >= 60_000) window = { beganMs: nowMs, told: 0 }
    if (window.told >= toldPerMinuteMax) {
      untold++
      return
    }
    window.told++
    const more = untold === 0 ? {} : { untoldBefore: untold }
    untold = 0
    // Of a name that is not there nothing is kept: people type their password in its place.
    const who = name === '' ? {} : { admin: name }
    await documents.write([], [{ kind: 'admin.sign_in_refused', details: { address, ...who, ...more } }])
  }
}
