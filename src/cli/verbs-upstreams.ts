import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown } from './verbs.ts'

/** `upstreams`: how the servers behind the gateway are. */
export function upstreamVerbs(program: Command, terminal: Terminal, end: End): void {
  common(
    program.command('upstreams').description('list upstreams, and how each is; exit code 1 when one gets no requests'),
  ).action(async (options: Common) => {
    const { listUpstreams } = await import('./upstreams.ts')
    end(await listUpstreams(await shown(options, terminal)))
  })
}
