import type { KeyObject } from 'node:crypto'
import type { ScrubStatus } from '../../../core/mod.ts'
import type { Fault, VerifierKey } from '../../../tlog/mod.ts'
import type { CheckpointLogEnd } from '../checkpoint-log.ts'
import type { LedgerLog } from '../logs.ts'
import type { CheckpointTold } from './log-keeper.ts'
import type { ScrubRound } from './scrub.ts'

/** What the keeper thread is born with. */
export interface KeeperSetup {
  readonly dir: string
  readonly leafHeads: SharedArrayBuffer
  /** In the order of their ids. */
  readonly logs: readonly KeeperLog[]
  readonly pace: KeeperPace
}

export interface KeeperLog {
  readonly log: LedgerLog
  readonly key: VerifierKey
  readonly privateKey: KeyObject
  readonly checkpoints: CheckpointLogEnd
}

/** How often what is done beside the writing. */
export interface KeeperPace {
  /**
   * Least time between two checkpoints of a log.
   * @default 1000
   */
  readonly checkpointMs: number
  /**
   * What the scrub reads per second on average.
   * @default 4 MiB
   */
  readonly scrubBytesPerSecond: number
  /**
   * From one scrub round to the next.
   * @default 600_000
   */
  readonly scrubPauseMs: number
  /**
   * From one record of life in the audit log to the next.
   * @default 60_000
   */
  readonly heartbeatMs: number
}

/** How the keeper stands with one log. */
export interface KeeperLogStatus {
  readonly checkpoint: CheckpointTold | null
  readonly scrub: ScrubStatus
}

/** Main to the keeper thread: sign what is committed, and end. */
export interface ToKeeper {
  readonly type: 'stop'
}

/** The keeper thread to main. */
export type FromKeeper =
  | { readonly type: 'ready' }
  | { readonly type: 'status'; readonly logs: Readonly<Record<LedgerLog, KeeperLogStatus>> }
  /** A write failed that can be tried again. */
  | { readonly type: 'delayed'; readonly why: string }
  | { readonly type: 'fault'; readonly log: LedgerLog; readonly fault: Fault }
  | { readonly type: 'scrubbed'; readonly round: ScrubRound }
  /** What is on disk is not what was written, or can no longer be signed. */
  | { readonly type: 'failed'; readonly why: string }
