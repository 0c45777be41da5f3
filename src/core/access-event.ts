import type { Durability, Mode } from './api.ts'
import type { Facts } from './facts.ts'
import type { Reason } from './refusal.ts'
import type { TlsFacts } from './tls.ts'

/** How a limit stood when this request was counted or refused. */
export interface LimitReading {
  readonly name: string
  readonly per: string
  readonly limit: number
  readonly windowMs: number
  /** Admitted in the trailing window, this request included when it was admitted. */
  readonly used: number
  /** Milliseconds until `used` will have fallen, 0 when it is 0. */
  readonly resetMs: number
  /** False for the limit that refused. */
  readonly admitted: boolean
  /** Set when the table had no room and a coarser partition was counted instead. */
  readonly coarser: boolean
}

/**
 * The end of a request:
 * - `served`: the upstream's answer went out;
 * - `refused`: we decided against it, on purpose;
 * - `failed`: upstream, ledger or we ourselves failed;
 * - `aborted`: the client went away, or a crash cut the exchange off.
 */
export type Outcome = 'served' | 'refused' | 'failed' | 'aborted'

/** The whole of a sealed part of which something was cut: its bytes, and the SHA-256 (hex) that shows what was cut. */
export interface CutMark {
  readonly bytes: number
  readonly sha256: string
}

/** What every record of a request says. Absent facts are null, never left out of the type. */
export interface AccessEvent {
  /**
   * `opened`: an answer that cannot be held has begun; a `request` record follows. `request`: the one terminal record.
   * `amended`: learnt after the terminal record, names the same id.
   */
  readonly kind: 'opened' | 'request' | 'amended'
  /**
   * 16 hex digits that an `opened` record and its terminal one share, so that who holds no key can still see that every
   * answer that was begun has its end; null in all other records. Given by the ledger.
   */
  readonly opening: string | null
  readonly id: string
  readonly traceId: string
  /** Wall time of the complete head, ms. */
  readonly receivedAtMs: number
  readonly durationUs: number
  /** From the start of the forwarding to the first byte of the upstream's answer. */
  readonly upstreamFirstByteUs: number | null

  readonly peer: string
  readonly peerPort: number
  readonly clientIp: string
  readonly trustedHop: string | null
  readonly userAgent: string | null

  readonly scheme: string
  /** Null without TLS. */
  readonly tls: TlsFacts | null
  readonly protocol: string
  readonly method: string
  readonly host: string
  readonly path: string
  /** With the values of secret-looking parameters replaced by `***`. */
  readonly query: string
  readonly requestBytes: number
  readonly responseBytes: number

  readonly api: string | null
  readonly route: string | null
  readonly mode: Mode | null
  readonly durability: Durability | null
  /** Revision of the snapshot that decided. */
  readonly revision: number

  readonly consumerId: string | null
  readonly consumer: string | null
  readonly credentialId: string | null
  readonly identifiedBy: string | null
  readonly scopesNeeded: readonly string[]
  readonly scopesHeld: readonly string[]
  /** The role that permitted it and, behind a space, which of its patterns did; null where roles did not decide. */
  readonly role: string | null
  readonly limits: readonly LimitReading[]

  readonly outcome: Outcome
  /** Why it is not `served`; null when it is. */
  readonly reason: Reason | null
  /** What the caller was not told. */
  readonly note: string
  /** In observe mode: what enforcing would have answered. */
  readonly wouldRefuse: Reason | null
  /** The status that the caller got, 0 for none. */
  readonly status: number
  readonly upstream: string | null
  readonly upstreamStatus: number | null
  readonly attempts: number
  readonly thread: number
  /** Names the facts that a crash, or the erasure of their key, made unknowable; empty otherwise. */
  readonly unknown: readonly string[]
  /** What was learnt of the bodies; null where nobody looked, or there was nothing to learn. */
  readonly facts: Facts | null
  /** `sqli-union@query`: signatures of attacks that were met, and where. At most 8. */
  readonly signatures: readonly string[]
  /** Null when the record holds everything; given by the ledger, which cuts what is too long. */
  readonly cut: CutMark | null
}
