import type { Context } from 'hono'
import type { Actor, AdminRole } from '../control/mod.ts'
import type { AppEnv, Caller } from './app-options.ts'

/** How this caller stands in the audit log: `socket`, `token` or `admin:<name>`. */
export function actorOf(c: Context<AppEnv>): Actor {
  const caller = c.get('caller')
  return caller.kind === 'admin' ? `admin:${caller.signedIn.name}` : caller.kind
}

/** What this caller may do; who has the socket or the token may do everything. */
export function roleOf(caller: Caller): AdminRole {
  return caller.kind === 'admin' ? caller.signedIn.role : 'owner'
}
