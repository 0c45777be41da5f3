import { type Clock, type Documents, GatehouseError } from '../../core/mod.ts'
import type { AdminRole } from './admin-rules.ts'
import { type AdminSession, type AdminSessions, openAdminSessions } from './admin-sessions.ts'
import type { SignedIn } from './admin-types.ts'

/** Collections of the control store. Ids in them are random or hashes of random: a name stands nowhere in the open. */
export const adminsCollection = 'admins'
export const invitationsCollection = 'admin-invitations'

/** An account as it is kept. */
export interface KeptAdmin {
  readonly id: string
  readonly name: string
  readonly role: AdminRole
  /** Null after a reset. */
  readonly password: string | null
  readonly createdAtMs: number
  readonly lastSignInAtMs: number | null
}

/** A set-up link as it is kept. */
export interface KeptInvitation {
  /** Hash of the token. */
  readonly id: string
  readonly role: AdminRole
  readonly name: string | null
  readonly expiresAtMs: number
}

/** Everything about administrators, in memory as in the store. */
export interface Kept {
  readonly documents: Documents
  readonly clock: Clock
  readonly admins: Map<string, KeptAdmin>
  readonly invitations: Map<string, KeptInvitation>
  readonly sessions: AdminSessions
}

/** Reads what the store has. */
export async function openKept(documents: Documents, clock: Clock): Promise<Kept> {
  const kept: Kept = {
    documents,
    clock,
    admins: new Map(),
    invitations: new Map(),
    sessions: await openAdminSessions(documents, () => clock.wallMs()),
  }
  // Both are written by this room alone, sealed and bounded.
  for (const { value } of await documents.list(adminsCollection)) {
    const admin = value as KeptAdmin
    kept.admins.set(admin.name, admin)
  }
  for (const { value } of await documents.list(invitationsCollection)) {
    const invitation = value as KeptInvitation
    kept.invitations.set(invitation.id, invitation)
  }
  return kept
}

/** The account of this name; `not_found` when there is none. */
export function adminOf({ admins }: Kept, name: string): KeptAdmin {
  const admin = admins.get(name.trim().toLowerCase())
  if (admin !== undefined) return admin
  throw new GatehouseError('not_found', `There is no administrator ${JSON.stringify(name.slice(0, 64))}`)
}

/** Whose session it is; null when that account is gone. */
export function signedInOf({ admins }: Kept, session: AdminSession | null): SignedIn | null {
  if (session === null) return null
  const admin = [...admins.values()].find((one) => one.id === session.adminId)
  return admin === undefined ? null : { name: admin.name, role: admin.role, session }
}
