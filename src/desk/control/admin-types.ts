import type { AdminRole } from './admin-rules.ts'
import type { AdminSession, SignInPlace } from './admin-sessions.ts'
import type { Actor } from './changer.ts'

/** A person who may enter. */
export interface AdminUser {
  readonly name: string
  readonly role: AdminRole
  readonly createdAtMs: number
  readonly lastSignInAtMs: number | null
  /** False after a reset, until the new link is used. */
  readonly hasPassword: boolean
}

/** Who is signed in, and by which session. */
export interface SignedIn {
  readonly name: string
  readonly role: AdminRole
  readonly session: AdminSession
}

/** What a session begins with: its secret is for the cookie alone. */
export interface Entered extends SignedIn {
  readonly secret: string
}

export type SignInAnswer =
  | { readonly kind: 'entered'; readonly entered: Entered }
  /** Wrong name, wrong password, no such link: one answer for all. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'throttled'; readonly waitMs: number }

/** A link for setting up an account; its token is shown this once. */
export interface Invitation {
  readonly token: string
  readonly role: AdminRole
  /** Whose account it sets up again; null for a new one. */
  readonly name: string | null
  readonly expiresAtMs: number
}

export interface SetUpWish {
  readonly token: string
  readonly name: string
  readonly password: string
}

/**
 * The people who may enter the console, and their sessions. Everything is kept in the control store, sealed; what happens is told
 * to the audit log in the same transaction. Errors: `invalid_argument`, `not_found` and `conflict` name the value.
 */
export interface Admins {
  /** By name. */
  list(): readonly AdminUser[]
  /** Makes a set-up link. */
  invite(role: AdminRole, by: Actor): Promise<Invitation>
  /** Ends all sessions, forgets the password and makes a link with which that person chooses another. */
  reset(name: string, by: Actor): Promise<Invitation>
  /** `conflict` for the last owner. */
  remove(name: string, by: Actor): Promise<void>
  /** Uses a set-up link up. Throws `invalid_argument` for a name or a password that cannot be, and the link stays. */
  setUp(wish: SetUpWish, place: SignInPlace): Promise<SignInAnswer>
  /** `replaces`: the secret of the session that this one takes the place of. */
  signIn(
    wish: { readonly name: string; readonly password: string; readonly replaces: string | null },
    place: SignInPlace,
  ): Promise<SignInAnswer>
  signOut(signedIn: SignedIn): Promise<void>
  /** Who has this secret of a session; null when nobody does. */
  find(secret: string): SignedIn | null
  /** Keeps a session from ending for idleness. */
  touch(signedIn: SignedIn): void
  /** Newest first; of one person or of all. */
  sessions(name?: string): readonly SignedIn[]
  /** `not_found` when there is none of this id. */
  endSession(id: string, by: Actor): Promise<void>
  /** To be called every few seconds: ends what has lasted long enough. */
  sweep(): Promise<void>
}
