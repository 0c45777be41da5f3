import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

/** `consumers roles` */
export async function setRoles(
  { client, terminal, json }: Shown,
  name: string,
  roles: readonly string[],
): Promise<void> {
  const changed = (await client.put(`/v1/consumers/${encodeURIComponent(name)}/roles`, { roles })) as {
    readonly roles: readonly string[]
    readonly applied: boolean
  }
  if (json) return terminal.out(`${JSON.stringify(changed)}\n`)
  terminal.out(`${printable(name)}: ${changed.roles.join(', ') || 'no roles'}\n`)
  if (!changed.applied) terminal.err('The gate is not connected: it holds as soon as it is.\n')
}

interface GrantUse {
  readonly grant: string
  readonly used: number
  readonly lastUsedAtMs: number | null
}

interface Compared {
  readonly scopes: readonly GrantUse[]
  readonly permissions: readonly GrantUse[]
  readonly proposal: { readonly scopes: readonly string[]; readonly permissions: readonly string[] }
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
  const unused = grants.filter(([, { used }]) => used === 0)
  const code = found.short.length > 0 ? exitCodes.partial : unused.length > 0 ? exitCodes.found : exitCodes.ok
  if (json) {
    terminal.out(`${JSON.stringify(found)}\n`)
    return code
  }
  const paint = painter(terminal)
  const rows = grants.map(([kind, { grant, used, lastUsedAtMs }]) => [
    kind,
    printable(grant),
    used === 0 ? paint('yellow', 'never') : `${used} ×`,
    lastUsedAtMs === null ? '–' : new Date(lastUsedAtMs).toISOString().slice(0, 16).replace('T', ' '),
  ])
  terminal.out(table([['KIND', 'GRANTED', 'USED', 'LAST USE'], ...rows]))
  terminal.err(`${grants.length} granted, ${grants.length - unused.length} used.\n`)
  if (unused.length > 0)
    terminal.err(
      `Enough would have been: scopes ${found.proposal.scopes.join(' ') || 'none'}; permissions ${found.proposal.permissions.join(', ') || 'none'}\n`,
    )
  if (found.short.length > 0) terminal.err(`Not all requests were looked at: ${found.short.join(', ')}\n`)
  return code
}
