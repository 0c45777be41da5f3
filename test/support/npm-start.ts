import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, waitFor } from './program.ts'

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))
const startMs = 60_000

/** What `npm start` runs, in a folder of its own and on free ports. */
export interface Started extends AsyncDisposable {
  readonly dir: string
  readonly gateway: string
  output(): string
}

/** Starts it and waits for its banner. */
export async function npmStart(...args: string[]): Promise<Started> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-first-'))
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [bin, 'up', '--or-demo', '--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${await freePort()}`, ...args],
    { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const stop = (): Promise<void> => ended(child)
  try {
    await waitFor(
      () => output.includes('Ctrl-C stops it'),
      startMs,
      () => `no banner:\n${output}`,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    dir,
    gateway: `http://127.0.0.1:${port}`,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 40_000)
  await gone
  clearTimeout(timer)
}
