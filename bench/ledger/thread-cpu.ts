/** CPU time of each thread of this process, by name. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** CPU time so far in microseconds, by the name that the thread was given; threads of the same name are added up. */
export type ThreadCpu = ReadonlyMap<string, number>

/** Exact to the nanosecond, where `/proc/self/stat` counts in steps of 10 ms. */
export function threadCpu(): ThreadCpu {
  const byName = new Map<string, number>()
  for (const id of readdirSync('/proc/self/task')) {
    const found = readThread(id)
    if (found !== null) byName.set(found.name, (byName.get(found.name) ?? 0) + found.cpuUs)
  }
  return byName
}

/** What a thread used between two looks; 0 for one that there is not. */
export function usedBy(name: string, before: ThreadCpu, after: ThreadCpu): number {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0)
}

/** What all threads used between two looks, those of the engine that collect garbage and compile included. */
export function usedByAll(before: ThreadCpu, after: ThreadCpu): number {
  return [...after.keys()].reduce((sum, name) => sum + usedBy(name, before, after), 0)
}

function readThread(id: string): { readonly name: string; readonly cpuUs: number } | null {
  try {
    const name = readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()
    const [ranNs = '0'] = readFileSync(`/proc/self/task/${id}/schedstat`, 'latin1').split(' ')
    return { name, cpuUs: Number(ranNs) / 1000 }
  } catch {
    return null // ended meanwhile
  }
}
