import { unwatchFile, watchFile } from 'node:fs'
import { type Config, configFor, loadConfig, type LoadedConfig } from '../config/mod.ts'
import type { RunOptions } from './run-options.ts'

const defaultFile = 'gatehouse.yaml'
const defaultDataDir = './gatehouse-data'

/** The configuration that these options mean: a file, or `--upstream` alone; with the options' own values over it. */
export function readConfig(options: RunOptions, env: NodeJS.ProcessEnv): LoadedConfig {
  const read = options.upstream !== undefined && options.config === undefined ? configFor({ upstream: options.upstream }) : loadConfig({ path: options.config ?? defaultFile, env })
  return read.ok ? { ...read, config: overridden(read.config, options) } : read
}

/** The data folder that a running Gatehouse with this configuration file uses; the default where there is no file. */
export function configuredDataDir(file: string | null): string {
  const read = loadConfig({ path: file ?? defaultFile, env: process.env })
  return read.ok ? read.config.gate.dataDir : defaultDataDir
}

function overridden(config: Config, options: RunOptions): Config {
  return {
    ...config,
    gate: {
      ...config.gate,
      dataDir: options.data ?? config.gate.dataDir,
      threads: options.threads ?? config.gate.threads,
      listeners: options.listen === undefined ? config.gate.listeners : [address(options.listen)],
    },
    admin: options.admin === undefined ? config.admin : { ...config.admin, ...address(options.admin) },
  }
}

function address(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(at, 0)).replaceAll(/[[\]]/g, '')
  return { host: host === '' ? '127.0.0.1' : host, port: Number(text.slice(at + 1)) }
}

/** Calls back when the file was saved. Looks twice a second at time and size, which also sees editors that replace the file. */
export function watchConfig(path: string, onSave: () => void): Disposable {
  const look = (now: { mtimeMs: number; size: number; ino: number }, before: { mtimeMs: number; size: number; ino: number }): void => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) onSave()
  }
  watchFile(path, { interval: 500 }, look)
  return { [Symbol.dispose]: () => unwatchFile(path, look) }
}
