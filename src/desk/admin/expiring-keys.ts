import type { Credential } from '../../core/mod.ts'
import { type Control, isUsable } from '../control/mod.ts'
import { groupsMax, parseFilter, type QueryEngine } from '../query/mod.ts'
import { type ShownCredential, shownCredential } from './shown.ts'

/** A key or certificate that is due, and who still uses it. */
export interface ExpiringKey {
  readonly key: ShownCredential
  /** Name of the consumer. */
  readonly consumer: string | null
  /** `ends`: then it does not work any more; `ages`: then it is older than keys should be, and works on. */
  readonly why: 'ends' | 'ages'
  /** When; in the past for one that is too old already. */
  readonly dueAtMs: number
  /** Requests of the last 24 hours that were not refused; null where requests cannot be searched. */
  readonly usesOfDay: number | null
  /** What took its place. */
  readonly successor: {
    readonly id: string
    readonly lastUsedAtMs: number | null
    readonly usesOfDay: number | null
  } | null
}

/** What is looked at. */
export interface ExpiringParts {
  readonly control: Control
  /** Without it nobody counts uses. */
  readonly query?: QueryEngine | undefined
  readonly nowMs: number
  /** Age from which a key should not be used any more. */
  readonly ageMsMax: number
}

const dayMs = 86_400_000

/**
 * Keys that work and end, or get too old, within this time, and those that are too old; the first due comes first. One whose
 * successor is there is due when it ends.
 */
export async function expiringKeys(parts: ExpiringParts, withinMs: number): Promise<readonly ExpiringKey[]> {
  const { control, nowMs } = parts
  const credentials = control.listKeys()
  const due = credentials
    .filter((credential) => isUsable(credential, nowMs))
    .map((credential) => ({ credential, ...dueOf(credential, parts.ageMsMax) }))
    .filter(({ dueAtMs }) => dueAtMs <= nowMs + withinMs)
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs)
  const uses = due.length === 0 ? null : await usesOf(parts)
  const usesFor = (id: string): number | null => (uses === null ? null : (uses.byId.get(id) ?? uses.otherwise))
  const byId = new Map(credentials.map((credential) => [credential.id, credential]))
  const names = new Map(control.listConsumers().map(({ id, name }) => [id, name]))
  return due.map(({ credential, why, dueAtMs }) => {
    const successor = credential.successorId === null ? undefined : byId.get(credential.successorId)
    return {
      key: shownCredential(credential),
      consumer: names.get(credential.consumerId) ?? null,
      why,
      dueAtMs,
      usesOfDay: usesFor(credential.id),
      successor:
        successor === undefined
          ? null
          : { id: successor.id, lastUsedAtMs: successor.lastUsedAtMs, usesOfDay: usesFor(successor.id) },
    }
  })
}

function dueOf(
  { createdAtMs, expiresAtMs, successorId }: Credential,
  ageMsMax: number,
): { readonly why: ExpiringKey['why']; readonly dueAtMs: number } {
  const endsMs = expiresAtMs ?? Infinity
  const oldMs = createdAtMs + ageMsMax
  return endsMs <= oldMs || successorId !== null ? { why: 'ends', dueAtMs: endsMs } : { why: 'ages', dueAtMs: oldMs }
}

/** By the id of the credential; `otherwise` of one that is not in it: null where not all requests were looked at. */
interface Uses {
  readonly byId: ReadonlyMap<string, number>
  readonly otherwise: 0 | null
}

async function usesOf({ query, nowMs }: ExpiringParts): Promise<Uses | null> {
  if (query === undefined) return null
  const { groups, groupsTotal, partial } = await query.aggregate({
    fromMs: nowMs - dayMs,
    toMs: nowMs + 1,
    filter: parseFilter('credential:* -outcome:refused'),
    by: ['credential'],
    measures: ['count'],
    limit: groupsMax,
  })
  return {
    byId: new Map(groups.map(({ key: [id], values }) => [String(id ?? ''), values.count ?? 0])),
    otherwise: partial || groupsTotal > groups.length ? null : 0,
  }
}
