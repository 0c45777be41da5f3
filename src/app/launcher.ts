import { type ChildProcess, spawn } from 'node:child_process'
import type { ProcessLog } from './process-log.ts'

/** One of the two processes. */
export interface ProcessPlan {
  readonly name: 'gate' | 'desk'
  /** Arguments after the program, such as `['gate', '--config', 'gatehouse.yaml']`. */
  readonly args: readonly string[]
}

export interface LauncherOptions {
  /** The entry file that understands the plans' arguments. */
  readonly entry: string
  readonly plans: readonly ProcessPlan[]
  readonly env: NodeJS.ProcessEnv
  readonly log: ProcessLog
  /** A process that has not ended so long after SIGTERM is killed. */
  readonly killMs: number
  /** Called with what each process says when it is ready, also after a restart. */
  readonly onReady: (name: ProcessPlan['name'], said: unknown) => void
}

/** Both processes, supervised. */
export interface Launcher {
  /** Resolves with the exit code when all is over: after `stop`, or when a process cannot be kept alive. */
  readonly done: Promise<number>
  stop(): void
  reload(): void
}

interface Watched {
  readonly plan: ProcessPlan
  child: ChildProcess | null
  restart: NodeJS.Timeout | null
  startedMs: number
  backoffMs: number
  /** Times of its crashes in the last minute. */
  crashes: number[]
  everReady: boolean
}

const backoffMsMin = 100
const backoffMsMax = 5_000
const crashWindowMs = 60_000
/** A gate that crashes so often within the window has a fault that a restart does not mend. */
const gateCrashesMax = 3
const exitIntegrity = 6

/**
 * Starts the processes and keeps them alive: restart with back-off; a gate that fails a third time within a minute ends
 * everything with exit code 6, a process that refuses its configuration or its port with its own code.
 * The gate is stopped before the desk, so that the desk sees the last records.
 */
export function launchProcesses(options: LauncherOptions): Launcher {
  const { promise, resolve } = Promise.withResolvers<number>()
  const watched = options.plans.map((plan): Watched => ({
    plan,
    child: null,
    restart: null,
    startedMs: 0,
    backoffMs: backoffMsMin,
    crashes: [],
    everReady: false,
  }))
  let stopping: { code: number } | null = null

  const start = (one: Watched): void => {
    one.restart = null
    one.startedMs = performance.now()
    const child = spawn(process.execPath, [...process.execArgv, options.entry, ...one.plan.args], {
      env: options.env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    one.child = child
    child.on('message', (said) => {
      one.everReady = true
      options.onReady(one.plan.name, said)
    })
    child.on('error', (error) =>
      options.log.error('Cannot start process', { process: one.plan.name, error: error.message }),
    )
    child.on('exit', (code, signal) => {
      one.child = null
      if (stopping !== null) return stopNext()
      ended(one, code, signal)
    })
  }

  const ended = (one: Watched, code: number | null, signal: string | null): void => {
    // A refused configuration, a taken port, a locked folder: trying again helps nobody.
    if (!one.everReady && code !== null && code !== 74) return finish(code === 0 ? 1 : code)
    const now = performance.now()
    one.crashes = [...one.crashes.filter((at) => now - at < crashWindowMs), now]
    if (one.plan.name === 'gate' && one.crashes.length >= gateCrashesMax) {
      options.log.error('The gate failed three times within a minute; not starting it again', { code, signal })
      return finish(exitIntegrity)
    }
    if (now - one.startedMs > crashWindowMs) one.backoffMs = backoffMsMin
    options.log.warn('Process ended, starting it again', {
      process: one.plan.name,
      code,
      signal,
      afterMs: one.backoffMs,
    })
    one.restart = setTimeout(() => start(one), one.backoffMs)
    one.backoffMs = Math.min(one.backoffMs * 2, backoffMsMax)
  }

  const finish = (code: number): void => {
    stopping ??= { code }
    stopNext()
  }

  /** Ends what still runs, the gate first. */
  const stopNext = (): void => {
    for (const one of watched) if (one.restart !== null) clearTimeout(one.restart)
    const next = watched.find((one) => one.child !== null)
    const child = next?.child
    if (child === null || child === undefined) return resolve(stopping?.code ?? 0)
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), options.killMs)
    child.once('exit', () => clearTimeout(timer))
  }

  for (const one of watched) start(one)
  return {
    done: promise,
    stop: () => finish(0),
    reload: () => {
      for (const one of watched) if (one.plan.name === 'desk') one.child?.kill('SIGHUP')
    },
  }
}
