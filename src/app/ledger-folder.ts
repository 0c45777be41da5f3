import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { GatehouseError, hasCode, type LedgerLog, ledgerLogs, messageOf } from '../core/mod.ts'
import { openLedgerFiles, openLedgerReader } from '../gate/ledger/mod.ts'

/** One log as it lies in a folder, whether a gate writes it or not. Believes nothing: it is read to be verified. */
export interface LogFolder {
  readonly log: LedgerLog
  /** For messages. */
  readonly path: string
  /** A file of the log, null when there is none; unfinished tiles are none, for they follow from what is below them. */
  readonly read: (path: string) => Uint8Array | null
  /** The same, and the unfinished tiles, made now: what a served log has. */
  readonly published: (path: string) => Uint8Array | null
  /** Signed checkpoints of all times, in order, at most about so many, evenly chosen; throws with the place of any damage. */
  history(max: number): Iterable<Uint8Array>
  /** Records behind the signed ones, each checked against its checksum; 0 where there are no write-ahead files. */
  countUnsigned(signed: number): number
}

/** A log is one by any of these: one whose checkpoint was taken away is still a log, and a tampered one. */
const logParts = ['checkpoint', 'tile', 'checkpoints.log']

/**
 * The logs in a data folder, in its `ledger` folder, or in the folder of one log. Throws `invalid_argument` where there is none. A
 * folder of another name than `access` and `audit` is taken as an exported access log, of which all files are there.
 */
export function openLogFolders(folder: string): readonly LogFolder[] {
  if (logParts.some((part) => existsSync(join(folder, part)))) return [openLog(folder)]
  for (const dir of [join(folder, 'ledger'), folder]) {
    const logs = ledgerLogs.map((log) => join(dir, log)).filter((path) => existsSync(path))
    if (logs.length > 0) return logs.map(openLog)
  }
  throw new GatehouseError(
    'invalid_argument',
    `There is no log in '${folder}': name a data folder, or the folder of a log with its checkpoint`,
  )
}

function openLog(path: string): LogFolder {
  const own = ledgerLogs.find((log) => log === basename(path))
  const log = own ?? 'access'
  const dir = dirname(path)
  const files = own === undefined ? null : openLedgerFiles(dir)
  const historyPath = join(path, 'checkpoints.log')
  // A gate may go on signing while this is read. What it had kept by now is in the checkpoint that is read later, or is the
  // one that was about to be shown then; what it keeps afterwards says nothing about that checkpoint.
  const historyBytes = statSync(historyPath, { throwIfNoEntry: false })?.size ?? 0
  let shown: Buffer | null = null
  const published = (file: string): Uint8Array | null => {
    const bytes = readIn(path, file) ?? files?.read(log, file) ?? null
    if (file === 'checkpoint') shown ??= Buffer.from(bytes ?? [])
    return bytes
  }
  return {
    log,
    path,
    read: (file) => (unfinishedTile.test(file) ? readIn(path, file) : published(file)),
    published,
    history: (max) =>
      existsSync(historyPath)
        ? checkpointsIn(historyPath, { max, end: historyBytes, published: shown ?? publishedIn(path) })
        : [],
    countUnsigned: (signed) => (existsSync(join(path, 'wal')) ? countUnsigned(dir, log, signed) : 0),
  }
}

const unfinishedTile = /^tile\/\d+\/.*\.p\/\d+$/

/** The paths are those of tlog-tiles, which lead nowhere else. */
function readIn(folder: string, file: string): Uint8Array | null {
  try {
    return readFileSync(join(folder, file))
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null
    throw new GatehouseError('ledger_unreadable', `Cannot read ${join(folder, file)}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** The checkpoint that anybody can see, as bytes. */
function publishedIn(folder: string): Buffer {
  return Buffer.from(readIn(folder, 'checkpoint') ?? [])
}

const batchBounds = { bytesMax: 4 * 1024 * 1024, recordsMax: 10_000 }

function countUnsigned(dir: string, log: LedgerLog, signed: number): number {
  using reader = openLedgerReader(dir)
  let next = signed
  for (;;) {
    const last = reader.read(next, { ...batchBounds, log }).at(-1)
    if (last === undefined) return next - signed
    next = last.seq + 1
  }
}

interface HistoryChoice {
  readonly max: number
  /** Bytes of the file that count. */
  readonly end: number
  readonly published: Buffer
}

/** Of `u32be length | note | u32be crc32` each: every n-th, and the last. */
function* checkpointsIn(path: string, { max, end, published }: HistoryChoice): Generator<Uint8Array> {
  let count = 0
  for (const _ of entriesIn(path, end)) count++
  const step = Math.max(1, Math.ceil(count / max))
  let at = 0
  let before: Buffer | null = null
  for (const note of entriesIn(path, end)) {
    const isLast = ++at >= count
    // A checkpoint is kept before it is shown: the one behind the shown one may be about to be.
    const isUnshown = isLast && before?.equals(published) === true && !note.equals(published)
    if (!isUnshown && (isLast || at % step === 0)) yield note
    if (isLast) return
    before = note
  }
}

const noteBytesMax = 1024 * 1024
const readBytes = 256 * 1024

/** All notes. An entry that the end of the file cuts off is one that is being written, or that the next start cuts away. */
function* entriesIn(path: string, bytes: number): Generator<Buffer> {
  const fd = openSync(path, 'r')
  try {
    const end = Math.min(bytes, fstatSync(fd).size)
    let window: Buffer = Buffer.alloc(0)
    let windowAt = 0
    const view = (at: number, length: number): Buffer => {
      if (at + length > windowAt + window.length) {
        window = Buffer.alloc(Math.min(Math.max(length, readBytes), end - at))
        window = window.subarray(0, readSync(fd, window, 0, window.length, at))
        windowAt = at
      }
      return window.subarray(at - windowAt, at - windowAt + length)
    }
    for (let at = 0, number = 0; at + 4 <= end; number++) {
      const length = view(at, 4).readUInt32BE(0)
      const place = `Entry ${number} at byte ${at}`
      if (length === 0 || length > noteBytesMax) throw new Error(`${place} has a length of ${length}`)
      if (at + 8 + length > end) return
      const entry = view(at, 8 + length)
      const note = Buffer.from(entry.subarray(4, 4 + length))
      if (crc32(note) !== entry.readUInt32BE(4 + length)) throw new Error(`${place} does not match its checksum`)
      yield note
      at += 8 + length
    }
  } finally {
    closeSync(fd)
  }
}
