/**
 * A power cut at any moment of a ledger's life leaves some of what was not synced yet, page by page and name by name
 * (`power-cut.ts`): nothing acknowledged is lost, nothing signed is contradicted, and the next start goes on.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { judgeRestart } from '../support/ledger-judge.ts'
import type { LedgerScript } from '../support/ledger-script.ts'
import { Chance, cutAt, readTrace, type TracedOp } from '../support/power-cut.ts'
import { assertNone, forEachOf, runScript, type ScriptRun } from '../support/script-run.ts'

const seed = Number(process.env['GATEHOUSE_SEED'] ?? 1)
const isSoak = process.env['GATEHOUSE_SOAK'] === '1'
/** On the slowest machine. */
const cutsMin = 8
/** Beginning no more than these. */
const cutsMax = isSoak ? 5000 : 120
const budgetMs = isSoak ? 1_800_000 : 60_000
const atOnce = 4
const preload = fileURLToPath(new URL('../support/disk-trace.ts', import.meta.url))
/** Written by functions that the trace does not see; it holds nothing but zeros, and nobody reads it. */
const ballast = join('ledger', 'ballast')

test(
  'a power cut at any moment loses nothing acknowledged and contradicts nothing signed',
  { timeout: budgetMs + (isSoak ? 600_000 : 55_000) },
  async (t) => {
    const parent = mkdtempSync(join(tmpdir(), 'gatehouse-power-'))
    try {
      const { ops, root } = await record(parent)
      const last = ops.at(-1)?.op.end ?? 0
      assertComplete(ops, { root, last, parent })

      const endMs = performance.now() + budgetMs
      const chance = new Chance(seed)
      let cuts = 0
      let torn = 0
      const deeds = ops.filter(({ op }) => op.kind !== 'mark')
      const moments = Array.from({ length: cutsMax }, (_, index) => ({ index, ticket: momentIn(deeds, chance) }))
      const failures = await forEachOf(moments, atOnce, {
        nameOf: ({ index, ticket }) => `cut ${index} of seed ${seed}, at ${ticket} of ${last}`,
        deed: async ({ index, ticket }) => {
          if (performance.now() > endMs) return
          cuts++
          const dataDir = join(parent, `cut-${index}`)
          const disk = cutAt(ops, root, ticket)
          disk.survive(new Chance(seed * 1_000_003 + index), dataDir)
          const { notices } = await judgeRestart(dataDir, { acks: disk.marks, published: disk.published })
          torn += notices.length
          rmSync(dataDir, { recursive: true, force: true })
        },
      })
      t.diagnostic(`${ops.length} changes and syncs; ${cuts} power cuts, after which ${torn} torn ends were cut`)
      assertNone(failures)
      assert.ok(cuts >= cutsMin, `only ${cuts} cuts in ${budgetMs} ms`)
    } finally {
      rmSync(parent, { recursive: true, force: true })
    }
  },
)

/** In the midst of some change or sync, or just after it. */
function momentIn(deeds: readonly TracedOp[], chance: Chance): number {
  const { start, end } = chance.oneOf(deeds).op
  return start + 1 + chance.below(end - start + 1)
}

/** Two lives of one ledger, with all that they did to its disk: the first is killed, the second recovers what that left. */
async function record(parent: string): Promise<{ readonly ops: readonly TracedOp[]; readonly root: string }> {
  const root = join(parent, 'data')
  mkdirSync(root, { mode: 0o700 })
  const killed = await live(root, join(parent, 'trace-1'), { name: 1, rounds: 3, end: 'leave' })
  assert.equal(killed.ended, 'SIGKILL', killed.err)
  const closed = await live(root, join(parent, 'trace-2'), { name: 2, rounds: 1, end: 'close' })
  assert.equal(closed.ended, 0, closed.err)
  return { ops: readTrace([join(parent, 'trace-1'), join(parent, 'trace-2')]), root }
}

async function live(
  root: string,
  out: string,
  script: Pick<LedgerScript, 'name' | 'rounds' | 'end'>,
): Promise<ScriptRun> {
  mkdirSync(out)
  return await runScript(
    { ...script, dataDir: root, accessRecords: 190, auditRecords: 90, checkpointMs: 100 },
    { nodeArgs: ['--import', preload], env: { DISK_TRACE: JSON.stringify({ root, out }) } },
  )
}

/** A replay of all of it gives the folder as it is: no change was missed. */
function assertComplete(
  ops: readonly TracedOp[],
  { root, last, parent }: { readonly root: string; readonly last: number; readonly parent: string },
): void {
  const replayed = join(parent, 'replayed')
  cutAt(ops, root, last + 1).write(replayed)
  assert.deepEqual(namesIn(replayed), namesIn(root))
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path === join(root, ballast)) continue
    const twin = join(replayed, path.slice(root.length))
    assert.ok(readFileSync(path).equals(readFileSync(twin)), `the trace of ${path.slice(root.length)} is not complete`)
  }
}

function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== ballast)
    .toSorted()
}
