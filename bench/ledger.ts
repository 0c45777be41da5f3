/**
 * Suite `ledger`: what it costs until a record is durable, sealed and signed, beside what nobody can do without (the write, the
 * cryptography), SQLite with the same promise, and a verifier that is not ours. All in one process, rounds in turn; CPU time is
 * told by thread.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLedgerFiles } from '../src/gate/ledger/mod.ts'
import { parseBundle, parseRecord, tileWidth } from '../src/tlog/mod.ts'
import { barOf, type BenchBar, type BenchOptions, type BenchResult, type BenchRow, median, rounded } from './harness.ts'
import { type BareFile, type BareResult, openBareFile } from './ledger/bare-writes.ts'
import { type LoadCost, type LoadedLedger, openLoaded } from './ledger/load.ts'
import { measurePrimitives, type PrimitiveCost, type PrimitiveSizes } from './ledger/primitives.ts'
import { SqliteLog, type SqliteResult } from './ledger/sqlite-log.ts'
import { measureWhole, type WholeLog, type WholeRound, wholeRecords, writeWholeLog } from './ledger/whole-log.ts'
import { buildGo } from '../test/strangers/go-build.ts'

/** One width in one round, with what stands beside it. */
interface Round {
  readonly ours: LoadCost
  readonly fdatasync: BareResult
  readonly dsync: BareResult
  readonly sqlite: SqliteResult
  readonly primitives: PrimitiveCost
}

/** All rounds, by requests in flight. */
type Rounds = ReadonlyMap<number, readonly Round[]>

interface Pace {
  /** Records of a round, by requests in flight: as many as make what happens once a second count for little. */
  readonly records: ReadonlyMap<number, number>
  readonly rounds: number
  readonly besideMs: number
}

const alone = 1
const busy = 256
const wholePace: Pace = {
  records: new Map([
    [alone, 2000],
    [64, 40_000],
    [busy, 60_000],
    [1024, 60_000],
  ]),
  rounds: 7,
  besideMs: 200,
}
const quickPace: Pace = {
  records: new Map([
    [alone, 1000],
    [busy, 40_000],
  ]),
  rounds: 5,
  besideMs: 100,
}
/** Until everything is compiled. */
const warmRecords = 80_000
const primitiveRounds = 30_000

/** Takes about two minutes, less than one when quick. */
export async function run({ quick, say }: BenchOptions): Promise<BenchResult> {
  const pace = quick ? quickPace : wholePace
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const clear = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clear) // an interrupted run unwinds nothing
  try {
    const rounds = await measureLoads(folder, { pace, say })
    const { log, wholes } = await measureWholes(folder, { rounds: pace.rounds, say })
    return {
      rows: [...rowsOf(rounds), ...primitiveRows(rounds), ...wholeRows(log, wholes)],
      bars: [...loadBars(rounds), ...wholeBars(log, wholes)],
    }
  } finally {
    clear()
    process.off('exit', clear)
  }
}

interface Task {
  readonly say: (line: string) => void
}

async function measureLoads(folder: string, { pace, say }: Task & { readonly pace: Pace }): Promise<Rounds> {
  const dataDir = join(folder, 'loaded')
  mkdirSync(dataDir)
  await using loaded = await openLoaded(dataDir)
  using beside = openBeside(folder)
  say('warming up')
  await loaded.load({ inflight: busy, records: warmRecords })
  const sizes = sizesIn(dataDir)
  const rounds = new Map([...pace.records.keys()].map((inflight): [number, Round[]] => [inflight, []]))
  for (let round = 0; round < pace.rounds; round++) {
    say(`round ${round + 1} of ${pace.rounds}`)
    for (const [inflight, measured] of rounds)
      measured.push(await measureRound({ loaded, beside, sizes, pace }, inflight))
  }
  return rounds
}

interface Beside extends Disposable {
  readonly fdatasync: BareFile
  readonly dsync: BareFile
  readonly sqlite: SqliteLog
}

function openBeside(folder: string): Beside {
  using stack = new DisposableStack()
  const fdatasync = stack.use(openBareFile(folder, 'write + fdatasync'))
  const dsync = stack.use(openBareFile(folder, 'write, O_DSYNC'))
  const sqlite = stack.use(new SqliteLog(folder))
  const opened = stack.move()
  return { fdatasync, dsync, sqlite, [Symbol.dispose]: () => opened.dispose() }
}

