import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GatehouseError, type LedgerLog, messageOf } from '../core/mod.ts'
import { sha256, verifyEd25519 } from '../crypto/mod.ts'
import {
  type Fault,
  type LogReport,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseVerifierKey,
  tilePath,
  tileWidth,
  verifyLog,
  type VerifierKey,
} from '../tlog/mod.ts'
import { exitCodes } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'
import { verdictText } from './verify-report.ts'
import { readGiven, readVkeys, type Subject, subjectsAt } from './verify-subject.ts'

export interface VerifyOptions {
  /** A data folder, the folder of a log, or a URL. */
  readonly place: string
  readonly log: LedgerLog | 'all'
  /** File with a checkpoint that was kept; null for none. */
  readonly since: string | null
  /** Keys as text or as files with one in each line; none: the logs' own. */
  readonly vkeys: readonly string[]
  /** Folder into which everything that is read is copied, so that others can verify the same; null for none. */
  readonly save: string | null
  /** Compare every checkpoint that the log has kept, not a selection. */
  readonly wholeHistory: boolean
  readonly token: string | null
  readonly json: boolean
}

/** What was found in one log. */
export interface Verdict extends Omit<LogReport, 'root'> {
  readonly log: LedgerLog
  readonly where: string
  /** In base64, as in the checkpoint. */
  readonly root: string | null
  /** `log`: it came with the log that it vouches for. */
  readonly keyFrom: 'given' | 'log'
  readonly checkpointsCompared: number
  /** Records behind the signed ones; null where that is not to be known. */
  readonly unsigned: number | null
}

/** Checkpoints of a log's own history that are compared, evenly chosen: each costs a check of its signature. */
const historyMax = 1_000

/** `verify`: 0 intact, 6 tampered with, 7 what is there is right but a part is gone. */
export async function verify(options: VerifyOptions, terminal: Terminal): Promise<number> {
  const keys = readVkeys(options.vkeys).map(keyOf)
  const subjects = await subjectsAt(options.place, options)
  const since = options.since === null ? null : readGiven(options.since, 'since')
  const verdicts: Verdict[] = []
  for (const subject of subjects) {
    const trust = await trustFor(subject, keys)
    const kept = since !== null && originOf(since) === trust.key.name ? since : null
    verdicts.push(await verdictOn(subject, { ...trust, since: kept, options, terminal }))
  }
  if (since !== null && !verdicts.some(({ origin }) => origin === originOf(since)))
    throw new GatehouseError(
      'invalid_argument',
      `The checkpoint of --since is of ${originOf(since)}, which is none of the logs at '${options.place}'`,
    )
  terminal.out(
    options.json
      ? `${JSON.stringify({ ok: verdicts.every(({ ok }) => ok), logs: verdicts })}\n`
      : verdictText(verdicts, terminal),
  )
  if (verdicts.some(({ verdict }) => verdict === 'tampered')) return exitCodes.integrity
  return verdicts.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.partial
}

