import type { UpstreamState, UpstreamStatus } from '../../core/mod.ts'

/** From good to bad. */
const states: readonly UpstreamState[] = ['ok', 'trying', 'ejected', 'open', 'down']

/** What several threads say of the same upstreams as one; the worst state counts, and its reason. */
export function mergeStatus(threads: readonly (readonly UpstreamStatus[])[]): readonly UpstreamStatus[] {
  const merged = new Map<string, UpstreamStatus>()
  for (const status of threads.flat()) {
    const key = `${status.api} ${status.url}`
    const other = merged.get(key)
    merged.set(key, other === undefined ? status : joined(other, status))
  }
  return [...merged.values()]
}

function joined(one: UpstreamStatus, other: UpstreamStatus): UpstreamStatus {
  const worse = states.indexOf(other.state) > states.indexOf(one.state) ? other : one
  return {
    ...worse,
    panic: one.panic || other.panic,
    inflight: one.inflight + other.inflight,
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    ejections: one.ejections + other.ejections,
  }
}
