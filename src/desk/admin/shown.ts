import type { AccessEvent, Credential, GateStatus } from '../../core/mod.ts'

/** A record with its place in the ledger. */
export interface ShownEvent {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AccessEvent
}

/**
 * Everything that is known of one request. The event itself is the terminal record; while the answer still runs, or when
 * the terminal record is too old to be held, it is the newest one that there is.
 */
export interface ShownRequest extends ShownEvent {
  readonly opened: ShownEvent | null
  readonly amended: readonly ShownEvent[]
}

/** A credential without its hash. */
export type ShownCredential = Omit<Credential, 'hmac'>

export function shownCredential(credential: Credential): ShownCredential {
  const { hmac: _hmac, ...shown } = credential
  return shown
}

/** What a gate says of itself, or null when none is connected. */
export interface GateView {
  status(): GateStatus | null
}