interface Bench {
  readonly loaded: LoadedLedger
  readonly beside: Beside
  readonly sizes: PrimitiveSizes
  readonly pace: Pace
}

async function measureRound({ loaded, beside, sizes, pace }: Bench, inflight: number): Promise<Round> {
  const ours = await loaded.load({ inflight, records: pace.records.get(inflight) ?? 0 })
  const batchBytes = Math.round(ours.bytesPerRecord * ours.recordsPerCommit)
  return {
    ours,
    fdatasync: beside.fdatasync.measure(batchBytes, pace.besideMs),
    dsync: beside.dsync.measure(batchBytes, pace.besideMs),
    sqlite: beside.sqlite.measure(new Uint8Array(sizes.recordBytes).fill(0x5a), { inflight, ms: pace.besideMs }),
    primitives: measurePrimitives(sizes, primitiveRounds),
  }
}

/** How long the first record of the log is, and its ciphertext: all others are as long. */
function sizesIn(dataDir: string): PrimitiveSizes {
  const bundle = openLedgerFiles(join(dataDir, 'ledger')).read('access', 'tile/entries/000')
  const record = bundle === null ? undefined : parseBundle(bundle, tileWidth)[1]
  const sealed = record === undefined ? null : parseRecord(record).sealed
  if (record === undefined || sealed === null) throw new Error('The log has no sealed record')
  return { recordBytes: record.length, cipherBytes: sealed.ciphertext.length }
}

async function measureWholes(
  folder: string,
  { rounds, say }: Task & { readonly rounds: number },
): Promise<{ readonly log: WholeLog; readonly wholes: readonly WholeRound[] }> {
  say(`a log of ${wholeRecords} records`)
  const program = buildGo(folder)
  if (program === null) say('Go is left out: apt-get install golang-1.19-go golang-golang-x-mod-dev')
  const log = await writeWholeLog(folder)
  const wholes: WholeRound[] = []
  for (let round = 0; round < rounds; round++) {
    say(`recovery, verification and proofs, round ${round + 1} of ${rounds}`)
    wholes.push(await measureWhole(log, program))
  }
  return { log, wholes }
}

function rowsOf(rounds: Rounds): readonly BenchRow[] {
  return [...rounds].flatMap(([inflight, measured]): readonly BenchRow[] => {
    const of = (figure: (round: Round) => number): number => rounded(median(measured.map(figure)) ?? 0)
    const ms = (figure: (round: Round) => number): number => of((round) => figure(round) / 1000)
    const bare = (product: string, result: (round: Round) => BareResult): BenchRow => ({
      product,
      inflight,
      perSecond: null,
      p50Ms: ms((round) => result(round).p50Us),
      p99Ms: ms((round) => result(round).p99Us),
      processUs: of((round) => result(round).cpuUs / round.ours.recordsPerCommit),
    })
    return [
      {
        product: 'gatehouse, sealed and signed',
        inflight,
        perSecond: Math.round(of(({ ours }) => ours.perSecond)),
        p50Ms: ms(({ ours }) => ours.p50Us),
        p99Ms: ms(({ ours }) => ours.p99Us),
        processUs: of(({ ours }) => ours.processUs),
        gatewayUs: of(({ ours }) => ours.gatewayUs),
        ledgerUs: of(({ ours }) => ours.ledgerUs),
        keeperUs: of(({ ours }) => ours.keeperUs),
        recordsPerCommit: of(({ ours }) => ours.recordsPerCommit),
        bytesPerRecord: of(({ ours }) => ours.bytesPerRecord),
      },
      bare('write + fdatasync of the same batches', (round) => round.fdatasync),
      bare('write with O_DSYNC of the same batches', (round) => round.dsync),
      {
        product: 'SQLite, WAL, synchronous=FULL, one commit for all',
        inflight,
        perSecond: Math.round(of(({ sqlite }) => (sqlite.records / sqlite.wallUs) * 1e6)),
        p50Ms: ms(({ sqlite }) => sqlite.p50Us),
        p99Ms: ms(({ sqlite }) => sqlite.p99Us),
        processUs: of(({ sqlite }) => sqlite.cpuUs / sqlite.records),
      },
    ]
  })
}

