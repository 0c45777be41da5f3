import { GatehouseError, hasCode } from '../../core/mod.ts'
import { type BatchHeader, batchHeaderBytes, entriesOf, type Entry, walHeaderBytes } from './wal-format.ts'
import { corruptAt, type Found, judgeTail, listWal, WalFile, type WalName, WindowMemory } from './wal-reader.ts'

/** How much one read returns at most; at least one record, if there is one, however long. */
export interface EntryBounds {
  readonly bytesMax: number
  readonly recordsMax: number
}

/** What one read is to find. */
export interface Want {
  readonly seq: number
  /** Records from here on must not be returned. */
  readonly size: number
  readonly bounds: EntryBounds
  readonly found: Entry[]
  /** Of what was found. */
  bytes: number
}

/** One batch as it stands in a file: its payload is what a bundle of the same entries holds. */
export interface WholeBatch {
  readonly firstSeq: number
  readonly records: number
  readonly payload: Buffer
}

/** Adds an entry; false when the bounds are reached. */
export function take(entry: Entry, want: Want): boolean {
  const { found, bounds } = want
  if (found.length > 0 && (found.length >= bounds.recordsMax || want.bytes + entry.bytes.length > bounds.bytesMax))
    return false
  found.push(entry)
  want.bytes += entry.bytes.length
  return true
}

/** A place where a batch begins. */
interface Place {
  readonly file: WalName
  readonly offset: number
  /** First record of the batch. */
  readonly seq: number
}

/** Read at first: little, since a follower mostly finds a few new records. */
const windowBytes = 64 * 1024

/** Known places are kept at this distance, so that a jump into a file reads few headers. */
const knownEveryBytes = 256 * 1024
const knownMax = 100_000

/**
 * Reads entries from the write-ahead files of one log, each checked against its batch's checksum. Files whose records are
 * elsewhere may vanish at any time; what only they held before is then not found here. Reading on from where the last read
 * ended costs no search. Files are open only during a call.
 */
export class WalEntries {
  readonly #walDir: string
  readonly #memory = new WindowMemory()
  #files: readonly WalName[] = []
  /** Where the last read ended, and where the last look for the end did. */
  #next: Place | null = null
  #end: Place | null = null
  /** By first record of the file: batch beginnings in order. */
  #known = new Map<number, Place[]>()
  #knownCount = 0

  constructor(walDir: string) {
    this.#walDir = walDir
  }

  /** The record after the last whole batch; 0 where there are no files. */
  end(): number {
    this.#files = listWal(this.#walDir)
    const newest = this.#files.at(-1)
    if (newest === undefined) return 0
    const from =
      this.#end?.file.path === newest.path ? this.#end : { file: newest, offset: walHeaderBytes, seq: newest.firstSeq }
    this.#end = this.#walk(from, Number.POSITIVE_INFINITY)
    return this.#end.seq
  }

  /** Finds what it can from `want.seq` on. Throws `ledger_corrupt` with the place of any damage. */
  read(want: Want): void {
    try {
      this.#read(want)
    } catch (error) {
      if (!isGone(error)) throw error
      // The file was deleted since it was listed: its records are elsewhere, or in a file that follows.
      this.#next = null
      this.#files = listWal(this.#walDir)
      if (want.found.length === 0) this.#read(want)
    }
  }

  /**
   * Hands out whole batches as they stand, from the one that holds `seq` on, while they are wanted and end at or below `size`;
   * each is valid during the call only. Throws `ledger_corrupt` as `read` does.
   */
  readBatches({ seq, size }: Pick<Want, 'seq' | 'size'>, onBatch: (batch: WholeBatch) => boolean): void {
    let place = this.#find(seq)
    while (place !== null) {
      const end = this.#batchesIn(place, size, onBatch)
      place = end.full || end.place.seq >= size ? null : this.#nextFile(end.place)
    }
  }