function keyOf(text: string): VerifierKey {
  try {
    return parseVerifierKey(sha256, text.trim())
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot use a key: ${messageOf(cause)}`, { cause })
  }
}

/** The first line of a checkpoint. */
function originOf(note: Uint8Array): string {
  try {
    return parseCheckpoint(parseNote(note).text).origin
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `The file of --since is no checkpoint: ${messageOf(cause)}`, { cause })
  }
}

interface Trust {
  readonly key: VerifierKey
  readonly keyFrom: Verdict['keyFrom']
}

/** Of the given keys the one whose name ends with the log's; else the key that lies with the log. */
async function trustFor({ log, read, where }: Subject, given: readonly VerifierKey[]): Promise<Trust> {
  const own = given.find(({ name }) => name.endsWith(`/${log}`)) ?? (given.length === 1 ? given[0] : undefined)
  if (own !== undefined) return { key: own, keyFrom: 'given' }
  if (given.length > 0) throw new GatehouseError('invalid_argument', `None of the keys is that of a log '…/${log}'`)
  const bytes = await read('vkey', vkeyBytesMax)
  if (bytes === null)
    throw new GatehouseError('invalid_argument', `There is no key in ${where}: name the log's key with --vkey`)
  return { key: keyOf(Buffer.from(bytes).toString('utf8')), keyFrom: 'log' }
}

const vkeyBytesMax = 4096

interface Task extends Trust {
  readonly since: Uint8Array | null
  readonly options: VerifyOptions
  readonly terminal: Terminal
}

async function verdictOn(subject: Subject, { key, keyFrom, since, options, terminal }: Task): Promise<Verdict> {
  const progress = createProgress(subject.log, terminal)
  let checkpointsCompared = 0
  const history = function* (): Generator<Uint8Array> {
    for (const note of subject.history(options.wholeHistory ? Number.POSITIVE_INFINITY : historyMax)) {
      checkpointsCompared++
      yield note
    }
  }
  const report = await verifyLog({
    read: async (path, bytesMax) => {
      progress(path)
      const bytes = await subject.read(path, bytesMax)
      if (bytes !== null && options.save !== null) saveFile(join(options.save, subject.log, path), bytes)
      return bytes
    },
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
    history: history(),
    partialTiles: subject.partialTiles,
    ...(since === null ? {} : { since }),
  })
  if (options.save !== null && report.size !== null) await saveEdge(subject, report.size, options.save)
  const tail = report.size === null ? { unsigned: null, fault: null } : countTail(subject, report.size)
  return {
    ...withFault(withoutRepetitions(report), tail.fault),
    log: subject.log,
    where: subject.where,
    root: report.root === null ? null : Buffer.from(report.root).toString('base64'),
    keyFrom,
    checkpointsCompared,
    unsigned: tail.unsigned,
  }
}

/** Records that no checkpoint covers yet are checked as well, as far as their checksums go. */
function countTail(subject: Subject, size: number): { readonly unsigned: number | null; readonly fault: Fault | null } {
  try {
    return { unsigned: subject.countUnsigned(size), fault: null }
  } catch (error) {
    const place = { from: size, to: size, file: null, offset: null }
    return { unsigned: null, fault: { kind: 'unreadable', ...place, detail: messageOf(error) } }
  }
}

/** A file that is looked at twice is reported twice. */
function withoutRepetitions(report: LogReport): LogReport {
  const faults = [...new Map(report.faults.map((fault) => [JSON.stringify(fault), fault])).values()]
  return { ...report, faults, faultsTotal: report.faultsTotal - (report.faults.length - faults.length) }
}

/** The unfinished tiles, of which a folder has only what they follow from. */
async function saveEdge({ log, published }: Subject, size: number, folder: string): Promise<void> {
  for (let level = 0, row = size; row > 0; level++, row = Math.floor(row / tileWidth)) {
    const width = row % tileWidth
    if (width === 0) continue
    const path = tilePath({ level, index: Math.floor(row / tileWidth), width })
    const bytes = await published(path, tileWidth * 32)
    if (bytes !== null) saveFile(join(folder, log, path), bytes)
  }
}

/** The paths are those of tlog-tiles, which lead nowhere else. */
function saveFile(path: string, bytes: Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot write '${path}': ${messageOf(cause)}`, { cause })
  }
}

function withFault(report: LogReport, fault: Fault | null): LogReport {
  if (fault === null) return report
  return {
    ...report,
    verdict: 'tampered',
    ok: false,
    faults: [...report.faults, fault],
    faultsTotal: report.faultsTotal + 1,
  }
}

const progressMs = 2_000

/** Says now and then how far it is, by the bundles that are read. */
function createProgress(log: LedgerLog, terminal: Terminal): (path: string) => void {
  let saidMs = performance.now()
  return (path) => {
    const nowMs = performance.now()
    if (nowMs - saidMs < progressMs || !path.startsWith('tile/entries/')) return
    saidMs = nowMs
    terminal.err(`${log}: at record ${(parseTilePath(path).index * 256).toLocaleString('en')}\n`)
  }
}
