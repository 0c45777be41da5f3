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
}
