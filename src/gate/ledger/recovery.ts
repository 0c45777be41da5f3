/**
 * What stands between a crash and the first new record.
 *
 * Only the very last write can have been cut off, and nothing of it was acknowledged: it is cut, and the bytes are kept.
 * Anything else that is not as it was written or signed is damage or tampering: the ledger refuses to start, changes nothing,
 * and names every place.
 *
 * The newest two files, and all from the open mark on or not yet in signed bundles, are checked in full; older ones by header
 * and place. Their records are held against the tree that was signed. What lies in bundles alone is the scrub's.
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import type { VerifierKey } from '../../tlog/mod.ts'
import {
  checkpointLogOf,
  type CheckpointLogEnd,
  cutCheckpointLog,
  follows,
  openState,
  readCheckpointLogEnd,
  type SignedState,
} from './checkpoint-log.ts'
import {
  makeFolder,
  type OpenMark,
  readOpenMark,
  recoveryDirOf,
  syncDir,
  walDirOf,
  writeSmallFile,
  writeWhole,
} from './files.ts'
import { LogEntries } from './log-entries.ts'
import type { LedgerLog } from './logs.ts'
import { bundledSize, type LogFault, TreeCheck } from './tree-check.ts'
import { logDirOf } from './tree-files.ts'
import { type Chain, chainFrom, checkHeader, type FileEnd, followFile, OpenAnswers } from './wal-chain.ts'
import { type Entry, noDigest, walHeaderBytes } from './wal-format.ts'
import { judgeTail, listWal, WalFile, type WalName, WindowMemory } from './wal-reader.ts'
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
  /** The `opened` record of each answer that has no end. */
  readonly open: readonly Entry[]
  readonly notices: readonly RecoveryNotice[]
  readonly checkpoints: CheckpointLogEnd
}

/** What is to be taken away at the end of a file. */
interface Cut {
  readonly path: string
  readonly from: number
  readonly end: number
}

/**
 * Checks one log, mends its end, and says where it goes on. `key` signs for it; null for a log that has never signed.
 * Throws `ledger_corrupt` with every fault.
 */
export function recoverLog(dir: string, log: LedgerLog, key: VerifierKey | null = null): Recovered {
  const logDir = logDirOf(dir, log)
  const walDir = walDirOf(dir, log)
  makeFolder(walDir)
  const faults: LogFault[] = []
  const onFault = (fault: LogFault): number => faults.push(fault)
  const checkpoints = key === null ? noCheckpoints : checkCheckpoints(logDir, key)
  const { files, unbegun } = withoutUnbegun(listWal(walDir), onFault)
  const found = follow({ dir, log, files, signed: checkpoints.last, onFault })
  if (faults.length > 0) throw corrupt(faults)

  const { chain, cut, offset, peaks, open } = found
  const torn = checkpoints.tornEnd === null ? null : { from: checkpoints.end, end: checkpoints.tornEnd }
  const cuts = [cut, unbegun?.end === 0 ? null : unbegun, torn && { path: checkpointLogOf(logDir), ...torn }]
  const notices = cuts.filter((one) => one !== null).map((one) => keep(one, { dir, log }))
  if (unbegun !== null) removeDurably(unbegun.path)
  if (torn !== null) cutCheckpointLog(logDir, torn.from)
  const newest = files.at(-1)
  if (newest !== undefined) rewrite(newest.path, offset)
  const { nextSeq, prev, lastUs } = chain
  const position = { fileSeq: newest?.firstSeq ?? null, offset, nextSeq, prev: prev ?? noDigest, lastUs, peaks }
  return { position, open, notices, checkpoints: { ...checkpoints, tornEnd: null } }
}

interface Following {
  readonly dir: string
  readonly log: LedgerLog
  readonly files: readonly WalName[]
  readonly signed: SignedState | null
  readonly onFault: (fault: LogFault) => void
}

/** What the files say from the first that must be read on. */
interface Followed extends Pick<Recovered, 'open'> {
  readonly chain: Chain
  /** End of the newest file's sound part. */
  readonly offset: number
  readonly cut: Cut | null
  readonly peaks: readonly Uint8Array[]
}

function follow({ dir, log, files, signed, onFault }: Following): Followed {
  const mark = readOpenMark(dir, log)
  const tree = new TreeCheck(logDirOf(dir, log), signed, onFault)
  const answers = new OpenAnswers()
  const first = firstToCheck(files, Math.min(mark?.at ?? 0, bundledSize(signed?.size ?? 0)))
  const read = files.slice(first)
  for (const name of files.slice(0, first)) checkHeader(name, onFault)
  passOlder({ dir, log, mark, end: read[0]?.firstSeq ?? 0 }, answers)
  let chain = chainFrom(read[0]?.firstSeq ?? 0)
  let end: FileEnd = { offset: walHeaderBytes, tornEnd: null }
  for (const name of read) {
    if (!checkHeader(name, onFault)) continue
    if (name.firstSeq !== chain.nextSeq) {
      const why = `it begins with record ${name.firstSeq}, but ${chain.nextSeq} comes next`
      onFault({ path: name.path, offset: 0, why })
      chain = chainFrom(name.firstSeq)
    }
    end = followFile(name, chain, {
      isNewest: name === read.at(-1),
      onFault,
      onEntry: (entry, at) => {
        tree.pass(entry, at)
        answers.pass(entry)
      },
    })
  }
  const newest = files.at(-1)?.path ?? walDirOf(dir, log)
  const peaks = tree.end(chain.nextSeq, newest).nodes.map((node) => node.hash)
  const cut = end.tornEnd === null ? null : { path: newest, from: end.offset, end: end.tornEnd }
  return { chain, offset: end.offset, cut, peaks, open: [...answers.byMark.values()] }
}

