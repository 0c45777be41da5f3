import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AdminClient, openAdminClient } from '../../src/cli/admin-client.ts'

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))
const startMs = 60_000

/** The whole program as its user runs it, in a folder of its own. */
export interface Program extends AsyncDisposable {
  readonly dir: string
  readonly dataDir: string
  readonly port: number
  readonly url: string
  readonly adminUrl: string
  readonly adminToken: string
  readonly client: AdminClient
  readonly child: ChildProcess
  /** Everything it printed so far. */
  output(): string
  /** The process id of `gate` or `desk` as it is now. */
  pidOf(name: 'gate' | 'desk'): number
  /** Runs one verb against it. */
  verb(...args: string[]): Promise<VerbRun>
  stop(): Promise<number>
}

export interface ProgramOptions {
  /** Contents of gatehouse.yaml; `PORT` and `ADMIN` are replaced by free ports. */
  readonly config: string
  readonly dir?: string
}

/** Starts `gatehouse up` and waits for its banner. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'gatehouse-'))
  const [port, adminPort] = [await freePort(), await freePort()]
  const config = join(dir, 'gatehouse.yaml')
  writeFileSync(config, options.config.replaceAll('ADMIN', String(adminPort)).replaceAll('PORT', String(port)))
  const dataDir = join(dir, 'data')
  const child = spawn(process.execPath, [bin, 'up', '--config', config, '--data', dataDir], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  await waitFor(
    () => output.includes('Ctrl-C stops it'),
    startMs,
    () => `Gatehouse did not start:\n${output}`,
  )
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? -1)))
  const stop = async (): Promise<number> => {
    if (child.exitCode === null) child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 40_000)
    return await ended.finally(() => clearTimeout(timer))
  }
  return {
    dir,
    dataDir,
    port,
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    adminToken: /gtha_\w+/.exec(output)?.[0] ?? '',
    client: openAdminClient({ dataDir, url: null, token: null }),
    child,
    output: () => output,
    pidOf: (name) => childPid(child.pid ?? 0, name),
    verb: (...args) => runVerb(dir, [...args, '--data', dataDir]),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
    },
  }
}

export interface VerbRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the program once to its end. */
export async function runVerb(cwd: string, args: readonly string[]): Promise<VerbRun> {
  return await startVerb(cwd, args).ended
}

/** A verb that goes on until something happens; killed when that takes too long. */
export function startVerb(cwd: string, args: readonly string[]): { readonly ended: Promise<VerbRun>; err(): string } {
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
  const ended = new Promise<VerbRun>((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, out, err })
    })
  })
  return { ended, err: () => err }
}

/** Resolves when the condition holds; rejects with the words when it does not within the time. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  ms: number,
  words: () => string,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(words())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

/** The descendant of `parent` whose command line has this verb. */
function childPid(parent: number, name: string): number {
  for (const pid of children(parent)) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(name)) return pid
    const below = childPid(pid, name)
    if (below !== 0) return below
  }
  return 0
}

function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter((text) => text !== '')
      .map(Number)
  } catch {
    return []
  }
}
