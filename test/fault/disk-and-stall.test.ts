/**
 * What a full disk and a disk that hangs look like from outside: a refusal with its reason and in time, nothing forwarded that
 * cannot be recorded, nothing lost that was answered, and service again when the disk is well.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { startCountingUpstream } from '../support/counting-upstream.ts'
import { readTerminals } from '../support/ledger-read.ts'
import { startProgram, waitFor } from '../support/program.ts'
import { sendRaw } from '../support/raw-client.ts'
import { hasStrace } from '../support/strace.ts'

const waitMs = 800
/** On top of the ledger's own wait, on a machine that is busy. */
const slackMs = 4000

const configOf = (upstream: string): string => `
version: 1
mode: enforce
listen: 127.0.0.1:PORT
threads: 1
admin: { listen: 127.0.0.1:ADMIN }
connections: { perIpMax: 5000 }
ledger: { ring: 1mb, wait: ${waitMs}ms, stall: 30s }
apis:
  things:
    upstream: ${upstream}
    routes: [{ path: '/things', methods: [GET], auth: none }]
`

/** What a client saw of one request. */
interface Seen {
  readonly name: string
  readonly startedMs: number
  readonly endedMs: number
  /** 0 where no answer came. */
  readonly status: number
  /** Of a refusal. */
  readonly code: string | null
  readonly requestId: string | null
}

/** Long enough that a few hundred of them fill a ring, and a few thousand a file. */
const padding = 'p'.repeat(3000)

