import type { AdminClient } from './admin-client.ts'
import type { CreatedKey, Items, RevokedKey, ShownConsumer, ShownCredential } from './answers.ts'
import { painter, table, type Terminal } from './terminal.ts'

export interface Shown {
  readonly client: AdminClient
  readonly terminal: Terminal
  readonly json: boolean
}

/** What a key is to be. */
export interface KeyWish {
  readonly consumer: string
  readonly scopes: readonly string[]
  /** Of the consumer, where it is made. */
  readonly roles?: readonly string[]
  readonly environment: 'live' | 'test'
  /** Null: it does not expire. */
  readonly expiresInMs: number | null
}

/** `keys create`: the key itself goes to standard output, once; everything said about it to standard error. */
export async function createKey({ client, terminal, json }: Shown, wish: KeyWish): Promise<void> {
  const body = { ...wish, createConsumer: true, ...(wish.expiresInMs === null ? { expiresInMs: undefined } : {}) }
  const created = (await client.post('/v1/keys', body)) as CreatedKey
  if (json) return terminal.out(`${JSON.stringify(created)}\n`)
  terminal.out(`${created.key}\n`)
  terminal.err(
    `Key ${created.credential.id} of ${wish.consumer}, scopes: ${created.credential.scopes.join(' ') || 'none'}. It is shown this once and not kept.\n`,
  )
  if (!created.applied) terminal.err('The gate is not connected: the key works as soon as it is.\n')
}

/** `keys ls` */
export async function listKeys({ client, terminal, json }: Shown, consumer: string | null): Promise<void> {
  const query = consumer === null ? '' : `?consumer=${encodeURIComponent(consumer)}`
  const [{ items }, names] = await Promise.all([
    client.get(`/v1/keys${query}`) as Promise<Items<ShownCredential>>,
    consumerNames(client),
  ])
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0)
    return terminal.err('No keys. Make one: gatehouse keys create --consumer acme --scopes orders:read\n')
  const rows = items.map((key) => [
    key.id,
    names.get(key.consumerId) ?? key.consumerId,
    stateOf(key),
    date(key.expiresAtMs),
    date(key.lastUsedAtMs),
    key.scopes.join(' '),
    key.hint,
  ])
  terminal.out(table([['ID', 'CONSUMER', 'STATE', 'EXPIRES', 'LAST USE', 'SCOPES', 'KEY'], ...rows]))
}

/** `keys revoke` */
export async function revokeKey({ client, terminal, json }: Shown, id: string): Promise<void> {
  const revoked = (await client.post(`/v1/keys/${encodeURIComponent(id)}/revoke`, {})) as RevokedKey
  if (json) return terminal.out(`${JSON.stringify(revoked)}\n`)
  const paint = painter(terminal)
  if (revoked.applied) terminal.out(`${paint('green', 'revoked')} ${id}: no gateway thread accepts it any more\n`)
  else
    terminal.out(
      `${paint('yellow', 'revoked')} ${id}: stored, but the gate has not said that all its threads refuse it: ask \`gatehouse doctor\`\n`,
    )
}

/** `consumers ls` */
export async function listConsumers({ client, terminal, json }: Shown): Promise<void> {
  const { items } = (await client.get('/v1/consumers')) as Items<ShownConsumer>
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0) return terminal.err('No consumers. Make one: gatehouse consumers create acme\n')
  terminal.out(
    table([
      ['NAME', 'STATE', 'ROLES', 'CREATED', 'ID'],
      ...items.map((one) => [one.name, one.state, one.roles.join(',') || '–', date(one.createdAtMs), one.id]),
    ]),
  )
}

/** `consumers create|disable|enable` */
export async function changeConsumer(
  { client, terminal, json }: Shown,
  { name, change, roles }: { name: string; change: 'create' | 'disable' | 'enable'; roles: readonly string[] },
): Promise<void> {
  const answer =
    change === 'create'
      ? await client.post('/v1/consumers', { name, roles })
      : await client.patch(`/v1/consumers/${encodeURIComponent(name)}`, {
          state: change === 'disable' ? 'disabled' : 'active',
        })
  terminal.out(json ? `${JSON.stringify(answer)}\n` : `${change}d ${name}\n`)
}

async function consumerNames(client: AdminClient): Promise<Map<string, string>> {
  const { items } = (await client.get('/v1/consumers')) as Items<ShownConsumer>
  return new Map(items.map((one) => [one.id, one.name]))
}

function stateOf(key: ShownCredential): string {
  if (key.revokedAtMs !== null) return 'revoked'
  if (key.expiresAtMs !== null && key.expiresAtMs <= Date.now()) return 'expired'
  if (key.notBeforeMs !== null && key.notBeforeMs > Date.now()) return 'pending'
  return 'active'
}

function date(ms: number | null): string {
  return ms === null ? '–' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
