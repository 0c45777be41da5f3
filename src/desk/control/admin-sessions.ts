import type { DocumentWrite, Documents } from '../../core/mod.ts'
import { hashToken, mintToken } from '../../crypto/mod.ts'

/** A session ends when nothing was done in it for so long, */
export const sessionIdleMs: number = 15 * 60_000
/** and in any case so long after the sign-in. */
export const sessionMsMax: number = 12 * 3600_000
/** Of one administrator; the one that was used the longest ago makes room. */
export const sessionsPerAdminMax = 20

const collection = 'admin-sessions'
/** How often it is written down that a session is in use: a crash forgets at most so much of it. */
const touchMs = 60_000
const sessionsMax = 1_000
const userAgentCharsMax = 200

/** Where a session was begun. */
export interface SignInPlace {
  /** Address of the peer. */
  readonly address: string
  readonly userAgent: string
}

/** One session, without what it is recognised by. */
export interface AdminSession extends SignInPlace {
  /** Names it in lists; cannot be used to enter. */
  readonly id: string
  readonly adminId: string
  readonly createdAtMs: number
  readonly lastUsedAtMs: number
  /** Fires when it is over: whoever streams stops. */
  readonly ended: AbortSignal
}

/** A new session with its secret, which is shown this once: only its hash is kept. */
export interface NewSession {
  readonly secret: string
  readonly session: Omit<AdminSession, 'ended'>
  /** What makes it durable. */
  readonly write: DocumentWrite
}

/** The sessions of the console: in memory for reading, in the control store across restarts. */
export interface AdminSessions {
  /** Begins one. Counts from the moment that it is kept: call `add` when `write` is done. */
  draw(adminId: string, place: SignInPlace): NewSession
  /** Takes a session that is durable. */
  add(session: Omit<AdminSession, 'ended'>): void
  /** The session of this secret while it lasts. */
  find(secret: string): AdminSession | null
  /** Somebody did something in it. */
  touch(id: string): void
  /** Those that last, newest first. */
  list(adminId?: string): readonly AdminSession[]
  /** The writes that forget these sessions; they end at once. */
  end(sessions: readonly AdminSession[]): readonly DocumentWrite[]
  /** Ends and forgets what has lasted long enough. */
  sweep(): Promise<void>
}

type Kept = Omit<AdminSession, 'ended'>

interface Live {
  readonly session: Omit<Kept, 'lastUsedAtMs'>
  readonly ending: AbortController
  lastUsedAtMs: number
  writtenAtMs: number
}

/** Reads what is kept; what is over by now is forgotten at the first sweep. */
export async function openAdminSessions(documents: Documents, nowMs: () => number): Promise<AdminSessions> {
  const live = new Map<string, Live>()
  for (const { id, value } of await documents.list(collection, { max: sessionsMax }))
    live.set(id, liveOf({ ...(value as Kept), id })) // written by writeOf
  const isOver = ({ session, lastUsedAtMs }: Live): boolean =>
    nowMs() - lastUsedAtMs >= sessionIdleMs || nowMs() - session.createdAtMs >= sessionMsMax
  const sessions: AdminSessions = {
    draw: (adminId, place) => {
      const secret = mintToken('gths')
      const atMs = nowMs()
      const userAgent = place.userAgent.slice(0, userAgentCharsMax)
      const times = { createdAtMs: atMs, lastUsedAtMs: atMs }
      const session: Kept = { id: hashToken(secret), adminId, address: place.address, userAgent, ...times }
      return { secret, session, write: writeOf(session) }
    },
    add: (session) => void live.set(session.id, liveOf(session)),
    find: (secret) => {
      const found = live.get(hashToken(secret))
      return found === undefined || isOver(found) ? null : shown(found)
    },
    touch: (id) => {
      const found = live.get(id)
      if (found !== undefined) found.lastUsedAtMs = nowMs()
    },
    list: (adminId) =>
      [...live.values()]
        .filter((one) => !isOver(one) && (adminId === undefined || one.session.adminId === adminId))
        .map(shown)
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs),
    end: (ended) =>
      ended.map(({ id }) => {
        live.get(id)?.ending.abort()
        live.delete(id)
        return { collection, id, value: null }
      }),
    sweep: async () => {
      const over = [...live.values()].filter(isOver).map(shown)
      const used = [...live.values()].filter((one) => one.lastUsedAtMs - one.writtenAtMs >= touchMs && !isOver(one))
      for (const one of used) one.writtenAtMs = one.lastUsedAtMs
      const writes = [...sessions.end(over), ...used.map((one) => writeOf(shown(one)))]
      if (writes.length > 0) await documents.write(writes)
    },
  }
  return sessions
}

function liveOf({ lastUsedAtMs, ...session }: Kept): Live {
  return { session, ending: new AbortController(), lastUsedAtMs, writtenAtMs: lastUsedAtMs }
}

function shown({ session, lastUsedAtMs, ending }: Live): AdminSession {
  return { ...session, lastUsedAtMs, ended: ending.signal }
}

function writeOf({ id, adminId, address, userAgent, createdAtMs, lastUsedAtMs }: Kept): DocumentWrite {
  return { collection, id, position: createdAtMs, value: { adminId, address, userAgent, createdAtMs, lastUsedAtMs } }
}
