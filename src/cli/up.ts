import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type DeskReady,
  type GateReady,
  launchProcesses,
  openProcessLog,
  type ProcessPlan,
  readConfig,
  type RunOptions,
  startedWith,
  startedWithVariable,
  outliveReaders,
} from '../app/mod.ts'
import { openAdminClient } from './admin-client.ts'
import { banner } from './banner.ts'
import type { Demo } from './demo.ts'
import { exitCodes } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'
import { version } from './version.ts'

export interface UpOptions extends RunOptions {
  readonly demo?: boolean
  readonly orDemo?: boolean
  readonly traffic: boolean
}

/** Longer than the gate's own drain, so that only a process that hangs is killed. */
const killMs = 30_000

/** Starts both processes and stays until they end; SIGINT and SIGTERM stop them, SIGHUP reloads. */
export async function up(options: UpOptions, terminal: Terminal): Promise<number> {
  const configFile = options.config ?? 'gatehouse.yaml'
  const demo =
    options.demo === true ||
    (options.orDemo === true &&
      options.upstream === undefined &&
      options.config === undefined &&
      !existsSync(configFile))
  const started = demo ? await (await import('./demo.ts')).startDemo(options) : null
  try {
    return await run(options, started, terminal)
  } finally {
    started?.stop()
  }
}

async function run(options: UpOptions, started: Demo | null, terminal: Terminal): Promise<number> {
  const runs = withDevelopmentTls(started?.options ?? options, started !== null)
  const env = { ...process.env, ...started?.env }
  const read = readConfig(runs, env)
  if (!read.ok) {
    terminal.err(read.text)
    return exitCodes.configuration
  }
  if (read.warnings !== '') terminal.err(read.warnings)

  const log = openProcessLog('launcher', (line) => terminal.err(line))
  const args = flagsOf(runs)
  const plans: ProcessPlan[] = [
    { name: 'gate', args: ['gate', ...args] },
    { name: 'desk', args: ['desk', ...args] },
  ]
  const ready: { gate: GateReady | null; desk: DeskReady | null; shown: boolean } = {
    gate: null,
    desk: null,
    shown: false,
  }
  const entry = fileURLToPath(new URL(`./child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
  const launcher = launchProcesses({
    entry,
    plans,
    env: { ...env, [startedWithVariable]: startedWith(read.config) },
    log,
    killMs,
    onReady: (name, said) => {
      // Each process sends this one message, of its own release.
      if (name === 'gate') ready.gate = said as GateReady
      else ready.desk = said as DeskReady
      if (ready.gate === null || ready.desk === null || ready.shown) return
      ready.shown = true
      void greet(ready.gate, ready.desk)
    },
  })

  const greet = async (gate: GateReady, desk: DeskReady): Promise<void> => {
    try {
      const client = openAdminClient({ dataDir: read.config.gate.dataDir, url: null, token: null })
      const keys = started === null ? null : await started.play({ gate, client, traffic: options.traffic })
      terminal.out(banner({ version, gate, desk, keys, config: read.config, terminal, traffic: options.traffic }))
    } catch (error) {
      log.error('Cannot prepare the demo', { error: String(error) })
    }
  }

  outliveReaders()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => launcher.stop())
  process.on('SIGHUP', () => launcher.reload())
  return await launcher.done
}

/** Where nobody wrote a configuration, TLS can be tried as well: with a certificate made for it. */
function withDevelopmentTls(options: RunOptions, isDemo: boolean): RunOptions {
  const isTrial = isDemo || (options.upstream !== undefined && options.config === undefined)
  return isTrial ? { devTls: '127.0.0.1:8443', ...options } : options
}

/** The options again as arguments for the child processes. */
function flagsOf(options: RunOptions): string[] {
  const flags: string[] = []
  const flag = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) flags.push(`--${name}`, String(value))
  }
  flag('config', options.config)
  flag('data', options.data)
  flag('upstream', options.upstream)
  flag('listen', options.listen)
  flag('admin', options.admin)
  flag('threads', options.threads)
  flag('dev-tls', options.devTls)
  return flags
}
