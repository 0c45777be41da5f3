import type { MessagePort } from 'node:worker_threads'

/** Main to the ledger thread: the port by which a ring's thread is woken from now on. */
export interface ToLedger {
  readonly type: 'port'
  readonly ring: number
  readonly port: MessagePort
}

/** The ledger thread to main. */
export type FromLedger =
  | { readonly type: 'ready' }
  | { readonly type: 'committed' }
  | { readonly type: 'failed'; readonly why: string }