function primitiveRows(rounds: Rounds): readonly BenchRow[] {
  const measured = [...rounds.values()].flat().map(({ primitives }) => primitives)
  const row = (product: string, ns: (cost: PrimitiveCost) => number): BenchRow => ({
    product,
    processUs: rounded((median(measured.map(ns)) ?? 0) / 1000),
  })
  return [
    row('AES-256-CTR, kept object', (cost) => cost.ctrNs),
    row('HMAC-SHA-256 by two hashes', (cost) => cost.macNs),
    row('commitment', (cost) => cost.commitNs),
    row('name of the key', (cost) => cost.keyIdNs),
    row('leaf hash', (cost) => cost.leafNs),
    row('cryptography of one record, all of it', (cost) => cost.allNs),
  ]
}

function wholeRows(log: WholeLog, wholes: readonly WholeRound[]): readonly BenchRow[] {
  const ms = (product: string, figure: (round: WholeRound) => number | null): BenchRow => {
    const found = medianOf(wholes, figure)
    return { product, ms: found === null ? null : rounded(found) }
  }
  const perSecond = (figure: (round: WholeRound) => number | null): number | null => {
    const found = medianOf(wholes, figure)
    return found === null ? null : Math.round((wholeRecords / found) * 1000)
  }
  return [
    { ...ms('verifyLog of the whole log, CPU', ({ oursMs }) => oursMs), perSecond: perSecond(({ oursMs }) => oursMs) },
    { ...ms('the Go verifier, same log, CPU', ({ goMs }) => goMs), perSecond: perSecond(({ goMs }) => goMs) },
    ms('proof of a record at random, p50', ({ proofP50Ms }) => proofP50Ms),
    ms('proof of a record at random, p99', ({ proofP99Ms }) => proofP99Ms),
    ms(`opening a ledger of ${wholeRecords} records`, ({ recoveryMs }) => recoveryMs),
    { product: 'bundles', bytesPerRecord: rounded(log.bundleBytes / wholeRecords) },
    { product: 'tiles', bytesPerRecord: rounded(log.tileBytes / wholeRecords) },
  ]
}

function loadBars(rounds: Rounds): readonly BenchBar[] {
  const of = (inflight: number, figure: (round: Round) => number): number | null =>
    medianOf(rounds.get(inflight) ?? [], figure)
  return [
    barOf({
      name: 'one request alone, p50 above write + fdatasync',
      value: of(alone, ({ ours, fdatasync }) => (ours.p50Us - fdatasync.p50Us) / 1000),
      unit: 'ms',
      goal: 0.3,
      better: 'lower',
    }),
    barOf({
      name: 'CPU of the ledger thread per sealed record, 256 in flight',
      value: of(busy, ({ ours }) => ours.ledgerUs),
      unit: 'µs',
      goal: 4,
      better: 'lower',
      note: 'a write and its sync cost the same for one record and for hundreds; the hash of each record does not',
    }),
    barOf({
      name: 'CPU of the process per sealed record, 256 in flight, to the cryptography alone',
      value: of(busy, ({ ours, primitives }) => (ours.processUs * 1000) / primitives.allNs),
      unit: '×',
      goal: 2.5,
      better: 'lower',
      note: 'not in the cryptography: the encoding, two copies on the disk, and the tree, hashed again from there before it is signed',
    }),
  ]
}

function wholeBars(log: WholeLog, wholes: readonly WholeRound[]): readonly BenchBar[] {
  return [
    barOf({
      name: 'records verified per second of CPU, to the Go verifier',
      value: medianOf(wholes, ({ oursMs, goMs }) => (goMs === null ? null : goMs / oursMs)),
      unit: '×',
      goal: 0.4,
      better: 'higher',
    }),
    barOf({
      name: 'proof of a record at random, p50',
      value: medianOf(wholes, ({ proofP50Ms }) => proofP50Ms),
      unit: 'ms',
      goal: 5,
      better: 'lower',
    }),
    barOf({
      name: `opening a ledger of ${wholeRecords} records`,
      value: medianOf(wholes, ({ recoveryMs }) => recoveryMs / 1000),
      unit: 's',
      goal: 2,
      better: 'lower',
    }),
    barOf({
      name: 'tiles',
      value: log.tileBytes / wholeRecords,
      unit: 'bytes per record',
      goal: 33,
      better: 'lower',
    }),
  ]
}

/** Null where one round has none. */
function medianOf<T>(rounds: readonly T[], figure: (round: T) => number | null): number | null {
  const figures = rounds.map(figure)
  return figures.includes(null) ? null : median(figures.filter((one) => one !== null))
}