const noCheckpoints: CheckpointLogEnd = { last: null, lastAt: 0, end: 0, tornEnd: null }

/** The last checkpoint that was recorded; the one that is shown must be it, or an older one if a crash came between. */
function checkCheckpoints(logDir: string, key: VerifierKey): CheckpointLogEnd {
  const recorded = readCheckpointLogEnd(logDir, key)
  const path = join(logDir, 'checkpoint')
  if (!existsSync(path)) return recorded
  const refuse = (why: string): Error => corrupt([{ path, offset: 0, why }])
  let shown
  try {
    shown = openState(readFileSync(path), key)
  } catch (cause) {
    throw refuse(messageOf(cause))
  }
  if (recorded.last === null || !follows(recorded.last, shown))
    throw refuse(
      `it is of ${shown.size} records, but ${recorded.last?.size ?? 0} were the last that checkpoints.log tells of: the ledger was set back`,
    )
  return recorded
}

/** A newest file whose very header was cut off holds nothing. */
function withoutUnbegun(
  files: readonly WalName[],
  onFault: (fault: LogFault) => void,
): { readonly files: readonly WalName[]; readonly unbegun: Cut | null } {
  const newest = files.at(-1)
  if (newest === undefined) return { files, unbegun: null }
  using file = new WalFile(newest.path, walHeaderBytes)
  if (file.header() !== null) return { files, unbegun: null }
  const tail = judgeTail(file, 0)
  if (tail.kind === 'corrupt' || (tail.kind === 'torn' && tail.end > walHeaderBytes))
    onFault({ path: newest.path, offset: 0, why: 'no sound file header' })
  const end = tail.kind === 'torn' ? tail.end : 0
  return { files: files.slice(0, -1), unbegun: { path: newest.path, from: 0, end } }
}

const fullyCheckedMin = 2

/** Index of the first file that is read in full. */
function firstToCheck(files: readonly WalName[], from: number): number {
  const marked = files.findLastIndex((file) => file.firstSeq <= from)
  return Math.max(0, Math.min(marked, files.length - fullyCheckedMin))
}

const olderAtOnce = { recordsMax: 4096, bytesMax: 4 * 1024 * 1024 }

/** The `opened` records before the files that are read in full: those that the mark names, or, without one, all that there are. */
function passOlder(
  {
    dir,
    log,
    mark,
    end,
  }: { readonly dir: string; readonly log: LedgerLog; readonly mark: OpenMark | null; readonly end: number },
  answers: OpenAnswers,
): void {
  const entries = new LogEntries(dir, log, () => end)
  if (mark !== null)
    for (const seq of mark.open)
      for (const entry of entries.read(seq, { recordsMax: 1, bytesMax: 0 })) answers.pass(entry)
  for (let seq = mark === null ? 0 : end; seq < end;) {
    const read = entries.read(seq, olderAtOnce)
    if (read.length === 0) return // what is missing there is a fault of the tree, and found by its scrub
    for (const entry of read) answers.pass(entry)
    seq += read.length
  }
}

const faultsShownMax = 20

function corrupt(faults: readonly LogFault[]): GatehouseError {
  const places = faults.slice(0, faultsShownMax).map(({ path, offset, why }) => `${path} at offset ${offset}: ${why}`)
  const more = faults.length > faultsShownMax ? `; and ${faults.length - faultsShownMax} faults more` : ''
  return new GatehouseError('ledger_corrupt', `Cannot trust the ledger file ${places.join('; ')}${more}`)
}

/** Keeps what is about to be cut. */
function keep(
  { path, from, end }: Cut,
  { dir, log }: { readonly dir: string; readonly log: LedgerLog },
): RecoveryNotice {
  using file = new WalFile(path)
  const bytes = Buffer.from(file.view(from, end - from))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const folder = recoveryDirOf(dir, log)
  makeFolder(folder)
  // Named by content: a crash during recovery repeats it and ends with the same file.
  const keptAt = join(folder, `${basename(path, '.wal')}-${from}-${sha256.slice(0, 16)}.torn`)
  writeSmallFile(keptAt, bytes)
  return { log, path, offset: from, bytes: bytes.length, sha256, keptAt }
}

function removeDurably(path: string): void {
  rmSync(path)
  syncDir(dirname(path))
}

const copyBytes = 1024 * 1024

/**
 * Copies what survived into a new file. What was just read may be in the page cache only, after a failed write, and would
 * not be written again by any sync of the old file.
 */
function rewrite(path: string, end: number): void {
  using from = new WalFile(path, copyBytes, new WindowMemory())
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
