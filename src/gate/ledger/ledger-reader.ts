import type { LedgerRecord } from '../../core/mod.ts'
import { walDirOf } from './files.ts'
import { type LedgerLog, ledgerLogs } from './logs.ts'
import { type BatchHeader, batchHeaderBytes, recordsOf, walHeaderBytes } from './wal-format.ts'
import { corruptAt, judgeTail, listWal, WalFile, type WalName } from './wal-reader.ts'

/** How much one `read` returns at most; at least one record, if there is one, however long. */
export interface ReadBounds {
  readonly bytesMax: number
  readonly recordsMax: number
  /** @default 'access' */
  readonly log?: LedgerLog
}

/**
 * Reads committed records in order, each checked against its batch's checksum. Safe beside a running writer: it never
 * returns a record that is not durable. Reading on from where the last read ended costs no search.
 */
export interface LedgerReader extends Disposable {
  /** Consecutive records from `seq` on; empty at the end. Throws `ledger_corrupt` with the place of any damage. */
  read(seq: number, bounds: ReadBounds): LedgerRecord[]
  /** Records of the access log. */
  readonly size: number
  sizeOf(log: LedgerLog): number
}

/** A reader of the files alone, for tests and the command line; the ledger may be in use by another process. */
export function openLedgerReader(dir: string): LedgerReader {
  return new DirReader(dir, null)
}

/** A reader that returns nothing beyond what the writer says is durable. */
export function openBoundedReader(dir: string, sizeOf: (log: LedgerLog) => number): LedgerReader {
  return new DirReader(dir, sizeOf)
}

class DirReader implements LedgerReader {
  readonly #logs: ReadonlyMap<LedgerLog, LogReader>

  constructor(dir: string, sizeOf: ((log: LedgerLog) => number) | null) {
    this.#logs = new Map(
      ledgerLogs.map((log) => [log, new LogReader(walDirOf(dir, log), sizeOf === null ? null : () => sizeOf(log))]),
    )
  }

  read(seq: number, bounds: ReadBounds): LedgerRecord[] {
    return this.#of(bounds.log ?? 'access').read(seq, bounds)
  }

  get size(): number {
    return this.sizeOf('access')
  }

  sizeOf(log: LedgerLog): number {
    return this.#of(log).size()
  }

  /** Files are open only during a call: nothing is left to close, and nothing of the kind can leak. */
  [Symbol.dispose](): void {}

  #of(log: LedgerLog): LogReader {
    const reader = this.#logs.get(log)
    if (reader === undefined) throw new Error(`there is no log ${log}`)
    return reader
  }
}

/** A place where a batch begins. */
interface Place {
  readonly file: WalName
  readonly offset: number
  /** First record of the batch. */
  readonly seq: number
}

/** Read at each look: small, since a follower mostly finds a few new records. */
const windowBytes = 128 * 1024

/** Known places are kept at this distance, so that a jump into a file reads few headers. */
const knownEveryBytes = 256 * 1024
const knownMax = 100_000

class LogReader {
  readonly #walDir: string
  readonly #sizeOf: (() => number) | null
  #files: WalName[] = []
  /** Where the last read ended, and where the last look for the size did. */
  #next: Place | null = null
  #end: Place | null = null
  /** By first record of the file: batch beginnings in order. */
  #known = new Map<number, Place[]>()
  #knownCount = 0

  constructor(walDir: string, sizeOf: (() => number) | null) {
    this.#walDir = walDir
    this.#sizeOf = sizeOf
  }

  size(): number {
    if (this.#sizeOf !== null) return this.#sizeOf()
    this.#files = listWal(this.#walDir)
    const newest = this.#files.at(-1)
    if (newest === undefined) return 0
    const from =
      this.#end?.file.path === newest.path ? this.#end : { file: newest, offset: walHeaderBytes, seq: newest.firstSeq }
    this.#end = this.#walk(from, Number.POSITIVE_INFINITY)
    return this.#end.seq
  }

  read(seq: number, bounds: ReadBounds): LedgerRecord[] {
    const size = this.#sizeOf === null ? Number.POSITIVE_INFINITY : this.#sizeOf()
    const want: Want = { seq, size, bounds, found: [], bytes: 0 }
    let place = seq < 0 || seq >= size ? null : this.#find(seq)
    while (place !== null) {
      const end = this.#readFile(place, want)
      place = end.full || end.place.seq >= size ? null : this.#nextFile(end.place)
    }
    return want.found
  }

  /** Reads from a place to the end of its file, or until the bounds are reached (`full`). */
  #readFile(from: Place, want: Want): { readonly place: Place; readonly full: boolean } {
    using file = new WalFile(from.file.path, windowBytes)
    let place = from
    for (;;) {
      this.#next = place
      if (place.seq >= want.size) return { place, full: true }
      const batch = this.#batchAt(file, place)
      if (batch === null) return { place, full: false }
      for (const record of batch.records)
        if (record.seq >= want.seq && !take(record, want)) return { place, full: true }
      place = { file: place.file, offset: place.offset + batch.bytes, seq: place.seq + batch.records.length }
      this.#remember(place)
    }
  }

