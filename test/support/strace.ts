/** System calls of a program on one folder: told by strace, or made to fail by it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

/** What may fail: everything that changes a folder, or opens a file in it. */
const changing = [
  'openat',
  'mkdir',
  'write',
  'pwrite64',
  'pwritev',
  'ftruncate',
  'fallocate',
  'fsync',
  'fdatasync',
  'rename',
  'link',
  'unlink',
] as const

/** One system call of one thread. */
export interface CallPoint {
  /** Name of the thread. */
  readonly thread: string
  readonly call: string
  /** As strace needs it to find the call again. */
  readonly path: string
  /** The how-manieth call of this name on this path in this thread, from 1. */
  readonly count: number
  /** Whether the call may be refused for want of room. */
  readonly takesRoom: boolean
}

/** True when strace may be used here; says so, or fails with CI=true, when not. */
export function hasStrace(t: TestContext): boolean {
  const works = spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', 'trace=pwrite64', 'true']).status === 0
  if (works) return true
  assert.notEqual(process.env['CI'], 'true', 'strace must work when CI is true')
  t.diagnostic('not run: strace is missing or may not trace')
  return false
}

/** Runs a program (what follows it) and writes its calls to a file. */
export function straceAll(out: string): readonly string[] {
  return ['strace', '-f', '--seccomp-bpf', '-qq', '-Y', '-y', '-s', '0', '-o', out, '-e', `trace=${changing.join(',')}`]
}

/** Every call of a trace on something below the folder, in order. Paths of random names are left out: nobody finds them again. */
export function callPoints(trace: string, folder: string): CallPoint[] {
  const counts = new Map<string, number>()
  const points: CallPoint[] = []
  for (const line of trace.split('\n')) {
    const match = /^\d+<([^>]*)> (\w+)\((.*)/.exec(line)
    if (match === null) continue
    const [, thread = '', call = '', rest = ''] = match
    const path = pathIn(rest, folder)
    if (path === null || isRandomName(path)) continue
    const key = `${thread} ${call} ${path}`
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    points.push({ thread, call, path, count, takesRoom: takesRoom(call, rest) })
  }
  return points
}

/** The first path of the arguments: the descriptor's, or one that is named. */
function pathIn(args: string, folder: string): string | null {
  const path = /^(?:\d+<|AT_FDCWD<[^>]*>, "|")([^">]*)/.exec(args)?.[1] ?? ''
  return path === folder || path.startsWith(`${folder}/`) ? path : null
}

function isRandomName(path: string): boolean {
  return path.endsWith('.tmp')
}

function takesRoom(call: string, args: string): boolean {
  return /write|mkdir|rename|link|fallocate|sync/.test(call) || (call === 'openat' && args.includes('O_CREAT'))
}

/** What is to happen in place of a call. */
export type Injection = 'EIO' | 'ENOSPC' | 'nothing written' | 'SIGKILL'

/** What may be done to a call. A short write cannot be played by strace but for the shortest: 0 bytes, without an error. */
export function injectionsFor(point: CallPoint): readonly Injection[] {
  return [
    'EIO',
    'SIGKILL',
    ...(point.takesRoom ? (['ENOSPC'] as const) : []),
    ...(/write/.test(point.call) ? (['nothing written'] as const) : []),
  ]
}

const effects: Readonly<Record<Injection, string>> = {
  EIO: 'error=EIO',
  ENOSPC: 'error=ENOSPC',
  'nothing written': 'retval=0',
  SIGKILL: 'signal=SIGKILL', // on entry: the call does not happen
}

/** Runs a program (what follows) with one call of it replaced. */
export function straceWith(point: CallPoint, injection: Injection, out: string): readonly string[] {
  const inject = `inject=${point.call}:${effects[injection]}:when=${point.count}`
  // A signal is not delivered to calls that seccomp stops.
  const fast = injection === 'SIGKILL' ? [] : ['--seccomp-bpf']
  return ['strace', '-f', ...fast, '-qq', '-o', out, '-P', point.path, '-e', `trace=${point.call}`, '-e', inject]
}

/** Whether the trace of such a run shows that the call was reached. */
export function wasInjected(trace: string): boolean {
  return trace.includes('(INJECTED)') || trace.includes('killed by SIGKILL')
}
