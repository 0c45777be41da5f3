import type { MessagePort } from 'node:worker_threads'
import type { GateSettings, Snapshot, SnapshotChange, UpstreamStatus } from '../core/mod.ts'
import type { Bound, TlsSecrets } from '../gate/engine/mod.ts'
import type { IssuerKeys, KeyAnswer } from '../gate/identity/mod.ts'
import type { LedgerSlot } from '../gate/ledger/mod.ts'
import type { CounterShared } from '../gate/limits/mod.ts'
import type { DownByApi } from '../gate/upstreams/mod.ts'

/** What a gateway thread is born with. */
export interface ThreadSetup {
  readonly settings: GateSettings
  readonly reusePort: boolean
  readonly pepper: Uint8Array
  /** Under which ids and names of bodies are hashed. */
  readonly factsKey: Uint8Array
  readonly counters: CounterShared
  readonly counterSeed: number
}

/** What main keeps up for all threads, and sends them whole whenever it changes. */
export interface ThreadShare {
  /** Null where the gate has no TLS. */
  readonly tls: TlsSecrets | null
  /** The keys of the issuers of tokens, as far as they are known. */
  readonly issuerKeys: readonly IssuerKeys[]
  /** Upstreams that fail their health checks. */
  readonly down: DownByApi
}

/** Main to gateway thread. A spare gets its number, and with it its ring and ledger port, only when it takes over. */
export type ToThread =
  | {
      readonly type: 'serve'
      readonly thread: number
      readonly ledger: LedgerSlot
      readonly port: MessagePort
      readonly snapshot: Snapshot
      readonly share: ThreadShare
    }
  | { readonly type: 'share'; readonly share: ThreadShare }
  /** Behind a `share` with the key, where there is one. */
  | { readonly type: 'key'; readonly ask: number; readonly answer: KeyAnswer }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'change'; readonly change: SnapshotChange }
  | { readonly type: 'drain'; readonly deadlineMs: number }

/** Gateway thread to main. */
export type FromThread =
  | { readonly type: 'loaded' }
  | { readonly type: 'serving'; readonly addresses: readonly Bound[] }
  /** A token names a key that this thread does not know. */
  | { readonly type: 'wantKey'; readonly ask: number; readonly issuer: string; readonly kid: string }
  /** `revision` is that of the message; what the thread works by now may be newer. */
  | { readonly type: 'applied'; readonly revision: number; readonly worksBy: number }
  | { readonly type: 'connections'; readonly connections: number }
  | { readonly type: 'upstreams'; readonly upstreams: readonly UpstreamStatus[] }
  | { readonly type: 'defect'; readonly requestId: string; readonly error: string }
  | { readonly type: 'drained' }
  | { readonly type: 'unable'; readonly code: string; readonly message: string }
