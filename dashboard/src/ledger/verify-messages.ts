import type { Fault, LogReport } from 'gatehouse/verify'

/** What the worker is asked. */
export interface VerifyTask {
  /** Where `checkpoint` and `tile/` are. */
  readonly url: string
  readonly vkey: string
  /** A checkpoint that was kept; '' for none. */
  readonly since: string
}

/** What was found, without bytes. */
export interface Verified extends Pick<
  LogReport,
  'verdict' | 'origin' | 'size' | 'signers' | 'entriesChecked' | 'prunedTo' | 'faultsTotal'
> {
  readonly faults: readonly Fault[]
  /** In hex; null without a checkpoint that one can believe. */
  readonly root: string | null
  /** The checkpoint that was verified, as text. */
  readonly checkpoint: string
  readonly elapsedMs: number
  readonly bytes: number
}

/** What the worker tells. */
export type VerifyNews =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly verified: Verified }
  | { readonly kind: 'failed'; readonly why: string }
