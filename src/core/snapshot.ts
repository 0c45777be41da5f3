import type { Api } from './api.ts'
import type { Consumer, Credential } from './consumer.ts'
import type { NetworkRule } from './network-rule.ts'
import type { Role } from './role.ts'
import type { TlsSettings } from './tls.ts'
import type { TokenIssuer } from './token-issuer.ts'

/** What the whole gate is told once, at its start; a change needs a restart. */
export interface GateSettings {
  /** The node's name: the first part of the origin of each log at its creation. */
  readonly node: string
  readonly listeners: readonly { readonly host: string; readonly port: number }[]
  readonly threads: number
  /** `strict`: an HTTP/1.1 engine of our own; `node`: `node:http` and undici, the reference that the other is held against. */
  readonly engine: 'strict' | 'node'
  readonly dataDir: string
  /** Null where the gateway does not speak TLS. */
  readonly tls: TlsSettings | null
}

/** Bounds of what a connection may do; all of them apply to new connections after a reload. */
export interface ConnectionLimits {
  readonly urlBytesMax: number
  readonly headerBytesMax: number
  readonly headersMax: number
  readonly headersMs: number
  readonly requestMs: number
  readonly keepAliveMs: number
  readonly requestsPerConnectionMax: number
  readonly connectionsMax: number
  readonly connectionsPerIpMax: number
  /** Longest time in which a client takes not one byte of its answer. */
  readonly clientIdleMs: number
}

/** How the ledger paces and what it may hold. */
export interface LedgerSettings {
  /** Size of each gateway thread's ring. */
  readonly ringBytes: number
  /** Least time between the starts of two commits while there is concurrency. */
  readonly paceMs: number
  /** How long records that nobody waits for (`buffered`) may gather before they are written. */
  readonly flushMs: number
  /** How long a request waits for room or durability before it is refused with 503. */
  readonly waitMs: number
  /** An answer up to this size is held whole until its record is durable. */
  readonly holdBytesMax: number
  /** A silent ledger thread is killed, with the process, after this. */
  readonly stallMs: number
}

/** What may change while the gate runs, as configured. */
export interface Policy {
  readonly apis: readonly Api[]
  /** CIDRs whose `X-Forwarded-For`/`Forwarded` is believed. */
  readonly trustedHops: readonly string[]
  /** Whose access tokens are accepted; each name, and each `iss`, once. */
  readonly issuers: readonly TokenIssuer[]
  /** Null where the configuration has none: then scopes alone decide. */
  readonly roles: readonly Role[] | null
  readonly connections: ConnectionLimits
  readonly ledger: LedgerSettings
  /** Keys in shared memory per gate, for sizing the table; takes effect at a restart. */
  readonly limitKeysMax: number
  /** Send the draft `RateLimit` fields. */
  readonly rateLimitHeaders: boolean
}

/** Everything that decides about requests, at one revision: the desk sends it, the gate keeps the last good one on disk. */
export interface Snapshot {
  /** Grows by one with every change of any part. */
  readonly revision: number
  readonly policy: Policy
  readonly consumers: readonly Consumer[]
  readonly credentials: readonly Credential[]
  /** At most `networkRulesMax`. */
  readonly networks: readonly NetworkRule[]
}

/** A change of parts, so that one new key among a million does not resend them all. */
export interface SnapshotChange {
  readonly revision: number
  readonly policy: Policy | null
  /** Added or replaced, by id. */
  readonly consumers: readonly Consumer[]
  readonly credentials: readonly Credential[]
  /** All of them; null where none has changed. */
  readonly networks: readonly NetworkRule[] | null
}
