import type { AggregateQuery, Coverage, SearchQuery, SeriesQuery } from '../../desk/query/mod.ts'
import type { Span } from './query-folder.ts'

/** What the index's thread is given at its start. */
export interface QueryThreadSetup {
  readonly path: string
  /** The key of this purpose, no other. */
  readonly key: Uint8Array
  readonly keepMs: number
  readonly bytesMax: number
  readonly memoryBytesMax: number
  readonly segmentRowsMax: number
  readonly segmentMsMax: number
}

/** Consecutive records in one buffer. */
export interface RecordPack {
  readonly seq: number
  /** Of each. */
  readonly recordedAtUs: Float64Array<ArrayBuffer>
  /** Where each ends in `bytes`. */
  readonly ends: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What the thread is asked, by what it does. */
export interface QueryTasks {
  follow: { given: RecordPack; answer: Follows }
  begin: { given: number; answer: Follows }
  gap: { given: null; answer: Span | null }
  fill: { given: RecordPack; answer: null }
  search: { given: SearchQuery; answer: unknown }
  aggregate: { given: AggregateQuery; answer: unknown }
  series: { given: SeriesQuery; answer: unknown }
  coverage: { given: null; answer: Coverage }
  close: { given: null; answer: null }
}

export interface Follows {
  readonly next: number
}

export type QueryTask = keyof QueryTasks

export interface ToQueryThread {
  readonly id: number
  readonly task: QueryTask
  readonly given: unknown
}

export type FromQueryThread =
  | { readonly type: 'ready'; readonly next: number }
  | { readonly type: 'done'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  /** There is something to be read from the ledger again. */
  | { readonly type: 'gap' }
