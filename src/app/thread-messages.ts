import type { MessagePort } from 'node:worker_threads'
import type { GateSettings, Snapshot, SnapshotChange } from '../core/mod.ts'
import type { LedgerSlot } from '../gate/ledger/mod.ts'
import type { CounterShared } from '../gate/limits/mod.ts'

/** What a gateway thread is born with. */
export interface ThreadSetup {
  readonly settings: GateSettings
  readonly reusePort: boolean
  readonly pepper: Uint8Array
  readonly counters: CounterShared
  readonly counterSeed: number
}

/** Main to gateway thread. A spare gets its number, and with it its ring and ledger port, only when it takes over. */
export type ToThread =
  | {
      readonly type: 'serve'
      readonly thread: number
      readonly ledger: LedgerSlot
      readonly port: MessagePort
      readonly snapshot: Snapshot
    }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'change'; readonly change: SnapshotChange }
  | { readonly type: 'drain'; readonly deadlineMs: number }

/** Gateway thread to main. */
export type FromThread =
  | { readonly type: 'loaded' }
  | { readonly type: 'serving'; readonly addresses: readonly { readonly host: string; readonly port: number }[] }
  /** `revision` is that of the message; what the thread works by now may be newer. */
  | { readonly type: 'applied'; readonly revision: number; readonly worksBy: number }
  | { readonly type: 'connections'; readonly connections: number }
  | { readonly type: 'defect'; readonly requestId: string; readonly error: string }
  | { readonly type: 'drained' }
  | { readonly type: 'unable'; readonly code: string; readonly message: string }
