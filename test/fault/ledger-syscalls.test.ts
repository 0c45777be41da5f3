/**
 * Every system call with which the ledger changes its folder, refused or the last one ever: nothing acknowledged is lost,
 * nothing signed is contradicted, and the next start goes on.
 *
 * Runs pairs of a call and a fault in an order that the seed gives, one of each kind first, for as long as its time lasts:
 * another order with `GATEHOUSE_SEED`, and all of them (`npm run soak`) with `GATEHOUSE_SOAK=1`.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { judgeRestart } from '../support/ledger-judge.ts'
import type { LedgerScript } from '../support/ledger-script.ts'
import { Chance } from '../support/power-cut.ts'
import { assertNone, forEachOf, runScript } from '../support/script-run.ts'
import {
  type CallPoint,
  callPoints,
  hasStrace,
  type Injection,
  injectionsFor,
  straceAll,
  straceWith,
  wasInjected,
} from '../support/strace.ts'

const seed = Number(process.env['GATEHOUSE_SEED'] ?? 1)
const isSoak = process.env['GATEHOUSE_SOAK'] === '1'
const atOnce = 3
/** On the slowest machine. */
const faultsMin = 8
const soakMs = 7_200_000

interface Case {
  readonly point: CallPoint
  readonly injection: Injection
}

/** All cases: first one of each kind of thread, call and file, then the others as chance has it. */
function inOrder(points: readonly CallPoint[]): readonly Case[] {
  const all = points.flatMap((point) => injectionsFor(point).map((injection) => ({ point, injection })))
  const chance = new Chance(seed)
  const shuffled = all.map((one) => ({ one, at: chance.below(2 ** 30) })).sort((a, b) => a.at - b.at)
  const kinds = new Set<string>()
  const [firsts, others]: [Case[], Case[]] = [[], []]
  for (const { one } of shuffled) {
    const { call, path, thread } = one.point
    const kind = `${thread} ${call} ${path.replaceAll(/\d+/g, 'N')}`
    if (kinds.has(kind)) others.push(one)
    else firsts.push(one)
    kinds.add(kind)
  }
  return [...firsts, ...others]
}

interface Scene {
  readonly script: Omit<LedgerScript, 'dataDir'>
  /** Makes the folder as the script finds it; what is in it was acknowledged. */
  prepare(dataDir: string): Promise<readonly string[]>
  /** Nothing begins later. */
  readonly budgetMs: number
}

async function play(t: TestContext, scene: Scene): Promise<void> {
  if (!hasStrace(t)) return
  const parent = mkdtempSync(join(tmpdir(), 'gatehouse-calls-'))
  try {
    const prepared = join(parent, 'prepared')
    const before = await scene.prepare(prepared)
    const fresh = (name: string): string => {
      const dataDir = join(parent, name)
      // With the modes of folders, which `cpSync` leaves out.
      if (existsSync(prepared)) assert.equal(spawnSync('cp', ['-a', prepared, dataDir]).status, 0)
      return dataDir
    }

    const tracePath = join(parent, 'trace')
    const whole = await runScript({ ...scene.script, dataDir: fresh('whole') }, { wrapper: straceAll(tracePath) })
    assert.equal(whole.ended, 0, whole.err)
    const root = join(parent, 'whole')
    const points = callPoints(readFileSync(tracePath, 'utf8'), root)
    await judgeRestart(root, { acks: [...before, ...whole.acks], published: [] })

    const cases = inOrder(points)
    const endMs = performance.now() + scene.budgetMs
    const counts = { injected: 0, notReached: 0, cut: 0, died: 0 }
    const failures = await forEachOf([...cases.entries()], atOnce, {
      nameOf: ([, { point, injection }]) =>
        `${injection} at ${point.thread}'s ${point.call} ${point.count} of ${point.path.slice(root.length)}`,
      deed: async ([index, { point, injection }]) => {
        if (performance.now() > endMs) return
        const dataDir = fresh(`run-${index}`)
        const trace = join(parent, `trace-${index}`)
        const moved = { ...point, path: dataDir + point.path.slice(root.length) }
        const run = await runScript({ ...scene.script, dataDir }, { wrapper: straceWith(moved, injection, trace) })
        if (wasInjected(readFileSync(trace, 'utf8'))) counts.injected++
        else counts.notReached++
        if (run.ended !== 0) counts.died++
        const { notices } = await judgeRestart(dataDir, { acks: [...before, ...run.acks], published: [] })
        counts.cut += notices.length
        rmSync(dataDir, { recursive: true, force: true })
      },
    })
    t.diagnostic(
      `${points.length} calls, ${cases.length} faults possible; ${counts.injected} met, ${counts.notReached} not reached; ` +
        `${counts.died} ended the process, ${counts.cut} torn ends were cut`,
    )
    assertNone(failures)
    assert.ok(counts.injected >= faultsMin, `only ${counts.injected} faults were met`)
    assert.ok(counts.injected > counts.notReached, 'most faults are met')
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

test(
  'a fault in any system call of a new ledger loses nothing acknowledged and contradicts nothing signed',
  { timeout: isSoak ? soakMs + 600_000 : 115_000 },
  async (t) => {
    await play(t, {
      script: { name: 1, rounds: 2, accessRecords: 160, auditRecords: 130, checkpointMs: 100, end: 'close' },
      prepare: () => Promise.resolve([]),
      budgetMs: isSoak ? soakMs : 50_000,
    })
  },
)

test(
  'a fault in any system call of a start after a crash loses nothing acknowledged and contradicts nothing signed',
  { timeout: isSoak ? soakMs + 600_000 : 115_000 },
  async (t) => {
    await play(t, {
      script: { name: 2, rounds: 1, accessRecords: 130, auditRecords: 5, checkpointMs: 100, end: 'close' },
      prepare: async (dataDir) => {
        const run = await runScript({
          dataDir,
          name: 1,
          rounds: 1,
          accessRecords: 160,
          auditRecords: 5,
          checkpointMs: 100,
          end: 'leave',
        })
        assert.equal(run.ended, 'SIGKILL', run.err)
        tearEnds(join(dataDir, 'ledger', 'access'))
        return run.acks
      },
      budgetMs: isSoak ? soakMs : 35_000,
    })
  },
)

/** Leaves half a write at the end of the write-ahead log and of what was signed. */
function tearEnds(logDir: string): void {
  const wal = readdirSync(join(logDir, 'wal')).toSorted().at(-1) ?? ''
  const path = join(logDir, 'wal', wal)
  const bytes = readFileSync(path)
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1
  truncateSync(path, end)
  appendFileSync(path, bytes.subarray(64, 64 + 100)) // the beginning of a batch, not of this place
  const signed = join(logDir, 'checkpoints.log')
  appendFileSync(signed, readFileSync(signed).subarray(0, 50))
}
