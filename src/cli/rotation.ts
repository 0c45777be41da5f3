import type { CreatedKey, Items, ShownCredential } from './answers.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

// What the admin API of the same version answers.

interface RotatedKey extends CreatedKey {
  readonly predecessor: ShownCredential
}

interface ExpiringKey {
  readonly key: ShownCredential
  readonly consumer: string | null
  readonly why: 'ends' | 'ages'
  readonly dueAtMs: number
  readonly usesOfDay: number | null
  readonly successor: {
    readonly id: string
    readonly lastUsedAtMs: number | null
    readonly usesOfDay: number | null
  } | null
}

/** `keys rotate`: the successor goes to standard output, once; everything said about it to standard error. */
export async function rotateKey(
  { client, terminal, json }: Shown,
  { id, overlapMs, expiresInMs }: { id: string; overlapMs: number | null; expiresInMs: number | null },
): Promise<void> {
  const body = {
    ...(overlapMs === null ? {} : { overlapMs }),
    ...(expiresInMs === null ? {} : { expiresInMs }),
  }
  const rotated = (await client.post(`/v1/keys/${encodeURIComponent(id)}/rotate`, body)) as RotatedKey
  if (json) return terminal.out(`${JSON.stringify(rotated)}\n`)
  terminal.out(`${rotated.key}\n`)
  const { predecessor } = rotated
  const ends =
    predecessor.expiresAtMs !== null && predecessor.expiresAtMs > Date.now()
      ? `${id} works until ${date(predecessor.expiresAtMs)}; who still uses it: gatehouse keys expiring`
      : `${id} does not work any more.`
  terminal.err(`The successor of ${id}, shown this once and not kept. ${ends}\n`)
  if (!rotated.applied) terminal.err('The gate is not connected: it works as soon as it is.\n')
}

/** `keys expiring`: which keys end or get too old, and who still uses them. */
export async function expiringKeys({ client, terminal, json }: Shown, withinMs: number): Promise<void> {
  const { items } = (await client.get(`/v1/keys/expiring?withinMs=${withinMs}`)) as Items<ExpiringKey>
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0) return terminal.err('No key ends or gets too old in that time.\n')
  const nowMs = Date.now()
  const paint = painter(terminal)
  const rows = items.map(({ key, consumer, why, dueAtMs, usesOfDay, successor }) => [
    key.id,
    printable(consumer ?? key.consumerId),
    span(nowMs - key.createdAtMs),
    dueText(why, dueAtMs - nowMs),
    ago(key.lastUsedAtMs, nowMs),
    count(usesOfDay),
    successor === null
      ? paint('dim', `→ gatehouse keys rotate ${key.id} --overlap 24h`)
      : `${successor.id}, last used ${ago(successor.lastUsedAtMs, nowMs)}, ${count(successor.usesOfDay)} in 24 h`,
  ])
  terminal.out(table([['KEY', 'CONSUMER', 'AGE', 'DUE', 'LAST USE', 'IN 24 H', 'SUCCESSOR'], ...rows]))
}

function dueText(why: ExpiringKey['why'], inMs: number): string {
  if (why === 'ends') return `ends in ${span(inMs)}`
  return inMs <= 0 ? `too old by ${span(-inMs)}` : `too old in ${span(inMs)}`
}

function count(uses: number | null): string {
  return uses === null ? '?' : `${uses} ×`
}

function ago(ms: number | null, nowMs: number): string {
  return ms === null ? 'never' : `${span(nowMs - ms)} ago`
}

/** `358 d`, `6 h`, `2 min` */
function span(ms: number): string {
  if (ms >= 2 * 86_400_000) return `${Math.round(ms / 86_400_000)} d`
  return ms >= 2 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.max(0, Math.round(ms / 60_000))} min`
}

function date(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
