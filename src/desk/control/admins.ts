import { type Clock, type DocumentWrite, type Documents, GatehouseError } from '../../core/mod.ts'
import { hashToken, mintToken, openPasswords } from '../../crypto/mod.ts'
import { createEntrance } from './admin-entrance.ts'
import {
  adminOf,
  adminsCollection,
  invitationsCollection,
  type Kept,
  type KeptAdmin,
  type KeptInvitation,
  openKept,
  signedInOf,
} from './admin-kept.ts'
import type { AdminRole } from './admin-rules.ts'
import type { Admins, AdminUser, Invitation } from './admin-types.ts'
import type { Actor } from './changer.ts'
import { createQueue } from './queue.ts'
import { createSignInThrottle } from './sign-in-throttle.ts'

/** A set-up link works once, and for so long. */
export const invitationMs: number = 30 * 60_000
/** Links that are open at once; the oldest makes room. */
const invitationsMax = 100

/** Reads who is there. */
export async function openAdmins({ documents, clock }: { documents: Documents; clock: Clock }): Promise<Admins> {
  const kept = await openKept(documents, clock)
  // One change at a time, so that a link is used once and a name given once.
  const queue = createQueue()
  const entrance = createEntrance(kept, {
    queue,
    passwords: openPasswords(),
    throttle: createSignInThrottle(() => clock.monotonicMs()),
  })
  return {
    list: () => [...kept.admins.values()].map(shownAdmin).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    invite: (role, by) => queue(() => invite(kept, { role, name: null, by, also: [] })),
    reset: (name, by) => queue(() => reset(kept, name, by)),
    remove: (name, by) => queue(() => remove(kept, name, by)),
    setUp: entrance.setUp,
    signIn: entrance.signIn,
    signOut: ({ name, session }) =>
      queue(() =>
        documents.write(
          kept.sessions.end([session]),
          [{ kind: 'admin.signed_out', details: { admin: name } }],
          `admin:${name}`,
        ),
      ),
    find: (secret) => signedInOf(kept, kept.sessions.find(secret)),
    touch: ({ session }) => kept.sessions.touch(session.id),
    sessions: (name) =>
      kept.sessions.list(name === undefined ? undefined : adminOf(kept, name).id).flatMap((session) => {
        const signedIn = signedInOf(kept, session)
        return signedIn === null ? [] : [signedIn]
      }),
    endSession: (id, by) => queue(() => endSession(kept, id, by)),
    sweep: () => queue(() => sweep(kept)),
  }
}

function shownAdmin({ name, role, createdAtMs, lastSignInAtMs, password }: KeptAdmin): AdminUser {
  return { name, role, createdAtMs, lastSignInAtMs, hasPassword: password !== null }
}

interface Inviting {
  readonly role: AdminRole
  readonly name: string | null
  readonly by: Actor
  /** What else happens with it. */
  readonly also: readonly DocumentWrite[]
}

async function invite(kept: Kept, { role, name, by, also }: Inviting): Promise<Invitation> {
  const token = mintToken('gthi')
  const expiresAtMs = kept.clock.wallMs() + invitationMs
  const made: KeptInvitation = { id: hashToken(token), role, name, expiresAtMs }
  // A second link for one account makes the first one void.
  const replaced = [...kept.invitations.values()].filter((one) => name !== null && one.name === name)
  const old = [...kept.invitations.values()].toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
  const gone = [...replaced, ...old.slice(0, Math.max(0, old.length - invitationsMax + 1))]
  await kept.documents.write(
    [
      ...also,
      ...gone.map(({ id }) => ({ collection: invitationsCollection, id, value: null })),
      { collection: invitationsCollection, id: made.id, position: expiresAtMs, value: made },
    ],
    [{ kind: 'admin.invited', details: { role, expiresAtMs, ...(name === null ? {} : { admin: name }) } }],
    by,
  )
  for (const { id } of gone) kept.invitations.delete(id)
  kept.invitations.set(made.id, made)
  return { token, role, name, expiresAtMs }
}

async function reset(kept: Kept, name: string, by: Actor): Promise<Invitation> {
  const admin = adminOf(kept, name)
  const without: KeptAdmin = { ...admin, password: null }
  const ended = kept.sessions.end(kept.sessions.list(admin.id))
  const invitation = await invite(kept, {
    role: admin.role,
    name: admin.name,
    by,
    also: [...ended, { collection: adminsCollection, id: admin.id, value: without }],
  })
  kept.admins.set(admin.name, without)
  return invitation
}

async function remove(kept: Kept, name: string, by: Actor): Promise<void> {
  const admin = adminOf(kept, name)
  const owners = [...kept.admins.values()].filter((one) => one.role === 'owner')
  if (admin.role === 'owner' && owners.length === 1)
    throw new GatehouseError('conflict', `Cannot remove '${admin.name}', the last owner: invite another one first`)
  const links = [...kept.invitations.values()].filter((one) => one.name === admin.name)
  const ended = kept.sessions.end(kept.sessions.list(admin.id))
  await kept.documents.write(
    [
      ...ended,
      ...links.map(({ id }) => ({ collection: invitationsCollection, id, value: null })),
      { collection: adminsCollection, id: admin.id, value: null },
    ],
    [{ kind: 'admin.removed', details: { admin: admin.name, role: admin.role } }],
    by,
  )
  for (const { id } of links) kept.invitations.delete(id)
  kept.admins.delete(admin.name)
}

async function endSession(kept: Kept, id: string, by: Actor): Promise<void> {
  const session = kept.sessions.list().find((one) => one.id === id)
  if (session === undefined)
    throw new GatehouseError('not_found', `There is no session ${JSON.stringify(id.slice(0, 80))}`)
  const name = signedInOf(kept, session)?.name ?? ''
  await kept.documents.write(kept.sessions.end([session]), [{ kind: 'admin.signed_out', details: { admin: name } }], by)
}

async function sweep(kept: Kept): Promise<void> {
  await kept.sessions.sweep()
  const over = [...kept.invitations.values()].filter((one) => one.expiresAtMs <= kept.clock.wallMs())
  if (over.length === 0) return
  await kept.documents.write(over.map(({ id }) => ({ collection: invitationsCollection, id, value: null })))
  for (const { id } of over) kept.invitations.delete(id)
}
