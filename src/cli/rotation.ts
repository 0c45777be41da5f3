import type { CreatedKey, Items, ShownConsumer, ShownCredential } from './answers.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

interface RotatedKey extends CreatedKey {
  readonly predecessor: ShownCredential
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
  terminal.err(
    `The successor of ${id}, shown this once. ${id} works until ${date(rotated.predecessor.expiresAtMs)}; who still uses it: gatehouse keys expiring\n`,
  )
  if (!rotated.applied) terminal.err('The gate is not connected: it works as soon as it is.\n')
}

/** `keys expiring`: which keys end, and who still uses them. */
export async function expiringKeys({ client, terminal, json }: Shown, withinMs: number): Promise<void> {
  const [answer, consumers, all] = await Promise.all([
    client.get(`/v1/keys/expiring?withinMs=${withinMs}`) as Promise<Items<ShownCredential>>,
    client.get('/v1/consumers?limit=1000') as Promise<Items<ShownConsumer>>,
    client.get('/v1/keys?limit=1000') as Promise<Items<ShownCredential>>,
  ])
  if (json) return terminal.out(`${JSON.stringify({ items: answer.items })}\n`)
  if (answer.items.length === 0) return terminal.err('No key ends in that time.\n')
  const names = new Map(consumers.items.map(({ id, name }) => [id, name]))
  const byId = new Map(all.items.map((key) => [key.id, key]))
  const nowMs = Date.now()
  const paint = painter(terminal)
  const rows = answer.items.map((key) => {
    const successor = key.successorId === null ? null : (byId.get(key.successorId) ?? null)
    const advice =
      successor === null
        ? paint('dim', `→ gatehouse keys rotate ${key.id} --overlap 24h`)
        : `${successor.id}, last used ${ago(successor.lastUsedAtMs, nowMs)}`
    return [
      key.id,
      printable(names.get(key.consumerId) ?? key.consumerId),
      span(nowMs - key.createdAtMs),
      `in ${span((key.expiresAtMs ?? nowMs) - nowMs)}`,
      ago(key.lastUsedAtMs, nowMs),
      advice,
    ]
  })
  terminal.out(table([['KEY', 'CONSUMER', 'AGE', 'ENDS', 'LAST USE', 'SUCCESSOR'], ...rows]))
}

function ago(ms: number | null, nowMs: number): string {
  return ms === null ? 'never' : `${span(nowMs - ms)} ago`
}

/** `358 d`, `6 h`, `2 min` */
function span(ms: number): string {
  if (ms >= 2 * 86_400_000) return `${Math.round(ms / 86_400_000)} d`
  return ms >= 2 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.max(0, Math.round(ms / 60_000))} min`
}

function date(ms: number | null): string {
  return ms === null ? 'it is revoked' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
