import type { NetworkRule } from '../core/mod.ts'
import type { Items } from './answers.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

/** What `block` and `allow` take; `forMs` null: until it is released. */
export interface NetworkFlags {
  readonly network: string
  readonly verdict: NetworkRule['verdict']
  readonly forMs: number | null | undefined
  readonly reason: string
  readonly force: boolean
}

/** `block`, `allow` */
export async function setNetwork({ client, terminal, json }: Shown, flags: NetworkFlags): Promise<void> {
  const { network, verdict, forMs, reason, force } = flags
  const body = {
    network,
    verdict,
    reason,
    ...(forMs === undefined ? {} : { expiresInMs: forMs }),
    ...(force ? { force } : {}),
  }
  const rule = (await client.post('/v1/networks', body)) as NetworkRule & {
    readonly applied: boolean
    readonly observed: readonly string[]
  }
  if (json) return terminal.out(`${JSON.stringify(rule)}\n`)
  const paint = painter(terminal)
  const done = verdict === 'block' ? paint('red', 'blocked') : paint('green', 'allowed')
  terminal.out(`${done} ${rule.cidr} ${until(rule)}  ${paint('dim', rule.id)}\n`)
  if (verdict === 'block' && rule.observed.length > 0)
    terminal.err(
      `${paint('yellow', rule.observed.join(', '))}: in observe mode, which only notes it and refuses nothing\n`,
    )
  if (!rule.applied) terminal.err('The gate is not connected: it holds as soon as it is.\n')
}

/** `unblock` */
export async function releaseNetwork({ client, terminal, json }: Shown, which: string): Promise<void> {
  const released = (await client.delete(`/v1/networks/${encodeURIComponent(which)}`)) as Items<NetworkRule> & {
    readonly applied: boolean
  }
  if (json) return terminal.out(`${JSON.stringify(released)}\n`)
  for (const { verdict, cidr, id } of released.items) terminal.out(`released ${cidr} (${verdict}) ${id}\n`)
  if (!released.applied) terminal.err('The gate is not connected: it holds as soon as it is.\n')
}

/** `networks ls` */
export async function listNetworks({ client, terminal, json }: Shown): Promise<void> {
  const answer = (await client.get('/v1/networks')) as Items<NetworkRule>
  if (json) return terminal.out(`${JSON.stringify(answer)}\n`)
  if (answer.items.length === 0)
    return terminal.err("No network is blocked. Block one: gatehouse block 203.0.113.0/28 --for 1h --reason '…'\n")
  const rows = answer.items.map((rule) => [
    rule.id,
    rule.verdict,
    rule.cidr,
    until(rule),
    printable(rule.by),
    printable(rule.reason),
  ])
  terminal.out(table([['ID', 'VERDICT', 'NETWORK', 'UNTIL', 'BY', 'WHY'], ...rows]))
}

function until({ expiresAtMs }: NetworkRule): string {
  return expiresAtMs === null
    ? 'until it is released'
    : `until ${new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ')}`
}
