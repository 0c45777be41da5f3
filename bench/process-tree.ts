/** What a product costs: the CPU time of its process, of all threads, and of all processes it started. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** CPU time so far, in microseconds, in steps of one clock tick (10 ms). */
export interface CpuTime {
  readonly userUs: number
  readonly systemUs: number
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly userTicks: number
  readonly systemTicks: number
}

/** `USER_HZ` is 100 in every Linux ABI that Node runs on. */
const tickUs = 10_000

/**
 * The process and everything below it, children that have already ended included: their time has moved to the parent that
 * waited for them. Throws when the process is gone.
 */
export function cpuTimeOf(root: number): CpuTime {
  const tree = treeOf(root)
  if (tree.length === 0) throw new Error(`Cannot read the CPU time of process ${root}: it has ended`)
  let userUs = 0
  let systemUs = 0
  for (const stat of tree) {
    userUs += stat.userTicks * tickUs
    systemUs += stat.systemTicks * tickUs
  }
  return { userUs, systemUs }
}

/** The ids of the process and of everything below it, the root first; empty when it is gone. */
export function processIdsOf(root: number): readonly number[] {
  return treeOf(root).map((stat) => stat.pid)
}

function treeOf(root: number): readonly Stat[] {
  const byParent = new Map<number, Stat[]>()
  let first: Stat | null = null
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null
    if (stat === null) continue
    if (stat.pid === root) first = stat
    const siblings = byParent.get(stat.parent)
    if (siblings === undefined) byParent.set(stat.parent, [stat])
    else siblings.push(stat)
  }
  const tree = first === null ? [] : [first]
  // The loop also visits what it appends: children, then their children.
  for (const stat of tree) tree.push(...(byParent.get(stat.pid) ?? []))
  return tree
}

/** proc(5): the command in parentheses may hold anything, so fields are counted from behind its last `)`. */
function readStat(pid: number): Stat | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null // ended meanwhile
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const at = (index: number): number => Number(fields[index] ?? 0)
  return { pid, parent: at(1), userTicks: at(11) + at(13), systemTicks: at(12) + at(14) }
}
