/**
 * What stands between a crash and the first new record.
 *
 * Only the very last write can have been cut off, and nothing of it was acknowledged: it is cut, and the bytes are kept.
 * Anything else that is not as it was written is damage or tampering: the ledger refuses to start and names the place.
 *
 * The newest two files, and all from the open mark on, are checked in full; older ones by header and place. Each read
 * checks what it reads again.
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { kindAndIdOf } from './envelope.ts'
import { readOpenMark, recoveryDirOf, syncDir, walDirOf, writeSmallFile, writeWhole } from './files.ts'
import type { LedgerLog } from './logs.ts'
import { digestOf, noDigest, recordsOf, walHeaderBytes } from './wal-format.ts'
import { corruptAt, type Found, judgeTail, listWal, WalFile, type WalName } from './wal-reader.ts'
import type { WalPosition } from './wal-writer.ts'

/** A write that a crash cut off. */
export interface RecoveryNotice {
  readonly log: LedgerLog
  /** The file and offset where it began. */
  readonly path: string
  readonly offset: number
  readonly bytes: number
  readonly sha256: string
  /** Where the bytes are kept. */
  readonly keptAt: string
}

export interface Recovered {
  readonly position: WalPosition
  /** By request id, the JSON of each `opened` record whose answer has no end. */
  readonly open: ReadonlyMap<string, Buffer>
  readonly notices: readonly RecoveryNotice[]
}

interface Chain {
  nextSeq: number
  /** Null where the batch before was not read. */
  prev: Buffer | null
  lastUs: number
  readonly open: Map<string, Buffer>
}

/** Checks one log, mends its end, and says where it goes on. */
export function recoverLog(dir: string, log: LedgerLog): Recovered {
  const walDir = walDirOf(dir, log)
  mkdirSync(walDir, { recursive: true, mode: 0o700 })
  const notices: RecoveryNotice[] = []
  const files = withoutUnbegun(listWal(walDir), (file, end) =>
    notices.push(keep({ dir, log, path: file.path, from: 0, end })),
  )
  const newest = files.at(-1)
  const chain: Chain = { nextSeq: newest?.firstSeq ?? 0, prev: noDigest, lastUs: 0, open: new Map() }
  const from = firstToCheck(files, readOpenMark(dir, log))
  for (const name of files.slice(0, from)) checkHeader(name)
  let offset = walHeaderBytes
  for (const [index, file] of files.slice(from).entries()) {
    if (index === 0) Object.assign(chain, { nextSeq: file.firstSeq, prev: file.firstSeq === 0 ? noDigest : null })
    if (file.firstSeq !== chain.nextSeq)
      throw corruptAt(file.path, 0, `it begins with record ${file.firstSeq}, but ${chain.nextSeq} comes next`)
    const end = checkFile(file, chain, file === newest)
    offset = end.offset
    if (end.torn !== null) notices.push(keep({ dir, log, path: file.path, from: end.offset, end: end.torn }))
  }
  if (newest !== undefined) rewrite(newest.path, offset)
  const position = {
    fileSeq: newest?.firstSeq ?? null,
    offset,
    nextSeq: chain.nextSeq,
    prev: chain.prev ?? noDigest,
    lastUs: chain.lastUs,
  }
  return { position, open: chain.open, notices }
}

/** A newest file whose very header was cut off holds nothing; it is removed, its bytes are kept. */
function withoutUnbegun(files: readonly WalName[], onCut: (file: WalName, end: number) => void): readonly WalName[] {
  const newest = files.at(-1)
  if (newest === undefined) return files
  using file = new WalFile(newest.path, walHeaderBytes)
  if (file.header() !== null) return files
  const tail = judgeTail(file, 0)
  if (tail.kind === 'corrupt' || (tail.kind === 'torn' && tail.end > walHeaderBytes))
    throw corruptAt(newest.path, 0, 'no sound file header')
  if (tail.kind === 'torn') onCut(newest, tail.end)
  rmSync(newest.path)
  syncDir(dirname(newest.path))
  return files.slice(0, -1)
}

