import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown, words } from './verbs.ts'

/** `keys rotate`, `keys expiring`: how keys are renewed without an outage. */
export function rotationVerbs(keys: Command, terminal: Terminal): void {
  common(keys.command('rotate <id>').description('make the successor of a key; it is printed once'))
    .option('--overlap <duration>', 'how long the key works on beside it: 24h when left out, 0s for one that leaked')
    .option('--expires <duration>', 'how long the successor lives; as long as the key was given when left out')
    .action(async (id: string, options: Common & { overlap?: string; expires?: string }) => {
      const { rotateKey } = await import('./rotation.ts')
      const { durationMs } = await import('./duration.ts')
      await rotateKey(await shown(options, terminal), {
        id,
        overlapMs: options.overlap === undefined ? null : durationMs(options.overlap),
        expiresInMs: options.expires === undefined ? null : durationMs(options.expires),
      })
    })
  common(keys.command('expiring').description('list the keys that end soon, and who still uses them'))
    .option('--within <duration>', 'how soon', '14d')
    .action(async (options: Common & { within: string }) => {
      const { expiringKeys } = await import('./rotation.ts')
      const { durationMs } = await import('./duration.ts')
      await expiringKeys(await shown(options, terminal), durationMs(options.within))
    })
}

/** `roles`: what is defined in the configuration, and who has it. */
export function roleListVerbs(program: Command, terminal: Terminal): void {
  const roles = program.command('roles').description('roles over routes, as the configuration defines them')
  common(roles.command('ls').description('list them, with who has them and what they allow')).action(
    async (options: Common) => {
      const { listRoles } = await import('./roles.ts')
      await listRoles(await shown(options, terminal))
    },
  )
}

/** `consumers roles`, `consumers least-privilege`: what a consumer may do, and what it does. */
export function roleVerbs(consumers: Command, terminal: Terminal, end: End): void {
  common(
    consumers
      .command('roles <name> [roles]')
      .description(
        'give a consumer these roles, separated by commas, and no others; none takes all away; without roles they are shown',
      ),
  ).action(async (name: string, roles: string | undefined, options: Common) => {
    const { setRoles, showRoles } = await import('./roles.ts')
    const to = await shown(options, terminal)
    await (roles === undefined ? showRoles(to, name) : setRoles(to, name, roles === 'none' ? [] : words(roles)))
  })
  common(
    consumers
      .command('least-privilege <name>')
      .description('compare what a consumer may do with what it did; exit code 1 when it has more than it used'),
  )
    .option('--since <duration>', 'how far back', '30d')
    .action(async (name: string, options: Common & { since: string }) => {
      const { leastPrivilege } = await import('./roles.ts')
      const { durationMs } = await import('./duration.ts')
      end(await leastPrivilege(await shown(options, terminal), { name, sinceMs: durationMs(options.since) }))
    })
}