async function ask(port: number, name: string): Promise<Seen> {
  const startedMs = performance.now()
  const bytes = `GET /things?${name}&${padding} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  const { status, text, requestId } = await sendRaw(port, bytes, { waitMs: 20_000 })
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? null
  return { name, startedMs, endedMs: performance.now(), status, code, requestId }
}

/** Clients that ask without a pause, until one has seen enough. */
async function askOn(port: number, clients: number, isEnough: (seen: readonly Seen[]) => boolean): Promise<Seen[]> {
  const seen: Seen[] = []
  let next = 0
  const one = async (): Promise<void> => {
    while (!isEnough(seen)) {
      const answer = await ask(port, `n${next++}`)
      seen.push(answer)
      if (answer.status === 0) await new Promise((resolve) => setTimeout(resolve, 50)) // nobody listens
    }
  }
  await Promise.all(Array.from({ length: clients }, one))
  return seen
}

/** Every answered request has its one record. */
async function assertRecorded(dataDir: string, answers: readonly Seen[]): Promise<void> {
  const terminals = await readTerminals(dataDir)
  for (const { requestId, status, name } of answers) {
    if (requestId === null) continue
    const records = terminals.get(requestId) ?? []
    // What was refused because of the ledger may have no record: that is the reason of the refusal.
    if (status === 200) assert.equal(records.length, 1, `records of ${name}, which was served`)
    else assert.ok(records.length <= 1, `records of ${name}`)
  }
}

/** A folder on a disk of its own, or null where this user may not make one. */
function mountSmallDisk(t: TestContext, megabytes: number): { readonly dir: string; unmount(): void } | null {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  const data = join(dir, 'data')
  mkdirSync(data, { mode: 0o700 })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', data])
  if (mounted.status === 0) {
    const unmount = (): void => {
      spawnSync('umount', ['-l', data])
      rmSync(dir, { recursive: true, force: true })
    }
    return { dir, unmount }
  }
  rmSync(dir, { recursive: true, force: true })
  assert.notEqual(process.env['CI'], 'true', 'a tmpfs must be mountable when CI is true')
  t.diagnostic('not run: this user may not mount a tmpfs')
  return null
}

/** Takes all the room there is. */
function fillDisk(path: string): void {
  const fd = openSync(path, 'w')
  const zeros = Buffer.alloc(64 * 1024)
  try {
    for (let bytes = zeros.length; bytes >= 1;)
      try {
        if (writeSync(fd, zeros, 0, bytes) === 0) bytes = 0
      } catch {
        bytes = bytes > 1 ? Math.ceil(bytes / 16) - 1 : 0
      }
  } finally {
    closeSync(fd)
  }
}

test(
  'a full disk: 503 with a reason of the ledger, nothing more reaches the upstream, nothing answered is lost, and it serves again',
  { timeout: 110_000 },
  async (t) => {
    const disk = mountSmallDisk(t, 48)
    if (disk === null) return
    try {
      await using upstream = await startCountingUpstream()
      const config = configOf(upstream.url)
      const seen: Seen[] = []
      {
        await using program = await startProgram({ config, dir: disk.dir })
        seen.push(await ask(program.port, 'first'))
        assert.equal(seen[0]?.status, 200)
        fillDisk(join(program.dataDir, 'filler'))
        const end = performance.now() + 15_000
        const refusals = (all: readonly Seen[]): number => all.filter(({ status }) => status === 503).length
        seen.push(...(await askOn(program.port, 16, (all) => refusals(all) > 100 || performance.now() > end)))
        rmSync(join(program.dataDir, 'filler'))
      }
      const refused = seen.filter(({ status }) => status === 503)
      assert.ok(refused.length > 0, `no 503: ${[...new Set(seen.map(({ status }) => status))].join(' ')}`)
      for (const { code } of refused) assert.match(code ?? '', /^ledger_(?:full|stalled|failed)$/)
      // Until the process is gone; a next one would begin anew, with the room that is left.
      const firstMs = Math.min(...refused.map(({ endedMs }) => endedMs))
      const gone = seen.filter(({ status, endedMs }) => status === 0 && endedMs > firstMs)
      const goneMs = Math.min(...gone.map(({ startedMs }) => startedMs))
      const later = refused.filter(({ startedMs }) => startedMs > firstMs && startedMs < goneMs)
      for (const { name, code } of later)
        assert.equal(
          upstream.reached.has(name),
          false,
          `${name} (${code}) reached the upstream and could not be recorded`,
        )
      {
        await using program = await startProgram({ config, dir: disk.dir })
        const again = await ask(program.port, 'again')
        assert.equal(again.status, 200, again.code ?? '')
        seen.push(again)
      }
      await assertRecorded(join(disk.dir, 'data'), seen)
      const codes = refused.map(({ code }) => code)
      t.diagnostic(
        `${seen.length} requests, ${later.length} after the first refusal; ${[...new Set(codes)].map((code) => `${code} ${codes.filter((one) => one === code).length}`).join(', ')}`,
      )
    } finally {
      disk.unmount()
    }
  },
)

/** The ledger thread of a gate, by the name that the system knows it under. */
function ledgerThreadOf(pid: number): number {
  for (const task of readdirSync(`/proc/${pid}/task`))
    if (readFileSync(`/proc/${pid}/task/${task}/comm`, 'latin1').trim() === 'ledger') return Number(task)
  throw new Error(`process ${pid} has no ledger thread`)
}

/** Holds each write of one thread up until it is let go. */
async function holdWritesUp(pid: number, thread: number): Promise<ChildProcess> {
  const inject = 'inject=pwrite64:delay_enter=60s'
  const child = spawn(
    'strace',
    ['-qq', '-o', '/dev/null', '-p', String(thread), '-e', 'trace=pwrite64', '-e', inject],
    {
      stdio: 'ignore',
    },
  )
  const isTraced = (): boolean => /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1'))
  await waitFor(isTraced, 10_000, () => 'strace did not attach')
  return child
}

test(
  'a disk that hangs: each request is refused in time with its reason, none without room reaches the upstream, and it serves again',
  { timeout: 110_000 },
  async (t) => {
    if (!hasStrace(t)) return
    await using upstream = await startCountingUpstream()
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-stall-'))
    try {
      const seen: Seen[] = []
      {
        await using program = await startProgram({ config: configOf(upstream.url), dir })
        assert.equal((await ask(program.port, 'first')).status, 200)
        const gate = program.pidOf('gate')
        const strace = await holdWritesUp(gate, ledgerThreadOf(gate))
        // The first of them is taken by the write that hangs.
        const during = await Promise.all(Array.from({ length: 400 }, (_, index) => ask(program.port, `d${index}`)))
        const gone = new Promise((resolve) => strace.once('exit', resolve))
        strace.kill('SIGTERM') // it lets the thread go
        await gone
        assert.equal(program.pidOf('gate'), gate, 'the same gate goes on')
        await waitFor(
          async () => (await ask(program.port, 'after')).status === 200,
          15_000,
          () => 'it does not serve again',
        )
        seen.push(...during, await ask(program.port, 'last'))
      }
      const during = seen.slice(0, -1)
      const count = (code: string): number => during.filter((one) => one.code === code).length
      t.diagnostic(`ledger_stalled ${count('ledger_stalled')}, ledger_full ${count('ledger_full')}`)
      assert.ok(count('ledger_stalled') > 0 && count('ledger_full') > 0)
      for (const { name, status, code, startedMs, endedMs } of during) {
        assert.equal(status, 503, name)
        assert.match(code ?? '', /^ledger_(?:full|stalled)$/)
        assert.ok(endedMs - startedMs < 2 * waitMs + slackMs, `${name} waited ${Math.round(endedMs - startedMs)} ms`)
        if (code === 'ledger_full')
          assert.equal(upstream.reached.has(name), false, `${name} had no room and was forwarded`)
      }
      assert.equal(seen.at(-1)?.status, 200)
      await assertRecorded(join(dir, 'data'), seen)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
)
