import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown } from './verbs.ts'

/** Adds `drill`. */
export function drillVerbs(program: Command, terminal: Terminal, end: End): void {
  const drill = program.command('drill').description('synthetic attacks on the running demo, to see what happens')
  common(
    drill
      .command('credential-stuffing')
      .description('400 sign-ins with wrong passwords from 9 test addresses, in 20 s; exit code 1 without an incident'),
  )
    .option('--fast', 'as fast as they go')
    .option('--gateway <url>', 'where the gateway of the demo listens, where it is not where it is configured')
    .action(async (options: Common & { fast?: boolean; gateway?: string }) => {
      const { credentialStuffing } = await import('./drill.ts')
      end(
        await credentialStuffing(await shown(options, terminal), {
          fast: options.fast === true,
          gateway: options.gateway ?? null,
        }),
      )
    })
}
