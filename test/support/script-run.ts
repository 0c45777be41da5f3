import { spawn } from 'node:child_process'
import { type LedgerScript, ledgerScriptPath } from './ledger-script.ts'

/** How a script went. */
export interface ScriptRun {
  /** Exit code, or the signal that ended it. */
  readonly ended: number | NodeJS.Signals
  readonly lines: readonly string[]
  readonly acks: readonly string[]
  readonly err: string
}

export interface ScriptRunOptions {
  /** A program that runs it, such as strace with its options. */
  readonly wrapper?: readonly string[]
  /** For Node. */
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Far longer than any script takes: what has not ended by then hangs. */
const runMs = 60_000

/** Runs a script to its end. Rejects when it does not come. */
export async function runScript(script: LedgerScript, options: ScriptRunOptions = {}): Promise<ScriptRun> {
  const { wrapper = [], nodeArgs = [], env = {} } = options
  const [program, ...args] = [...wrapper, process.execPath, ...nodeArgs, ledgerScriptPath, JSON.stringify(script)]
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // so that what the tracer traces can be ended with it
    // One thread of libuv: its order repeats. The test runner's own options are not the child's.
    env: { PATH: process.env['PATH'] ?? '', UV_THREADPOOL_SIZE: '1', ...env },
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, runMs)
  const ended = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0))
  }).finally(() => clearTimeout(timer))
  // The last line may be cut off.
  const lines = out.split('\n').slice(0, -1)
  if (isLate) throw new Error(`the script did not end in ${runMs} ms, after: ${lines.slice(-3).join(' | ')} ${err}`)
  return { ended, lines, acks: lines.filter((line) => line.startsWith('ack ')), err }
}

/** A deed that went wrong, and where. */
export interface Failure {
  readonly of: string
  readonly error: unknown
}

const failuresMax = 5

/** Does the same with each, a few at a time; goes on after a failure, up to a few of them, and hands all out. */
export async function forEachOf<T>(
  all: readonly T[],
  atOnce: number,
  { nameOf, deed }: { readonly nameOf: (one: T) => string; readonly deed: (one: T) => Promise<void> },
): Promise<readonly Failure[]> {
  const rest = [...all]
  const failures: Failure[] = []
  const one = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      try {
        await deed(next)
      } catch (error) {
        failures.push({ of: nameOf(next), error })
        if (failures.length >= failuresMax) rest.length = 0
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return failures
}

/** Throws when there are any, with all of them. */
export function assertNone(failures: readonly Failure[]): void {
  if (failures.length === 0) return
  const lines = failures.map(
    ({ of, error }) => `after ${of}: ${error instanceof Error ? error.message : String(error)}`,
  )
  throw new Error(lines.join('\n'), { cause: failures[0]?.error })
}
