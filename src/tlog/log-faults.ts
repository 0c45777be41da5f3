/**
 * What can be wrong with a log.
 *
 * - `checkpoint`: it cannot be read as one. `signature`: nobody trusted has signed it. `origin`: it is another log's.
 * - `rollback`: a checkpoint that was kept is newer. `fork`: a checkpoint that was kept is of another history.
 * - `missing`: a file that must be there is not. `unreadable`: it cannot be read. `pruned`: it is gone as a retention policy
 *   may let it go; the one kind that does not speak of tampering.
 * - `tile`: hashes contradict what is proven above or below them. `bundle`: entries contradict their proven hashes.
 *   `root`: all files agree, but not with the signed root, or no part of them can be shown to be the right one.
 * - `record`: a proven entry is not a record. `sequence`: its stamp names another place. `time`: its stamp goes back.
 */
export type FaultKind =
  | 'checkpoint'
  | 'signature'
  | 'origin'
  | 'rollback'
  | 'fork'
  | 'missing'
  | 'unreadable'
  | 'pruned'
  | 'tile'
  | 'bundle'
  | 'root'
  | 'record'
  | 'sequence'
  | 'time'

/** One thing that is wrong, and where. */
export interface Fault {
  readonly kind: FaultKind
  /** First index of the records that it concerns. */
  readonly from: number
  /** The index after the last of them. */
  readonly to: number
  /** Path below the log's folder; null where no one file is to blame. */
  readonly file: string | null
  /** First byte in the file that is concerned; null where it is the whole file. */
  readonly offset: number | null
  readonly detail: string
}

/** Faults as they are found: a limited number is kept, all are counted. */
export interface FaultList {
  readonly kept: readonly Fault[]
  readonly total: number
  /** How many of the faults speak of more than pruning. */
  readonly totalOfTampering: number
  add(fault: Pick<Fault, 'kind' | 'from' | 'to' | 'detail'> & Partial<Fault>): void
}

/** An empty list that keeps the first `keptMax` faults, and tells of all. */
export function openFaultList(keptMax: number, onFault?: (fault: Fault) => void): FaultList {
  const kept: Fault[] = []
  let total = 0
  let totalOfTampering = 0
  return {
    kept,
    get total() {
      return total
    },
    get totalOfTampering() {
      return totalOfTampering
    },
    add(fault) {
      total += 1
      if (fault.kind !== 'pruned') totalOfTampering += 1
      const whole = { file: null, offset: null, ...fault }
      if (kept.length < keptMax) kept.push(whole)
      onFault?.(whole)
    },
  }
}
