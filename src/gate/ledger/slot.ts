import type { LedgerSettings } from '../../core/mod.ts'
import type { SealingSlot } from './seal/thread-sealer.ts'

/** What a thread needs to write into its ring; goes to it by `postMessage`, with the port that main transfers beside it. */
export interface LedgerSlot {
  readonly thread: number
  /** The ring's number in the control block. */
  readonly ring: number
  readonly control: SharedArrayBuffer
  readonly memory: SharedArrayBuffer
  readonly inflight: SharedArrayBuffer
  readonly settings: LedgerSettings
  /** What its records are sealed with: secret. */
  readonly sealing: SealingSlot
}
