import type { AdminClient } from './admin-client.ts'
import type { Items, ShownConsumer } from './answers.ts'
import { advice, type Check, ok } from './check-up.ts'

interface Roles {
  readonly configured: boolean
  readonly items: readonly unknown[]
  readonly unknown: readonly { readonly role: string; readonly consumers: readonly string[] }[]
}

/** Whether roles of consumers and of the configuration fit together: what does not grants nothing, and says so nowhere else. */
export async function roles(client: Pick<AdminClient, 'get'>): Promise<readonly Check[]> {
  // What our own server answers.
  const { configured, items, unknown } = (await client.get('/v1/roles')) as Roles
  if (unknown.length > 0) {
    const named = unknown.map(({ role, consumers }) => `${role} (${consumers.join(', ')})`).join(', ')
    const state = configured
      ? 'not in the configuration, so they grant nothing'
      : 'without effect, for the configuration has no roles'
    return [
      advice(
        'roles',
        `${named}: ${state}`,
        'Define them under roles:, or take them away: gatehouse consumers roles <name> …',
      ),
    ]
  }
  if (!configured) return []
  const consumers = (await client.get('/v1/consumers')) as Items<ShownConsumer>
  const bare = consumers.items.filter(({ state, roles: held }) => state === 'active' && held.length === 0)
  if (bare.length === 0) return [ok('roles', `${items.length} in the configuration, and every consumer has one`)]
  const names = bare.slice(0, namesMax).map(({ name }) => name)
  const more = bare.length > namesMax ? ` and ${bare.length - namesMax} more` : ''
  const [first = ''] = names
  return [
    advice(
      'roles',
      `${names.join(', ')}${more}: without a role, so everything is refused to them`,
      `gatehouse consumers roles ${first} <role>`,
    ),
  ]
}

const namesMax = 5
