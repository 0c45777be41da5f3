import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/mod.ts'
import { type Ledger, openLedger, openLedgerReader } from './mod.ts'
import { eventsOf, idOf, readAll, settings, sleep, temporaryDir, until } from './test/support.ts'

const writer = fileURLToPath(new URL('test/writer-process.ts', import.meta.url))

/** A writing process, and what it has said. */
interface Child extends AsyncDisposable {
  /** Of the writer itself, also below a wrapper. */
  readonly pid: () => number
  readonly lines: string[]
  readonly acks: () => number[]
  /** How it ended: exit code, or signal. */
  readonly ended: Promise<number | string>
  kill(): Promise<void>
}

function start(
  plan: { dir: string; waitMs?: number; stallMs?: number; from?: number; noteChars?: number },
  wrapper: readonly string[] = [],
): Child {
  const argument = JSON.stringify({ waitMs: 2000, stallMs: 20_000, from: 0, noteChars: 10, ...plan })
  const command = [...wrapper, process.execPath, writer, argument]
  // The test runner's own options are not the child's.
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  const lines: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  const pid = (): number => Number(lines.find((line) => line.startsWith('ready '))?.slice(6) ?? child.pid)
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? '')),
  )
  const kill = async (): Promise<void> => {
    if (isAlive(pid())) process.kill(pid(), 'SIGKILL')
    child.kill('SIGKILL')
    await ended
  }
  return {
    pid,
    lines,
    acks: () => lines.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4))),
    ended,
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

/** Neither gone nor waiting to be reaped, which a tracer that still holds one of its threads does late. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

function open(dir: string): Promise<Ledger> {
  return openLedger({ dir, threads: 1, settings, clock: systemClock, onFailed: (why) => assert.fail(why) })
}

/** Each acknowledged record is there, once. */
function judge(dir: string, acks: readonly number[]): void {
  using reader = openLedgerReader(dir)
  const found = new Map<string, number>()
  for (const { id } of eventsOf(reader)) found.set(id, (found.get(id) ?? 0) + 1)
  for (const ack of acks) assert.equal(found.get(idOf(0, ack)), 1, `record ${ack}`)
}

function hasStrace(t: TestContext): boolean {
  const works = spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', 'trace=pwrite64', 'true']).status === 0
  if (works) return true
  assert.notEqual(process.env['CI'], 'true', 'strace must work when CI is true')
  t.diagnostic('not run: strace is missing or may not trace')
  return false
}

/** Holds the n-th write of each thread up for so long: what a disk that hangs looks like. */
function strace(writes: number, delayMs: number): readonly string[] {
  return [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=pwrite64',
    '-e',
    `inject=pwrite64:delay_enter=${delayMs * 1000}:when=${writes}`,
  ]
}

test('after kill -9 every acknowledged record is there, and the ledger goes on', { timeout: 120_000 }, async (t) => {
  using folder = temporaryDir()
  const acks: number[] = []
  for (let round = 0; round < 5; round++) {
    await using child = start({ dir: folder.dir, from: round * 1_000_000 })
    await until(() => child.acks().length > 50, `records of round ${round}: ${child.lines.at(-1)}`)
    assert.ok(readAll(openLedgerReader(folder.dir)).length > 0, 'another process reads while it writes')
    await sleep(Math.random() * 200)
    await child.kill()
    acks.push(...child.acks())
  }
  judge(folder.dir, acks)
  await (await open(folder.dir)).close()
  judge(folder.dir, acks)
  t.diagnostic(`${acks.length} acknowledged`)
})

test(
  'openLedger() is refused while another process writes, and not after that one was killed',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    await using child = start({ dir: folder.dir })
    await until(() => child.lines.length > 0, 'the writer')
    await assert.rejects(
      open(folder.dir),
      (error: Error & { code?: string }) =>
        error.code === 'ledger_locked' && error.message.includes(`process ${child.pid()}`),
    )
    await child.kill()
    await (await open(folder.dir)).close()
  },
)

test(
  'a failed write poisons the ledger: waiting requests fail, main is told, nothing acknowledged is lost',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    // No file may grow beyond 3 MiB: the kernel refuses the write, as it would on a full disk.
    await using child = start({ dir: folder.dir, noteChars: 2000 }, [
      'bash',
      '-c',
      'ulimit -f 3072; exec "$@"',
      'limited',
    ])
    assert.equal(await child.ended, 74, child.lines.at(-1))
    assert.ok(child.lines.includes('failed'))
    assert.equal(child.lines.filter((line) => line.startsWith('ended ')).length, 1)
    assert.ok(child.acks().length > 500)
    await (await open(folder.dir)).close()
    judge(folder.dir, child.acks())
  },
)

test(
  'durable() resolves stalled in time while a write hangs, and the ledger goes on when it returns',
  { timeout: 60_000 },
  async (t) => {
    if (!hasStrace(t)) return
    using folder = temporaryDir()
    await using child = start({ dir: folder.dir, waitMs: 400 }, strace(30, 3000))
    await until(() => child.lines.some((line) => line.startsWith('stalled ')), 'a stall')
    const stalledAt = child.lines.length
    await until(() => child.lines.slice(stalledAt).some((line) => line.startsWith('ack ')), 'records after the stall')
    await child.kill()
    const waits = child.lines.filter((line) => line.startsWith('stalled ')).map((line) => Number(line.slice(8)))
    assert.ok(Math.min(...waits) >= 300 && Math.min(...waits) < 1500, `stalled after ${waits.join(' ')} ms`)
    assert.equal(
      child.lines.some((line) => line.startsWith('ended ')),
      false,
    )
    await (await open(folder.dir)).close()
    judge(folder.dir, child.acks())
  },
)

test('a ledger thread that hangs in a system call ends the process after stallMs', { timeout: 60_000 }, async (t) => {
  if (!hasStrace(t)) return
  using folder = temporaryDir()
  await using child = start({ dir: folder.dir, waitMs: 300, stallMs: 1500 }, strace(30, 30_000))
  await until(() => child.lines.some((line) => line.startsWith('ended ')), 'the end of its patience')
  assert.match(child.lines.find((line) => line.startsWith('ended ')) ?? '', /silent for \d+ ms/)
  await until(() => !isAlive(child.pid()), 'its end')
  await child.kill() // the tracer
  await (await open(folder.dir)).close()
  judge(folder.dir, child.acks())
})