  #batchesIn(
    from: Place,
    size: number,
    onBatch: (batch: WholeBatch) => boolean,
  ): { readonly place: Place; readonly full: boolean } {
    using file = new WalFile(from.file.path, windowBytes, this.#memory)
    let place = from
    for (;;) {
      this.#next = place
      const found = place.seq < size ? this.#foundAt(file, place) : null
      if (found === null) return { place, full: false }
      const { header, payload, whole } = found
      const isWanted = onBatch({ firstSeq: header.firstSeq, records: header.records, payload })
      place = { file: place.file, offset: place.offset + whole.length, seq: place.seq + header.records }
      this.#remember(place)
      if (isWanted) continue
      this.#next = place
      return { place, full: true }
    }
  }

  #read(want: Want): void {
    let place = this.#find(want.seq)
    while (place !== null) {
      const end = this.#readFile(place, want)
      place = end.full || end.place.seq >= want.size ? null : this.#nextFile(end.place)
    }
  }

  /** Reads from a place to the end of its file, or until the bounds are reached (`full`). */
  #readFile(from: Place, want: Want): { readonly place: Place; readonly full: boolean } {
    using file = new WalFile(from.file.path, windowBytes, this.#memory)
    let place = from
    for (;;) {
      this.#next = place
      if (place.seq >= want.size) return { place, full: true }
      const batch = this.#batchAt(file, place)
      if (batch === null) return { place, full: false }
      for (const entry of batch.entries) if (entry.seq >= want.seq && !take(entry, want)) return { place, full: true }
      place = { file: place.file, offset: place.offset + batch.bytes, seq: place.seq + batch.entries.length }
      this.#remember(place)
    }
  }

  /** The batch that holds this record, or one before it in the same file; null where no file is as old. */
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
    using file = new WalFile(from.file.path, windowBytes, this.#memory)
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
    if (places.length === 0) this.#known.set(place.file.firstSeq, [place])
    else places.push(place)
    this.#knownCount++
  }

  /** The entries of a batch in memory of their own, or null where the file has no more. */
  #batchAt(file: WalFile, place: Place): { readonly entries: Entry[]; readonly bytes: number } | null {
    const found = this.#foundAt(file, place)
    if (found === null) return null
    const entries = entriesOf(Buffer.from(found.payload), found.header)
    if (entries === null)
      throw corruptAt(file.path, place.offset, 'a batch that does not hold the records that it tells of')
    return { entries, bytes: found.whole.length }
  }

  /** The batch that belongs at a place, or null where the file has no more. */
  #foundAt(file: WalFile, { offset, seq }: Place): Extract<Found, { kind: 'batch' }> | null {
    let found = file.batchAt(offset)
    if (found.kind !== 'batch') {
      const tail = judgeTail(file, offset)
      // A writer in another process may have been in the middle of it: look again before calling it damage.
      file.refresh()
      found = file.batchAt(offset)
      if (found.kind !== 'batch' && tail.kind === 'corrupt') throw corruptAt(file.path, offset, tail.why)
      if (found.kind !== 'batch') return null
    }
    if (found.header.firstSeq !== seq)
      throw corruptAt(file.path, offset, `a batch of record ${found.header.firstSeq} where ${seq} belongs`)
    return found
  }

  /** The beginning of the file that follows, null when there is none, or none that goes on here. */
  #nextFile({ file, offset, seq }: Place): Place | null {
    if (this.#files.at(-1)?.path === file.path) this.#files = listWal(this.#walDir)
    const next = this.#files.find((one) => one.firstSeq > file.firstSeq)
    if (next === undefined) return null
    if (next.firstSeq === seq) return { file: next, offset: walHeaderBytes, seq }
    const isListed = listWal(this.#walDir).some((one) => one.firstSeq === file.firstSeq)
    if (isListed) throw corruptAt(file.path, offset, `record ${seq} is missing, but a later file follows`)
    this.#next = null // it and some after it were deleted while it was read
    return null
  }
}

function isGone(error: unknown): boolean {
  return error instanceof GatehouseError && hasCode(error.cause, 'ENOENT')
}

function wholeHeaderAt(file: WalFile, offset: number): BatchHeader | null {
  const found = file.batchAt(offset)
  return found.kind === 'batch' ? found.header : null
}
