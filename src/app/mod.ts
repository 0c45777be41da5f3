/**
 * The composition root: names every part, builds each process in order and closes it in reverse.
 *
 * Architecture invariant: a process loads only its own wing. The gate never loads the desk's libraries, nor the other way.
 * @module
 */
import type { LogFolder } from './ledger-folder.ts'
import type { RunOptions } from './run-options.ts'

export { configuredDataDir, readConfig, startedWith, startedWithVariable } from './config-source.ts'
export type { LogFolder } from './ledger-folder.ts'
export { launchProcesses, type Launcher, type LauncherOptions, type ProcessPlan } from './launcher.ts'
export { type Facts, openProcessLog, type ProcessLog } from './process-log.ts'
export { outliveReaders } from './process.ts'
export type { DeskReady, GateReady, RunOptions } from './run-options.ts'

/** Runs the gate process; resolves with its exit code when it was told to stop. */
export async function runGate(options: RunOptions): Promise<number> {
  const gate = await import('./gate.ts')
  return await gate.runGate(options)
}

/** Reads logs where they lie; see `openLogFolders`. Loads the gate's ledger only when it is asked for. */
export async function openLogFolders(folder: string): Promise<readonly LogFolder[]> {
  const folders = await import('./ledger-folder.ts')
  return folders.openLogFolders(folder)
}

/** Runs the desk process; resolves with its exit code when it was told to stop. */
export async function runDesk(options: RunOptions, version: string): Promise<number> {
  const desk = await import('./desk.ts')
  return await desk.runDesk(options, version)
}