  /** The batch that holds this record, or one before it in the same file. */
  #find(seq: number): Place | null {
    if (this.#next !== null && this.#next.seq === seq) return this.#next
    const file = this.#fileOf(seq)
    if (file === null) return null
    const known = this.#known.get(file.firstSeq)?.findLast((place) => place.seq <= seq)
    const start = known ?? { file, offset: walHeaderBytes, seq: file.firstSeq }
    const near =
      this.#next?.file.path === file.path && this.#next.seq <= seq && this.#next.seq > start.seq ? this.#next : start
    return this.#walk(near, seq)
  }

  #fileOf(seq: number): WalName | null {
    const newest = this.#files.at(-1)
    if (newest === undefined || newest.firstSeq <= seq) this.#files = listWal(this.#walDir)
    return this.#files.findLast((file) => file.firstSeq <= seq) ?? null
  }

  /** Goes from batch to batch by their headers until the one that holds `seq`, or the end of the file. */
  #walk(from: Place, seq: number): Place {
    using file = new WalFile(from.file.path, windowBytes)
    let place = from
    for (;;) {
      // The end is where no batch is whole: a sound header alone may belong to a write that was cut off.
      const header = seq === Number.POSITIVE_INFINITY ? wholeHeaderAt(file, place.offset) : file.headerAt(place.offset)
      if (header === null || place.seq + header.records > seq) return place
      place = {
        file: place.file,
        offset: place.offset + batchHeaderBytes + header.payloadBytes,
        seq: place.seq + header.records,
      }
      this.#remember(place)
    }
  }

  #remember(place: Place): void {
    const places = this.#known.get(place.file.firstSeq) ?? []
    if (place.offset - (places.at(-1)?.offset ?? 0) < knownEveryBytes) return
    if (this.#knownCount >= knownMax) {
      this.#known = new Map()
      this.#knownCount = 0
    }
    this.#known.set(place.file.firstSeq, places.at(-1) === undefined ? [place] : [...places, place])
    this.#knownCount++
  }

  /** The records of a batch in memory of their own, or null where the file has no more. */
  #batchAt(file: WalFile, { offset, seq }: Place): { readonly records: LedgerRecord[]; readonly bytes: number } | null {
    let found = file.batchAt(offset)
    if (found.kind !== 'batch') {
      const tail = judgeTail(file, offset)
      // A writer in another process may have been in the middle of it: look again before calling it damage.
      file.refresh()
      found = file.batchAt(offset)
      if (found.kind !== 'batch' && tail.kind === 'corrupt') throw corruptAt(file.path, offset, tail.why)
      if (found.kind !== 'batch') return null
    }
    const { header, payload, whole } = found
    const records = header.firstSeq === seq ? recordsOf(Buffer.from(payload), header) : null
    if (records === null) throw corruptAt(file.path, offset, 'a batch that does not hold the records that it tells of')
    return {
      records: records.map((record) => ({ seq: record.seq, recordedAtUs: record.us, bytes: record.json })),
      bytes: whole.length,
    }
  }

  /** The beginning of the file that follows, null when there is none. */
  #nextFile({ file, offset, seq }: Place): Place | null {
    if (this.#files.at(-1)?.path === file.path) this.#files = listWal(this.#walDir)
    const next = this.#files.find((one) => one.firstSeq > file.firstSeq)
    if (next === undefined) return null
    if (next.firstSeq !== seq) throw corruptAt(file.path, offset, `record ${seq} is missing, but a later file follows`)
    return { file: next, offset: walHeaderBytes, seq }
  }
}

/** What one read is to find. */
interface Want {
  readonly seq: number
  readonly size: number
  readonly bounds: ReadBounds
  readonly found: LedgerRecord[]
  /** Of what was found. */
  bytes: number
}

/** Adds a record; false when the bounds are reached. */
function take(record: LedgerRecord, want: Want): boolean {
  const { found, bounds } = want
  if (found.length > 0 && (found.length >= bounds.recordsMax || want.bytes + record.bytes.length > bounds.bytesMax))
    return false
  found.push(record)
  want.bytes += record.bytes.length
  return true
}

function wholeHeaderAt(file: WalFile, offset: number): BatchHeader | null {
  const found = file.batchAt(offset)
  return found.kind === 'batch' ? found.header : null
}
