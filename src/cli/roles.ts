import { GatehouseError } from '../core/mod.ts'
import type { Items, ShownConsumer } from './answers.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

// What the admin API of the same version answers.

interface Roles {
  readonly configured: boolean
  readonly items: readonly {
    readonly name: string
    readonly allow: readonly string[]
    readonly consumers: readonly string[]
  }[]
  readonly unknown: readonly { readonly role: string; readonly consumers: readonly string[] }[]
}

/** `roles ls` */
export async function listRoles({ client, terminal, json }: Shown): Promise<void> {
  const roles = (await client.get('/v1/roles')) as Roles
  if (json) return terminal.out(`${JSON.stringify(roles)}\n`)
  const paint = painter(terminal)
  if (!roles.configured)
    terminal.err(
      'No roles: scopes alone decide. Define some in the configuration: roles: { reader: { allow: [GET /v1/orders/**] } }\n',
    )
  else {
    const rows = roles.items.map(({ name, allow, consumers }) => [
      name,
      consumers.join(' ') || '–',
      allow.join(', ') || 'nothing',
    ])
    terminal.out(table([['ROLE', 'CONSUMERS', 'ALLOWS'], ...rows]))
  }
  for (const { role, consumers } of roles.unknown)
    terminal.err(
      `${paint('yellow', role)}: not in the configuration, so it grants nothing to ${consumers.join(', ')}\n`,
    )
}

/** `consumers roles` without roles */
export async function showRoles({ client, terminal, json }: Shown, name: string): Promise<void> {
  const { items } = (await client.get('/v1/consumers')) as Items<ShownConsumer>
  const consumer = items.find((one) => one.name === name)
  if (consumer === undefined) throw new GatehouseError('not_found', `There is no consumer '${name}'`)
  const { roles } = consumer
  terminal.out(json ? `${JSON.stringify({ roles })}\n` : `${roles.length === 0 ? 'no roles' : roles.join(', ')}\n`)
}

/** `consumers roles` */
export async function setRoles(
  { client, terminal, json }: Shown,
  name: string,
  roles: readonly string[],
): Promise<void> {
  const changed = (await client.put(`/v1/consumers/${encodeURIComponent(name)}/roles`, { roles })) as {
    readonly roles: readonly string[]
    readonly applied: boolean
    readonly unknown: readonly string[]
  }
  if (json) return terminal.out(`${JSON.stringify(changed)}\n`)
  terminal.out(`${printable(name)}: ${changed.roles.join(', ') || 'no roles'}\n`)
  const paint = painter(terminal)
  if (changed.unknown.length > 0)
    terminal.err(
      `${paint('yellow', changed.unknown.join(', '))}: not in the configuration, and grants nothing until it is: gatehouse roles ls\n`,
    )
  if (!changed.applied) terminal.err('The gate is not connected: it holds as soon as it is.\n')
}

interface Use {
  readonly used: number
  readonly lastUsedAtMs: number | null
}

type GrantUse = Use & { readonly grant: string }

interface Compared {
  readonly consumer: string
  readonly scopes: readonly GrantUse[]
  readonly permissions: readonly GrantUse[]
  readonly routes: readonly (Use & { readonly api: string; readonly route: string; readonly method: string })[]
  readonly proposal: {
    readonly scopes: readonly string[]
    readonly permissions: readonly string[]
    readonly role: readonly string[]
  }
  readonly short: readonly string[]
}

/** `consumers least-privilege`: exit code 1 when something is granted that was not used, 7 when not all was looked at. */
export async function leastPrivilege(
  { client, terminal, json }: Shown,
  { name, sinceMs }: { name: string; sinceMs: number },
): Promise<number> {
  const path = `/v1/consumers/${encodeURIComponent(name)}/least-privilege?sinceMs=${sinceMs}`
  const found = (await client.get(path)) as Compared
  const grants = [
    ...found.scopes.map((use) => ['scope', use] as const),
    ...found.permissions.map((use) => ['role', use] as const),
  ]
  const unused = grants.filter(([, { used }]) => used === 0).length
  const code = found.short.length > 0 ? exitCodes.partial : unused > 0 ? exitCodes.found : exitCodes.ok
  if (json) {
    terminal.out(`${JSON.stringify(found)}\n`)
    return code
  }
  const paint = painter(terminal)
  const rows = [
    ...grants.map(([kind, { grant, ...use }]) => [kind, printable(grant), ...shownUse(use)]),
    ...found.routes.map(({ api, route, method, ...use }) => [
      'called',
      printable(`${api}: ${method} ${route.slice(Math.max(0, route.indexOf('/')))}`),
      ...shownUse(use),
    ]),
  ]
  if (rows.length > 0) terminal.out(table([['KIND', 'WHAT', 'USED', 'LAST USE'], ...rows]))
  terminal.err(`${grants.length} granted, ${grants.length - unused} used.\n`)
  if (unused > 0) terminal.err(paint('yellow', proposalText(found)))
  if (found.short.length > 0) terminal.err(`Not all requests were looked at: ${found.short.join(', ')}\n`)
  return code
}

function shownUse({ used, lastUsedAtMs }: Use): readonly string[] {
  return [
    used === 0 ? 'never' : `${used} ×`,
    lastUsedAtMs === null ? '–' : new Date(lastUsedAtMs).toISOString().slice(0, 16).replace('T', ' '),
  ]
}

/** What would do, as one would write it. */
function proposalText({ consumer, scopes, permissions, proposal }: Compared): string {
  if (proposal.role.length === 0)
    return `It called nothing. If that is right: gatehouse consumers disable ${printable(consumer)}\n`
  const lines: string[] = []
  if (scopes.some(({ used }) => used === 0)) {
    const enough = proposal.scopes.length === 0 ? '' : ` --scopes ${proposal.scopes.join(',')}`
    lines.push(
      'A key with these scopes would have been enough:',
      `  gatehouse keys create --consumer ${consumer}${enough}`,
    )
  }
  if (permissions.some(({ used }) => used === 0))
    lines.push(
      'A role with these patterns would have been enough:',
      `  ${consumer.replaceAll(/[^a-z0-9-]+/g, '-')}:`,
      '    allow:',
      ...proposal.role.map((pattern) => `      - ${printable(pattern)}`),
    )
  return `${lines.join('\n')}\n`
}
