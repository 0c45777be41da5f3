import { type Command, Option } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, shown } from './verbs.ts'

/** `admins`: the people who may enter the console. */
export function adminVerbs(program: Command, terminal: Terminal): void {
  const admins = program.command('admins').description('people who may enter the console')
  common(admins.command('invite').description('make a set-up link for the console: one use, 30 minutes'))
    .addOption(
      new Option('--role <role>', 'owner may do everything, auditor may read everything and change nothing')
        .choices(['owner', 'auditor'])
        .default('owner'),
    )
    .action(async (options: Common & { role: 'owner' | 'auditor' }) => {
      const { inviteAdmin } = await import('./admins.ts')
      await inviteAdmin(await shown(options, terminal), options.role)
    })
  common(admins.command('ls').description('list them')).action(async (options: Common) => {
    const { listAdmins } = await import('./admins.ts')
    await listAdmins(await shown(options, terminal))
  })
  common(admins.command('remove <name>').description('remove one, with all sessions')).action(
    async (name: string, options: Common) => {
      const { removeAdmin } = await import('./admins.ts')
      await removeAdmin(await shown(options, terminal), name)
    },
  )
  common(
    admins
      .command('reset <name>')
      .description('end all sessions of one, and make a link for choosing another password'),
  ).action(async (name: string, options: Common) => {
    const { resetAdmin } = await import('./admins.ts')
    await resetAdmin(await shown(options, terminal), name)
  })
}
