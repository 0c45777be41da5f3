import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown } from './verbs.ts'

/** `sinks`: receivers of events. */
export function sinkVerbs(program: Command, terminal: Terminal, end: End): void {
  const sinks = program.command('sinks').description('receivers of events: SIEMs and the like')
  common(sinks.command('ls').description('list them, and whether they take events')).action(async (options: Common) => {
    const { listSinks } = await import('./sinks.ts')
    await listSinks(await shown(options, terminal))
  })
  common(
    sinks
      .command('test <name>')
      .description('send one event that is labelled as a test; exit code 1 when it does not arrive'),
  ).action(async (name: string, options: Common) => {
    const { testSink } = await import('./sinks.ts')
    end(await testSink(await shown(options, terminal), name))
  })
  common(
    sinks
      .command('lag')
      .description('how many records each has not acknowledged; exit code 1 when one does not take events'),
  ).action(async (options: Common) => {
    const { sinkLag } = await import('./sinks.ts')
    end(await sinkLag(await shown(options, terminal)))
  })
}
