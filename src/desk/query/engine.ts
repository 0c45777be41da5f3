import type { AccessEvent } from '../../core/mod.ts'
import type { FieldName } from './fields.ts'
import type { Filter } from './filter.ts'

/**
 * Which part of the log: by the time at which requests were received, or by their place in the ledger, which pins exactly the
 * same records however often it is asked. `toMs` and `seqTo` are the first that is not meant.
 */
export type QueryRange =
  | { readonly fromMs: number; readonly toMs: number }
  | { readonly seqFrom: number; readonly seqTo: number }

/** What all questions have in common. */
export type QueryBase = QueryRange & {
  /** `parseFilter('status:401,403 -ip:10.0.0.0/8')`. @default everything */
  readonly filter?: Filter
  /** When to stop and answer with what was read until then. @default 2,000 */
  readonly deadlineMs?: number
}

/** The newest requests first. */
export type SearchQuery = QueryBase & {
  /** At most `searchRowsMax`. @default 100 */
  readonly limit?: number
  /** Only requests before this place: the last `seq` of a page asks for the next, older one. */
  readonly beforeSeq?: number
}

/**
 * What can be measured over requests: how many, and of which outcome (`count`, `served`, `refused`, `failed`, `aborted`);
 * nearest-rank percentiles and maximum of the duration in µs; bytes in all; how many different consumers, client addresses and
 * networks; the first and the last, by time and by place. Exact: no samples, no sketches.
 */
export type Measure =
  | 'count'
  | 'served'
  | 'refused'
  | 'failed'
  | 'aborted'
  | 'p50Us'
  | 'p95Us'
  | 'p99Us'
  | 'maxUs'
  | 'requestBytes'
  | 'responseBytes'
  | 'consumers'
  | 'ips'
  | 'networks'
  | 'firstMs'
  | 'lastMs'
  | 'firstSeq'
  | 'lastSeq'

/** Requests in groups. */
export type AggregateQuery = QueryBase & {
  /** Requests that agree in all of these are one group; with none there is one group of all. At most `groupFieldsMax`. */
  readonly by?: readonly FieldName[]
  /** @default ['count'] */
  readonly measures?: readonly Measure[]
  /** The largest groups by the first measure, at most `groupsMax`. @default 100 */
  readonly limit?: number
}

/** Requests in groups, in each bucket of time. */
export type SeriesQuery = QueryBase & {
  /** Width of a bucket; buckets begin at whole multiples of it since the epoch. */
  readonly everyMs: number
  readonly by?: readonly FieldName[]
  /** @default ['count'] */
  readonly measures?: readonly Measure[]
}

/** Bounds of what one answer holds. */
export const searchRowsMax = 1_000
export const groupsMax = 10_000
export const groupFieldsMax = 4
export const pointsMax = 10_000

/**
 * Why an answer is not of all that was asked for:
 * - `deadline`: time ran out; the newest were read first;
 * - `memory`: groups or values were more than the engine may hold;
 * - `behind`: the end of the range is not in the index yet, which follows the ledger by less than a second when it has caught up;
 * - `pruned`: the beginning of the range is older than what the index keeps.
 */
export type Shortfall = 'deadline' | 'memory' | 'behind' | 'pruned'

/** What is said of every answer. */
export interface AnswerBase {
  /** Requests that matched, in all that was read: exact, and not bounded by `limit`. */
  readonly matched: number
  /** Which part of the requests of the range that the index holds was read, from 0 to 1. */
  readonly scanned: number
  readonly rowsScanned: number
  /** True when `short` is not empty: what is shown holds, but there may be more. */
  readonly partial: boolean
  readonly short: readonly Shortfall[]
  readonly elapsedMs: number
}

/** A request as `/v1/events` shows it: its terminal record. */
export interface IndexedEvent {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AccessEvent
}

export interface SearchAnswer extends AnswerBase {
  /** The newest first, by `seq`. */
  readonly events: readonly IndexedEvent[]
}

/** Null where the field is absent. */
export type GroupValue = string | number | null

/** Null where there is nothing to measure. Holds the measures that were asked for, and no others. */
export type Measured = Readonly<Partial<Record<Measure, number | null>>>

export interface Group {
  /** One value for each field of `by`, in its order. */
  readonly key: readonly GroupValue[]
  readonly values: Measured
}

export interface AggregateAnswer extends AnswerBase {
  /** The largest first by the first measure, then by key. */
  readonly groups: readonly Group[]
  /** Groups that there are, those beyond `limit` included. */
  readonly groupsTotal: number
}

export interface Point extends Group {
  /** Beginning of the bucket. */
  readonly atMs: number
}

export interface SeriesAnswer extends AnswerBase {
  readonly everyMs: number
  /** By time, then by key; buckets without requests are left out. At most `pointsMax`: a question that has more is refused. */
  readonly points: readonly Point[]
}

/** What the index holds at this moment. */
export interface Coverage {
  /** First place of the ledger that is held; equal to `seqNext` when nothing is. */
  readonly seqFirst: number
  /** First place that is not in the index yet. */
  readonly seqNext: number
  readonly rows: number
  readonly bytes: number
}

/**
 * Asks what is in the access log.
 *
 * - What is counted: the one terminal record of each request. Records of openings and amendments are followed, not counted.
 * - Truth: nothing here is a source of truth; all of it can be built again from the ledger, and says so when it is incomplete.
 * - Exactness: for a pinned range that is not `partial`, two answers to the same question are the same.
 * - Freshness: what `follow` of the index resolved for is in the answers.
 * - Bounds: memory, time and rows of an answer are bounded; too much is answered in part, never wrongly.
 * - Concurrency: questions are answered one after the other, each within its own deadline, which includes its wait.
 *
 * Throws `invalid_argument` for a question that cannot be meant (no such field, an empty range, too many groups or points), and
 * `store_unreadable` when the engine itself failed.
 */
export interface QueryEngine {
  search(query: SearchQuery): Promise<SearchAnswer>
  aggregate(query: AggregateQuery): Promise<AggregateAnswer>
  series(query: SeriesQuery): Promise<SeriesAnswer>
  coverage(): Promise<Coverage>
}
