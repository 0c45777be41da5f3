import { type Command, Option } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, shown } from './verbs.ts'

interface ActFlags extends Common {
  readonly note?: string
  readonly for?: string
}

const acts = {
  ack: 'say that somebody looks at it',
  resolve: 'say that it is over; what goes on afterwards opens it again',
  snooze: 'leave it alone for a while',
  note: 'add a note to its story',
} as const

/** Adds `incidents` and `alerts`. */
export function incidentVerbs(program: Command, terminal: Terminal): void {
  const incidents = program.command('incidents').description('what the detectors found')
  common(incidents.command('ls').description('list incidents, newest first'))
    .addOption(new Option('--state <state>', 'only these').choices(['open', 'acknowledged', 'snoozed', 'resolved']))
    .action(async (options: Common & { state?: string }) => {
      const { listIncidents } = await import('./incidents.ts')
      await listIncidents(await shown(options, terminal), options.state ?? null)
    })
  common(incidents.command('show <id>').description('its findings, evidence and story')).action(
    async (id: string, options: Common) => {
      const { showIncident } = await import('./incidents.ts')
      await showIncident(await shown(options, terminal), id)
    },
  )
  for (const kind of ['ack', 'resolve', 'snooze', 'note'] as const) {
    const verb = common(incidents.command(`${kind} <id>`).description(acts[kind]))
    if (kind === 'note') verb.requiredOption('--note <text>', 'what is known')
    else verb.option('--note <text>', 'why; stands in its story')
    if (kind === 'snooze') verb.option('--for <duration>', 'such as 30m, 4h or 2d', '4h')
    verb.action(async (id: string, options: ActFlags) => {
      const { actOnIncident } = await import('./incidents.ts')
      const { durationMs } = await import('./duration.ts')
      const forMs = options.for === undefined ? null : durationMs(options.for)
      await actOnIncident(await shown(options, terminal), id, { kind, note: options.note ?? null, forMs })
    })
  }
  const alerts = program.command('alerts').description('ways to people')
  common(alerts.command('ls').description('how each target stands')).action(async (options: Common) => {
    const { listTargets } = await import('./incidents.ts')
    await listTargets(await shown(options, terminal))
  })
  common(alerts.command('test <target>').description('send a labelled test, now')).action(
    async (target: string, options: Common) => {
      const { testTarget } = await import('./incidents.ts')
      await testTarget(await shown(options, terminal), target)
    },
  )
}
