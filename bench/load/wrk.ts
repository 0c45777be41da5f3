/** The load: wrk, one thread, a fixed number of connections that each send their next request when the last is answered. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pinnedCommand } from '../children.ts'

export interface LoadOptions {
  readonly url: string
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
}

/** What one run of the load saw. */
export interface LoadFigures {
  readonly requests: number
  readonly durationUs: number
  readonly p50Us: number
  readonly p99Us: number
  /** Connections that could not be opened, broke, or were too slow. */
  readonly broken: number
  /** Answers with a status of 400 and above. */
  readonly refused: number
}

const run = promisify(execFile)

/** Runs it once. Throws when wrk fails or takes much longer than it was told. */
export async function runWrk({ url, headers, connections, seconds }: LoadOptions): Promise<LoadFigures> {
  const script = new URL('report.lua', import.meta.url).pathname
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const command = [
    'wrk',
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    '--timeout',
    '5s',
    '-s',
    script,
    ...fields,
    url,
  ]
  const [program, ...args] = pinnedCommand('load', command)
  const { stdout } = await run(program ?? '', args, { timeout: (seconds + 15) * 1000, encoding: 'utf8' })
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  // Written by report.lua, in this very shape.
  return JSON.parse(line) as LoadFigures
}