const fullyCheckedMin = 2

/** Index of the first file that is read in full. */
function firstToCheck(files: readonly WalName[], openMark: number): number {
  const marked = files.findLastIndex((file) => file.firstSeq <= openMark)
  return Math.max(0, Math.min(marked, files.length - fullyCheckedMin))
}

function checkHeader(name: WalName): void {
  using file = new WalFile(name.path, walHeaderBytes)
  checkPlace(name, file)
}

function checkPlace(name: WalName, file: WalFile): void {
  if (file.header()?.firstSeq !== name.firstSeq)
    throw corruptAt(name.path, 0, 'no sound file header, or that of another place')
}

/** Follows the batches of one file to their end; `torn` is the end of a write that was cut off. */
function checkFile(
  name: WalName,
  chain: Chain,
  isNewest: boolean,
): { readonly offset: number; readonly torn: number | null } {
  using file = new WalFile(name.path)
  checkPlace(name, file)
  let offset = walHeaderBytes
  for (;;) {
    const found = file.batchAt(offset)
    if (found.kind !== 'batch') {
      const tail = judgeTail(file, offset)
      if (tail.kind === 'clean') return { offset, torn: null }
      if (tail.kind === 'torn' && isNewest) return { offset, torn: tail.end }
      const reason = found.kind === 'bad' ? found.why : 'a hole'
      throw corruptAt(
        name.path,
        offset,
        tail.kind === 'corrupt' ? `${reason}, and ${tail.why}` : `${reason}, and a later file follows`,
      )
    }
    follow(found, chain, (why) => corruptAt(name.path, offset, why))
    offset += found.whole.length
  }
}

function follow(batch: Extract<Found, { kind: 'batch' }>, chain: Chain, corrupt: (why: string) => Error): void {
  const { header, whole, payload } = batch
  if (header.firstSeq !== chain.nextSeq)
    throw corrupt(`a batch of record ${header.firstSeq}, but ${chain.nextSeq} comes next`)
  if (chain.prev !== null && !header.prev.equals(chain.prev))
    throw corrupt('a batch that does not name the one before it')
  const records = recordsOf(payload, header)
  if (records === null) throw corrupt('a batch that does not hold the records that it tells of')
  for (const { us, json } of records) {
    if (us < chain.lastUs) throw corrupt('a record that is older than the one before it')
    chain.lastUs = us
    const event = kindAndIdOf(json)
    if (event?.kind === 'opened') chain.open.set(event.id, Buffer.from(json))
    else if (event !== null) chain.open.delete(event.id)
  }
  chain.nextSeq += records.length
  chain.prev = digestOf(whole)
}

/** Keeps what is about to be cut. */
function keep(cut: {
  readonly dir: string
  readonly log: LedgerLog
  readonly path: string
  readonly from: number
  readonly end: number
}): RecoveryNotice {
  using file = new WalFile(cut.path)
  const bytes = Buffer.from(file.view(cut.from, cut.end - cut.from))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const folder = recoveryDirOf(cut.dir, cut.log)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Named by content: a crash during recovery repeats it and ends with the same file.
  const keptAt = join(folder, `${basename(cut.path, '.wal')}-${cut.from}-${sha256.slice(0, 16)}.torn`)
  writeSmallFile(keptAt, bytes)
  return { log: cut.log, path: cut.path, offset: cut.from, bytes: bytes.length, sha256, keptAt }
}

const copyBytes = 1024 * 1024

/**
 * Copies what survived into a new file. What was just read may be in the page cache only, after a failed write, and would
 * not be written again by any sync of the old file.
 */
function rewrite(path: string, end: number): void {
  using from = new WalFile(path)
  const temporary = `${path}.new`
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
  try {
    for (let at = 0; at < end; at += copyBytes) writeWhole(fd, from.view(at, Math.min(copyBytes, end - at)), at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncDir(dirname(path))
}
