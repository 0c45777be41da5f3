import type { Clock } from '../../core/mod.ts'
import { createRequestIds, equalHex, hashToken, mintToken } from '../../crypto/mod.ts'
import type { ControlStore } from './control-store.ts'

const settingName = 'admin_token_hash'

/**
 * Makes the admin token where there is none yet, and returns it this once; null at every later start. Only its hash is
 * kept, and it is kept before the token is returned. Whoever has the token may do everything that the admin API does.
 */
export async function ensureAdminToken(store: ControlStore, clock: Clock): Promise<string | null> {
  if ((await store.setting(settingName)) !== null) return null
  const token = mintToken('gtha')
  const id = createRequestIds({ nowMs: () => clock.wallMs() }).requestId()
  const event = { kind: 'admin.token', atMs: clock.wallMs(), actor: 'desk', details: { id, state: 'created' } } as const
  return (await store.putSetting(settingName, hashToken(token), [event])) ? token : null
}

/** Tells the admin token from anything else, in a time that says nothing about it. Before there is one, nothing passes. */
export async function createTokenVerifier(store: ControlStore): Promise<(token: string) => boolean> {
  const kept = await store.setting(settingName)
  return (token) => kept !== null && equalHex(hashToken(token), kept)
}
