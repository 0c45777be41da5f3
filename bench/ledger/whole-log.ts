/** A log of one whole write-ahead file: how fast it is recovered, verified and proved from, and what it takes on the disk. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sha256, verifyEd25519 } from '../../src/crypto/mod.ts'
import { type LedgerFiles, openLedgerFiles } from '../../src/gate/ledger/mod.ts'
import { parseVerifierKey, tilePath, tileWidth, verifyLog } from '../../src/tlog/mod.ts'
import { median } from '../harness.ts'
import { goVerifyMs } from './go-verifier.ts'
import { openFor, openLoaded } from './load.ts'

/** Records of a full write-ahead file. */
export const wholeRecords = 65_536

const proofs = 200

/** What one round found. */
export interface WholeRound {
  readonly recoveryMs: number
  /** CPU time, as the next. */
  readonly oursMs: number
  /** Null where Go is not installed. */
  readonly goMs: number | null
  readonly proofP50Ms: number
  readonly proofP99Ms: number
}

/** A log that is closed and signed. */
export interface WholeLog {
  readonly dataDir: string
  /** The same log with all that is served of it as files, as a stranger has it. */
  readonly copyDir: string
  readonly vkey: string
  readonly tileBytes: number
  readonly bundleBytes: number
}

/** Writes the log under a folder. */
export async function writeWholeLog(folder: string): Promise<WholeLog> {
  const dataDir = join(folder, 'whole')
  {
    await using loaded = await openLoaded(dataDir)
    await loaded.load({ inflight: 256, records: wholeRecords })
  }
  const logDir = join(dataDir, 'ledger', 'access')
  const copyDir = join(folder, 'copy')
  copyPublished(openLedgerFiles(dirname(logDir)), copyDir)
  const bundleBytes = bytesUnder(join(logDir, 'tile', 'entries'))
  return {
    dataDir,
    copyDir,
    vkey: readFileSync(join(logDir, 'vkey'), 'utf8').trim(),
    tileBytes: bytesUnder(join(logDir, 'tile')) - bundleBytes,
    bundleBytes,
  }
}

/** Recovers, verifies and proves once. */
export async function measureWhole(log: WholeLog, goProgram: string | null): Promise<WholeRound> {
  const startMs = performance.now()
  const ledger = await openFor(log.dataDir)
  const recoveryMs = performance.now() - startMs
  await ledger.close()
  const [proofP50Ms, proofP99Ms] = await proofMs(log)
  return {
    recoveryMs,
    oursMs: await verifyMs(log),
    goMs: goProgram === null ? null : goVerifyMs(goProgram, log.copyDir, log.vkey),
    proofP50Ms,
    proofP99Ms,
  }
}

async function verifyMs({ copyDir, vkey }: WholeLog): Promise<number> {
  const key = parseVerifierKey(sha256, vkey)
  const cpu = process.cpuUsage()
  const report = await verifyLog({
    read: (path) => Promise.resolve(readOrNull(join(copyDir, path))),
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
  })
  if (!report.ok || report.size !== wholeRecords) throw new Error(`The log is ${report.verdict}`)
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / 1000
}

/** Of records drawn at random, each from files that are opened for it. */
async function proofMs({ dataDir }: WholeLog): Promise<readonly [number, number]> {
  const files = openLedgerFiles(join(dataDir, 'ledger'))
  const times: number[] = []
  for (let i = 0; i < proofs; i++) {
    const startMs = performance.now()
    const proof = await files.proofOf('access', Math.floor(Math.random() * wholeRecords))
    if (proof === null) throw new Error('A record has no proof')
    times.push(performance.now() - startMs)
  }
  const sorted = times.toSorted((a, b) => a - b)
  return [median(sorted) ?? 0, sorted[Math.floor(proofs * 0.99)] ?? 0]
}

/** All tiles and bundles of the log are full, but for the highest level. */
function copyPublished(files: LedgerFiles, target: string): void {
  const paths = ['checkpoint']
  for (let level = 0, width = wholeRecords; width >= 1; level++, width = Math.floor(width / tileWidth))
    paths.push(...pathsOf(level, width))
  paths.push(...pathsOf('entries', wholeRecords))
  for (const path of paths) {
    const bytes = files.read('access', path)
    if (bytes === null) throw new Error(`The log has no ${path}`)
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), bytes)
  }
}

/** Paths of a row that is so many hashes, or entries, wide. */
function pathsOf(level: number | 'entries', hashes: number): readonly string[] {
  return Array.from({ length: Math.ceil(hashes / tileWidth) }, (_, index) =>
    tilePath({ level, index, width: Math.min(tileWidth, hashes - index * tileWidth) }),
  )
}

function readOrNull(path: string): Uint8Array | null {
  try {
    return readFileSync(path)
  } catch {
    return null // a verifier asks for what need not be there
  }
}

function bytesUnder(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
