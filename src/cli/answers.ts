import type { AccessEvent, Consumer, Credential, GateStatus } from '../core/mod.ts'

// What the admin API of the same version answers; docs: GET /openapi.json. The program and its server are one release, so
// the verbs do not parse these a second time.

/** A credential as the API shows it: without its hash. */
export type ShownCredential = Omit<Credential, 'hmac'>

export interface CreatedKey {
  readonly key: string
  readonly credential: ShownCredential
  readonly applied: boolean
}

export interface RevokedKey {
  readonly credential: ShownCredential
  readonly applied: boolean
}

export interface Items<T> {
  readonly items: readonly T[]
}

export type ShownConsumer = Consumer

/** A record with its place in the ledger. */
export interface ShownEvent {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AccessEvent
}

export interface ShownRequest extends ShownEvent {
  readonly opened?: ShownEvent | null
  readonly amended?: readonly ShownEvent[]
}

export interface LiveBatch {
  readonly events: readonly ShownEvent[]
  readonly skipped: number
}

export interface Status {
  readonly revision: number
  readonly gate: GateStatus | null
}
