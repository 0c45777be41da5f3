import { existsSync, unwatchFile, watchFile } from 'node:fs'
import {
  type Address,
  type Config,
  configFor,
  isLoopback,
  loadConfig,
  type LoadedConfig,
  parseAddress,
} from '../config/mod.ts'
import { GatehouseError } from '../core/mod.ts'
import type { ProcessLog } from './process-log.ts'
import type { RunOptions } from './run-options.ts'

const defaultFile = 'gatehouse.yaml'
const defaultDataDir = './gatehouse-data'

/** The configuration that these options mean: a file, or `--upstream` alone; with the options' own values over it. */
export function readConfig(options: RunOptions, env: NodeJS.ProcessEnv): LoadedConfig {
  const read =
    options.upstream !== undefined && options.config === undefined
      ? configFor({ upstream: options.upstream, env })
      : loadConfig({ path: options.config ?? defaultFile, env })
  return read.ok ? { ...read, config: overridden(read.config, options) } : read
}

/** Set by the launcher for its processes: what the first start read, as JSON, without the APIs. */
export const startedWithVariable = 'GATEHOUSE_STARTED_WITH'

/**
 * The configuration of a starting process. One that is started *again* while the file has errors goes on by what the first
 * start read, and by the rules that are stored: a typo on disk must not end what runs.
 */
export function configAtStart(
  options: RunOptions,
  log: ProcessLog,
): Config & { readonly path: string | null; readonly isStale: boolean } {
  const read = readConfig(options, process.env)
  if (read.ok) return { ...read.config, path: read.path, isStale: false }
  const kept = process.env[startedWithVariable]
  if (kept === undefined) throw new GatehouseError('config_invalid', read.text)
  log.error(`The configuration has errors; this restart goes on by the rules from before\n${read.text}`)
  // Written by our own launcher from a Config.
  return { ...(JSON.parse(kept) as Config), path: options.config ?? defaultFile, isStale: true }
}

/** What `configAtStart` needs of a configuration. */
export function startedWith(config: Config): string {
  return JSON.stringify({ ...config, policy: { ...config.policy, apis: [] } })
}

/** The data folder that a running Gatehouse with this configuration file uses; the default where there is no file. */
export function configuredDataDir(file: string | null): string {
  const path = file ?? defaultFile
  if (file === null && !existsSync(path)) return defaultDataDir
  const read = loadConfig({ path, env: process.env })
  if (read.ok) return read.config.gate.dataDir
  throw new GatehouseError(
    'config_invalid',
    `${read.text}Cannot tell the data folder from ${path}: mend it, or name the folder with --data\n`,
  )
}

function overridden(config: Config, options: RunOptions): Config {
  return {
    ...config,
    gate: {
      ...config.gate,
      dataDir: options.data ?? config.gate.dataDir,
      threads: options.threads ?? config.gate.threads,
      listeners: options.listen === undefined ? config.gate.listeners : [addressOf('listen', options.listen)],
    },
    admin: options.admin === undefined ? config.admin : adminAt(config.admin, options.admin),
  }
}

/** As in the file, the admin API stays on loopback unless it has TLS. */
function adminAt(admin: Config['admin'], text: string): Config['admin'] {
  const { host, port } = addressOf('admin', text)
  if (isLoopback(host) || admin.tls !== null) return { ...admin, host, port }
  throw new GatehouseError(
    'invalid_argument',
    `Cannot open the admin API on '${text}' without TLS: name certificate and key below admin.tls in the configuration`,
  )
}

/** An address of the command line; as in the file, a bad one is refused. */
export function addressOf(option: string, text: string): Address {
  const parsed = parseAddress(text)
  if (parsed !== null) return parsed
  throw new GatehouseError(
    'invalid_argument',
    `Cannot listen on '${text}': --${option} takes an address and a port, such as 127.0.0.1:8080`,
  )
}

/** Calls back when the file was saved. Looks twice a second at time and size, which also sees editors that replace the file. */
export function watchConfig(path: string, onSave: () => void): Disposable {
  const look = (
    now: { mtimeMs: number; size: number; ino: number },
    before: { mtimeMs: number; size: number; ino: number },
  ): void => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) onSave()
  }
  watchFile(path, { interval: 500 }, look)
  return { [Symbol.dispose]: () => unwatchFile(path, look) }
}
