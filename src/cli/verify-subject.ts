import { readFileSync } from 'node:fs'
import { openLogFolders } from '../app/mod.ts'
import { GatehouseError, type LedgerLog, ledgerLogs, messageOf } from '../core/mod.ts'
import type { ReadFile } from '../tlog/mod.ts'
import { readFrom } from '../verify.ts'

/** One log that is to be verified, wherever it is. */
export interface Subject {
  readonly log: LedgerLog
  /** For people. */
  readonly where: string
  readonly read: ReadFile
  /** The same with the unfinished tiles of all levels, for a copy that others verify. */
  readonly published: ReadFile
  /** Checkpoints that the log itself has kept; none where they are not served. */
  history(max: number): Iterable<Uint8Array>
  /** Null where that is not to be known. */
  countUnsigned(signed: number): number | null
  readonly partialTiles: 'served' | 'derived'
}

export interface SubjectOptions {
  readonly log: LedgerLog | 'all'
  /** Of an admin API; sent to this machine only. */
  readonly token: string | null
}

/** The logs at a folder or a URL. Throws `invalid_argument` and `unreachable`. */
export async function subjectsAt(place: string, { log, token }: SubjectOptions): Promise<readonly Subject[]> {
  const all = /^https?:\/\//.test(place) ? await atUrl(place, token) : await inFolder(place)
  const wanted = all.filter((subject) => log === 'all' || subject.log === log)
  if (wanted.length === 0) throw new GatehouseError('invalid_argument', `There is no ${log} log at '${place}'`)
  return wanted
}

async function inFolder(folder: string): Promise<readonly Subject[]> {
  const logs = await openLogFolders(folder)
  return logs.map((one) => ({
    ...one,
    where: one.path,
    read: async (path) => one.read(path),
    published: async (path) => one.published(path),
    partialTiles: 'derived',
  }))
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** An admin API with its two logs, or, where the URL has a path, one log that is served there. */
async function atUrl(place: string, token: string | null): Promise<readonly Subject[]> {
  const url = new URL(place)
  const isAdmin = url.pathname === '/' || url.pathname === ''
  const own = ledgerLogs.find((log) => url.pathname.replace(/\/$/, '').endsWith(`/${log}`))
  const logs = isAdmin ? ledgerLogs : [own ?? 'access']
  const mayHaveToken = token !== null && loopback.has(url.hostname)
  return await Promise.all(
    logs.map(async (log) => {
      const where = isAdmin ? new URL(`/ledger/${log}`, url).href : url.href
      const read = readFrom(where, mayHaveToken ? { token } : {})
      await assertServed(read, where)
      return {
        log,
        where,
        read,
        published: read,
        history: () => [],
        countUnsigned: () => null,
        partialTiles: 'served' as const,
      }
    }),
  )
}

/** What cannot be reached is no fault of a log. */
async function assertServed(read: ReadFile, where: string): Promise<void> {
  try {
    await read('checkpoint', 1)
  } catch (cause) {
    throw new GatehouseError('unreachable', `Cannot reach the log at ${where}: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(error: unknown): string {
  const hint = messageOf(error).includes(' 401') ? '; its token is read from GATEHOUSE_TOKEN' : ''
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : ''
  return `${messageOf(error)}${cause}${hint}`
}

/** Keys as they were given: each a vkey, or a file with one in each line. */
export function readVkeys(given: readonly string[]): readonly string[] {
  return given.flatMap((one) => (one.split('+').length >= 3 ? [one] : linesOf(one)))
}

function linesOf(path: string): readonly string[] {
  const lines = readGiven(path, 'vkey').toString('utf8').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

/** A file that was named on the command line. */
export function readGiven(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot read the file of --${option}: ${messageOf(cause)}`, { cause })
  }
}
