import type { Documents } from '../../core/mod.ts'
import { groupOf, type Incident, type IncidentState } from './incident.ts'

/** Incidents that may still change, in memory: all that are not resolved, and those that were until lately. */
export interface ActiveIncidents {
  /** The number that was given last. */
  readonly lastNumber: number
  all(): readonly Incident[]
  byId(id: string): Incident | null
  ofGroup(group: string): readonly Incident[]
  put(incident: Incident): void
  /** Forgets what was resolved before this time; it stays in the store. */
  forgetBefore(ms: number): void
  /** The stalest beyond the bound, resolved ones first: they have to go. */
  overflow(): readonly Incident[]
  forget(id: string): void
  counts(): Readonly<Record<IncidentState, number>>
}

/** Incidents in memory. */
export const activeMax = 2_000
const pageMax = 1_000

interface Loading {
  readonly collection: string
  /** How long a resolved one is remembered. */
  readonly rememberMs: number
  readonly nowMs: number
}

/** Reads all that are kept, once. */
export async function loadActive(
  documents: Documents,
  { collection, rememberMs, nowMs }: Loading,
): Promise<ActiveIncidents> {
  const active = createActive()
  let before = Infinity
  for (;;) {
    const range = { max: pageMax, newestFirst: true, ...(before === Infinity ? {} : { to: before }) }
    const page = await documents.list(collection, range)
    for (const { value } of page) {
      // Our own, out of a sealed store.
      const incident = value as Incident
      if (incident.state !== 'resolved' || (incident.resolvedAtMs ?? 0) > nowMs - rememberMs) active.put(incident)
      else active.sawNumber(incident.number)
    }
    const last = page.at(-1)
    if (page.length < pageMax || last === undefined) return active
    before = last.position
  }
}

function createActive(): ActiveIncidents & { sawNumber(number: number): void } {
  const held = new Map<string, Incident>()
  const groups = new Map<string, Set<string>>()
  let lastNumber = 0
  const forget = (id: string): void => {
    const incident = held.get(id)
    if (incident === undefined) return
    held.delete(id)
    const group = groupOf(incident.actor)
    groups.get(group)?.delete(id)
    if (groups.get(group)?.size === 0) groups.delete(group)
  }
  return {
    get lastNumber() {
      return lastNumber
    },
    sawNumber: (number) => {
      lastNumber = Math.max(lastNumber, number)
    },
    all: () => [...held.values()],
    byId: (id) => held.get(id) ?? null,
    ofGroup: (group) => [...(groups.get(group) ?? [])].flatMap((id) => held.get(id) ?? []),
    put: (incident) => {
      forget(incident.id)
      lastNumber = Math.max(lastNumber, incident.number)
      held.set(incident.id, incident)
      const group = groupOf(incident.actor)
      const others = groups.get(group) ?? new Set()
      groups.set(group, others.add(incident.id))
    },
    forgetBefore: (ms) => {
      for (const { id, resolvedAtMs } of held.values()) if (resolvedAtMs !== null && resolvedAtMs < ms) forget(id)
    },
    overflow: () => {
      if (held.size <= activeMax) return []
      const stalest = [...held.values()].toSorted(
        (a, b) => Number(b.state === 'resolved') - Number(a.state === 'resolved') || a.lastSeenMs - b.lastSeenMs,
      )
      return stalest.slice(0, held.size - activeMax)
    },
    forget,
    counts: () => {
      const counts = { open: 0, acknowledged: 0, snoozed: 0, resolved: 0 }
      for (const { state } of held.values()) counts[state]++
      return counts
    },
  }
}
