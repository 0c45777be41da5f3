/** Programs that a measurement starts: pinned to a core, waited for, and always ended, each by its own id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { processIdsOf } from './process-tree.ts'

/** The measured product has a core of its own; load generator and upstream share another. */
export type Core = 'product' | 'load'

export interface ChildOptions {
  /** Null where it may run on any. */
  readonly core: Core | null
  /** Standard output and error go here; its end is quoted when the program fails to start. */
  readonly logPath: string
  readonly env?: NodeJS.ProcessEnv
}

/** A running program. */
export interface Child extends AsyncDisposable {
  readonly pid: number
  readonly logPath: string
  /** Set as soon as it has ended. */
  readonly ended: string | null
}

const stopMsMax = 10_000
const readyMsMax = 20_000

/** Processes still to be ended should the bench itself be interrupted. */
const running = new Set<number>()
process.once('exit', endAll)
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

/** True when programs are pinned to cores here. */
export const pinned: boolean = availableParallelism() > 1 && programPath('taskset') !== null

/** Where a program is: on the PATH, or where Debian keeps what only root needs to start; null when it is missing. */
export function programPath(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/** The command line that keeps a program on its core, where there is more than one. */
export function pinnedCommand(core: Core, command: readonly string[]): readonly string[] {
  return pinned ? ['taskset', '-c', core === 'product' ? '0' : '1', ...command] : command
}

/** Starts a program. What must be ready says `waitForPort`. */
export function startChild(command: readonly string[], { core, logPath, env }: ChildOptions): Child {
  const log = openSync(logPath, 'a')
  const [program, ...args] = core === null ? command : pinnedCommand(core, command)
  const child = spawn(program ?? '', args, { stdio: ['ignore', log, log], env: env ?? process.env })
  closeSync(log)
  // taskset replaces itself with the program, so this id is the program's own.
  const pid = child.pid ?? 0
  if (pid > 0) running.add(pid)
  let ended: string | null = null
  child.once('error', (error) => {
    ended = error.message
    appendFileSync(logPath, `${error.message}\n`)
  })
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`
    running.delete(pid)
  })
  return {
    pid,
    logPath,
    get ended() {
      return ended
    },
    [Symbol.asyncDispose]: async () => {
      if (ended === null) await stop(child, pid)
    },
  }
}

/** Waits until something accepts connections on 127.0.0.1; throws with the end of the program's output when it does not. */
export async function waitForPort(port: number, child: Child): Promise<void> {
  const deadline = performance.now() + readyMsMax
  while (!(await accepts(port))) {
    if (child.ended !== null || performance.now() > deadline) {
      const output = readFileSync(child.logPath, 'utf8').trim().slice(-1500)
      throw new Error(`Nothing listens on port ${port} (${child.ended ?? 'still starting'}): ${output}`)
    }
    await wait(20)
  }
}

/** A port of 127.0.0.1 that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port')
  return address.port
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Asks first; what does not go in time is killed together with everything below it. */
async function stop(child: ChildProcess, pid: number): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => kill(processIdsOf(pid)), stopMsMax)
  await gone
  clearTimeout(timer)
}

function endAll(): void {
  for (const pid of running) kill(processIdsOf(pid))
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // ended between the listing and the signal
    }
  }
}
