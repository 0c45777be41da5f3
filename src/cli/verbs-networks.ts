import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, shown } from './verbs.ts'

interface Flags extends Common {
  readonly for?: string
  readonly reason: string
  readonly force?: boolean
}

/** `block`, `allow`, `unblock`, `networks`: whole networks of callers, at once on all gateway threads. */
export function networkVerbs(program: Command, terminal: Terminal): void {
  for (const verdict of ['block', 'allow'] as const) {
    const summary = {
      block: 'refuse all requests from an address or a network, for an hour unless said otherwise',
      allow: 'except an address or a network from a block',
    }[verdict]
    common(program.command(`${verdict} <network>`).description(summary))
      .option('--for <duration>', 'how long, such as 1h or 7d, or never: until it is released')
      .option('--reason <text>', 'why, for whoever finds it', '')
      .option('--force', 'also when it would shut out this machine, you, or a good part of the world')
      .action(async (network: string, options: Flags) => {
        const { setNetwork } = await import('./networks.ts')
        const { durationMs } = await import('./duration.ts')
        const forMs = options.for === undefined ? undefined : options.for === 'never' ? null : durationMs(options.for)
        const { reason, force = false } = options
        await setNetwork(await shown(options, terminal), { network, verdict, forMs, reason, force })
      })
  }
  common(
    program.command('unblock <network>').description('end a block or an exception, by its network or its id'),
  ).action(async (network: string, options: Common) => {
    const { releaseNetwork } = await import('./networks.ts')
    await releaseNetwork(await shown(options, terminal), network)
  })
  const networks = program.command('networks').description('networks that are blocked, or excepted from a block')
  common(networks.command('ls').description('list them')).action(async (options: Common) => {
    const { listNetworks } = await import('./networks.ts')
    await listNetworks(await shown(options, terminal))
  })
}
