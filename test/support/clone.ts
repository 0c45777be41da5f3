import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from './program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const startMs = 90_000

/** `npm start` in a fresh clone, as whoever tries Gatehouse for the first time has it. */
export interface StartedClone extends AsyncDisposable {
  readonly dir: string
  output(): string
}

/**
 * Clones what is committed, and starts it. The packages are linked and not fetched again, the console is taken as it was built
 * where it was: neither is what a test of the program is about.
 */
export async function startClone(dir: string, args: readonly string[]): Promise<StartedClone> {
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, dir], { timeout: 60_000 })
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  const built = join(root, 'dashboard', 'dist')
  if (existsSync(built)) cpSync(built, join(dir, 'dashboard', 'dist'), { recursive: true })
  // A group of its own, for npm does not hand signals on.
  const child = spawn('npm', ['start', '--', ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const started: StartedClone = { dir, output: () => output, [Symbol.asyncDispose]: () => ended(child) }
  try {
    await waitFor(
      () => output.includes('Ctrl-C stops it'),
      startMs,
      () => `npm start did not come up:\n${output}`,
    )
    return started
  } catch (error) {
    await ended(child)
    throw error
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const group = -child.pid
  process.kill(group, 'SIGTERM')
  const timer = setTimeout(() => process.kill(group, 'SIGKILL'), 40_000)
  await gone
  clearTimeout(timer)
}
