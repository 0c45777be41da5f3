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
  /** Lets both end in order; called again, ends them at once. */
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
/** What the gate ends with when its ledger failed: recovery is tried even at the first start. */
const exitIoError = 74
/** Usage, configuration or a taken port, not allowed: what a process says before it has begun. */
const refusals: ReadonlySet<number> = new Set([2, 3, 4])

/**
 * The gate has a thread for each core already: more of them to collect the short-lived objects of a request cost more than
 * they save (measured: about 4 % of all CPU time with one gateway thread).
 *
 * The space of short-lived objects is bounded, in MiB for each half of it and in each thread: left alone it grows under a steady
 * load for minutes, up to 128 MiB in every thread.
 */
const runtimeFlags: Readonly<Record<ProcessPlan['name'], readonly string[]>> = {
  gate: ['--no-parallel-scavenge', '--max-semi-space-size=16'],
  desk: ['--max-semi-space-size=8'],
}

/**
 * Starts the processes and keeps them alive: restart with back-off; a gate that fails a third time within a minute ends
 * everything with exit code 6, a process that refuses its configuration or its port with its own code.
 * The gate is stopped before the desk, so that the desk sees the last records.
 */
export function launchProcesses(options: LauncherOptions): Launcher {
  return new Supervisor(options)
}

class Supervisor implements Launcher {
  readonly done: Promise<number>
  readonly #options: LauncherOptions
  readonly #watched: readonly Watched[]
  readonly #resolve: (code: number) => void
  /** The exit code of it all, once it is to end. */
  #stopping: number | null = null

  constructor(options: LauncherOptions) {
    const { promise, resolve } = Promise.withResolvers<number>()
    this.done = promise
    this.#resolve = resolve
    this.#options = options
    this.#watched = options.plans.map((plan) => ({
      plan,
      child: null,
      restart: null,
      startedMs: 0,
      backoffMs: backoffMsMin,
      crashes: [],
      everReady: false,
    }))
    for (const one of this.#watched) this.#start(one)
  }

  stop(): void {
    // Asked a second time: now.
    if (this.#stopping !== null) for (const one of this.#watched) one.child?.kill('SIGKILL')
    this.#finish(0)
  }

  reload(): void {
    // The desk reads the configuration again, the gate its certificate.
    for (const one of this.#watched) one.child?.kill('SIGHUP')
  }

  #start(one: Watched): void {
    const { entry, env, log, onReady } = this.#options
    one.restart = null
    one.startedMs = performance.now()
    const child = spawn(
      process.execPath,
      [...process.execArgv, ...runtimeFlags[one.plan.name], entry, ...one.plan.args],
      {
        env,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    )
    one.child = child
    child.on('message', (said) => {
      one.everReady = true
      onReady(one.plan.name, said)
    })
    // A process that cannot be started at all says 'error' and never 'exit'.
    const gone = (code: number | null, signal: string | null): void => {
      if (one.child !== child) return
      one.child = null
      if (this.#stopping === null) this.#ended(one, code, signal)
      else this.#stopNext()
    }
    child.on('error', (error) => {
      log.error('Cannot start process', { process: one.plan.name, error: error.message })
      if (child.pid === undefined) gone(exitIoError, null)
    })
    child.on('exit', gone)
  }

  #ended(one: Watched, code: number | null, signal: string | null): void {
    const { log } = this.#options
    // A refused configuration, a taken port, a locked folder: trying again helps nobody.
    if (!one.everReady && code !== null && code !== exitIoError) return this.#finish(code === 0 ? 1 : code)
    const now = performance.now()
    // One that could not begin again (its port is taken for the moment) has not crashed.
    const crashed = code === null || !refusals.has(code)
    if (crashed) one.crashes = [...one.crashes.filter((at) => now - at < crashWindowMs), now]
    if (one.plan.name === 'gate' && one.crashes.length >= gateCrashesMax) {
      log.error('The gate failed three times within a minute; not starting it again', { code, signal })
      return this.#finish(exitIntegrity)
    }
    if (now - one.startedMs > crashWindowMs) one.backoffMs = backoffMsMin
    const facts = { process: one.plan.name, code, signal, afterMs: one.backoffMs }
    log.warn('Process ended, starting it again', facts)
    one.restart = setTimeout(() => this.#start(one), one.backoffMs)
    one.backoffMs = Math.min(one.backoffMs * 2, backoffMsMax)
  }

  #finish(code: number): void {
    this.#stopping ??= code
    this.#stopNext()
  }

  /** Ends what still runs, the gate first. */
  #stopNext(): void {
    for (const one of this.#watched) if (one.restart !== null) clearTimeout(one.restart)
    const child = this.#watched.find((one) => one.child !== null)?.child ?? null
    if (child === null) return this.#resolve(this.#stopping ?? 0)
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.killMs)
    child.once('exit', () => clearTimeout(timer))
  }
}
