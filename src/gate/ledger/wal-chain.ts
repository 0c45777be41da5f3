import { openingOf } from '../../core/mod.ts'
import { readRecord } from './envelope.ts'
import type { LogFault } from './tree-check.ts'
import { digestOf, entriesOf, type Entry, noDigest, recordedUsOf, walHeaderBytes } from './wal-format.ts'
import { type Found, judgeTail, WalFile, type WalName, scanBytes, WindowMemory } from './wal-reader.ts'

/** What one follows from batch to batch. */
export interface Chain {
  nextSeq: number
  /** Digest of the batch before; null where it was not read. */
  prev: Buffer | null
  lastUs: number
}

/** The chain before the first record of a log. */
export function chainFrom(seq: number): Chain {
  return { nextSeq: seq, prev: seq === 0 ? noDigest : null, lastUs: 0 }
}

/** Where a file's sound part ends, and the end of a write behind it that was cut off, null when there is none. */
export interface FileEnd {
  readonly offset: number
  readonly tornEnd: number | null
}

export interface ChainEvents {
  onEntry(entry: Entry, at: { readonly path: string; readonly offset: number }): void
  onFault(fault: LogFault): void
}

/** Reports a file whose header is not that of its name. */
export function checkHeader(name: WalName, onFault: (fault: LogFault) => void): boolean {
  using file = new WalFile(name.path, walHeaderBytes)
  const isSound = file.header()?.firstSeq === name.firstSeq
  if (!isSound) onFault({ path: name.path, offset: 0, why: 'no sound file header, or that of another place' })
  return isSound
}

/** Follows the batches of one file to their end, or to the first fault. Only the newest file may end in a write that was cut off. */
export function followFile(name: WalName, chain: Chain, events: ChainEvents & { readonly isNewest: boolean }): FileEnd {
  using file = new WalFile(name.path, scanBytes, new WindowMemory())
  let offset = walHeaderBytes
  const fault = (why: string): FileEnd => {
    events.onFault({ path: name.path, offset, why })
    return { offset, tornEnd: null }
  }
  for (;;) {
    const found = file.batchAt(offset)
    if (found.kind !== 'batch') {
      const tail = judgeTail(file, offset)
      if (tail.kind === 'clean') return { offset, tornEnd: null }
      if (tail.kind === 'torn' && events.isNewest) return { offset, tornEnd: tail.end }
      const reason = found.kind === 'bad' ? found.why : 'a hole'
      return fault(`${reason}, and ${tail.kind === 'corrupt' ? tail.why : 'a later file follows'}`)
    }
    const wrong = follow(found, chain, (entry) => events.onEntry(entry, { path: name.path, offset }))
    if (wrong !== null) return fault(wrong)
    offset += found.whole.length
  }
}

/** Goes on by one batch; why not, or null. */
function follow(
  { header, whole, payload }: Extract<Found, { kind: 'batch' }>,
  chain: Chain,
  onEntry: (entry: Entry) => void,
): string | null {
  if (header.firstSeq !== chain.nextSeq) return `a batch of record ${header.firstSeq}, but ${chain.nextSeq} comes next`
  if (chain.prev !== null && !header.prev.equals(chain.prev)) return 'a batch that does not name the one before it'
  const entries = entriesOf(payload, header)
  if (entries === null) return 'a batch that does not hold the records that it tells of'
  for (const entry of entries) {
    const us = recordedUsOf(entry)
    if (us < chain.lastUs) return 'a record that is older than the one before it'
    chain.lastUs = us
    onEntry(entry)
  }
  chain.nextSeq += entries.length
  chain.prev = digestOf(whole)
  return null
}

/** The answers that have begun and not ended, as their records tell them one by one. */
export class OpenAnswers {
  /** By the mark that pairs an `opened` record with its terminal one. */
  readonly byMark: Map<string, Entry> = new Map()

  pass(entry: Entry): void {
    // Not every record is an access event; one that cannot be read is none that begins or ends an answer.
    const record = readRecord(entry.bytes)
    const found = record === null ? null : openingOf(record.publicPart)
    if (found === null) return
    if (found.kind === 'opened') this.byMark.set(found.opening, { seq: entry.seq, bytes: Buffer.from(entry.bytes) })
    else if (found.kind === 'request') this.byMark.delete(found.opening)
  }
}
