import type { LedgerLog } from './follower.ts'

/** How the gate is, sent to the desk each second; gauges and counters since the gate's start. */
export interface GateStatus {
  readonly node: string
  readonly boot: string
  readonly revision: number
  readonly startedAtMs: number
  readonly draining: boolean
  readonly threads: readonly GatewayThreadStatus[]
  /** Gateway threads replaced since the start. */
  readonly threadsReplaced: number
  readonly ledger: LedgerStatus
  readonly limits: { readonly keys: number; readonly capacity: number; readonly full: number }
  /** In the order of the configuration. */
  readonly upstreams: readonly UpstreamStatus[]
}

/**
 * `ok`: gets requests; `down`: does not answer as its health check expects; `ejected`: failed several times in a row; `open`: its
 * circuit breaker is open; `trying`: one request tries whether the breaker may close.
 */
export type UpstreamState = 'ok' | 'down' | 'ejected' | 'open' | 'trying'

/** How one upstream of an API is, over all gateway threads; counters since their start. */
export interface UpstreamStatus {
  readonly api: string
  readonly url: string
  /** The worst that a thread knows. */
  readonly state: UpstreamState
  /** Empty when it is `ok`. */
  readonly why: string
  /** None of its API is left, so it is used although it is not `ok`. */
  readonly panic: boolean
  readonly inflight: number
  /** Attempts, those of requests that were sent again included. */
  readonly requests: number
  readonly failures: number
  readonly ejections: number
}

export interface GatewayThreadStatus {
  readonly thread: number
  readonly connections: number
  /** Busy rows of the in-flight table. */
  readonly inflight: number
  readonly ringBytesUsed: number
  readonly ringBytes: number
}

export interface LedgerStatus {
  /** `ok`; `stalled`: no beat for over 2 s; `failed`: poisoned, the gate is ending. */
  readonly state: 'ok' | 'stalled' | 'failed'
  /** Records on disk. */
  readonly size: number
  readonly beatAgeMs: number
  readonly commits: number
  readonly bytes: number
  /** Records that found no room: owed, and written as soon as there was room again. */
  readonly late: number
  /** The thread that signs. `failed`: what is on disk is not what was written, or cannot be signed; the gate is ending. */
  readonly keeper: { readonly state: 'ok' | 'failed'; readonly why: string | null }
  readonly logs: Readonly<Record<LedgerLog, LogStatus>>
  readonly disk: DiskStatus
}

/** How one log stands as a transparency log. */
export interface LogStatus {
  /** Records on disk. */
  readonly size: number
  /** The newest signed one, null before the first. Its age says little while no record is newer than it. */
  readonly checkpoint: { readonly size: number; readonly atMs: number; readonly ageMs: number } | null
  readonly scrub: ScrubStatus
}

/** The standing re-reading of everything that is signed. */
export interface ScrubStatus {
  /** Records before this one were found right in the round that is under way. */
  readonly checkedTo: number
  /** Faults of the last finished round, or of the one under way if it has more. */
  readonly faults: number
  /** Wall time of the end of the last round, null before the first. */
  readonly lastRoundAtMs: number | null
}

/**
 * Room on the ledger's disk. `warn`: below 15 %; `shed`: below 5 %, records that may be lost should not be written; `full`:
 * below 1 %, the ledger closes.
 */
export interface DiskStatus {
  readonly state: 'ok' | 'warn' | 'shed' | 'full'
  readonly freeBytes: number
  readonly totalBytes: number
}
