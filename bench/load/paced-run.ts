/** Runs `paced.ts` in a process of its own, so that the load's pauses are its own. */
import { spawn } from 'node:child_process'
import type { PacedOptions, PacedPart } from './paced.ts'

/** Resolves with the parts of the run; throws when the load ends with an error or takes much longer than it was told. */
export async function startPaced(options: PacedOptions): Promise<readonly PacedPart[]> {
  const file = new URL('paced.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  const timer = setTimeout(() => child.kill('SIGKILL'), (options.seconds + 30) * 1000)
  const code = await new Promise<number>((resolve) => child.on('close', (ended) => resolve(ended ?? 1)))
  clearTimeout(timer)
  if (code !== 0) throw new Error(`Cannot run the load: it ended with ${code}`)
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PacedPart) // written by paced.ts
}
