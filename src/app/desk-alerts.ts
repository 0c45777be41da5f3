import { BlockList, isIPv6 } from 'node:net'
import type { NotifyTarget } from '../config/mod.ts'
import { type AuditEvent, GatehouseError, messageOf, systemClock } from '../core/mod.ts'
import { createRequestIds } from '../crypto/mod.ts'
import type { DrillsDoor, Figure } from '../desk/admin/mod.ts'
import {
  type Channel,
  createEmail,
  createWebhook,
  type Incidents,
  type IncidentSummary,
  openIncidents,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  type Reminder,
  type TargetStatus,
  testMessage,
} from '../desk/alert/mod.ts'
import { createDetectors, openDetection } from '../desk/detect/mod.ts'
import type { Outbound } from '../outbound/mod.ts'
import { openAuditWatch } from './audit-watch.ts'
import { openReminders } from './desk-reminders.ts'
import type { DeskBase, DeskRooms } from './desk-rooms.ts'
import { every } from './every.ts'

/** What the room brings. */
export interface DeskAlerts extends DeskRooms {
  /** Tells people of something that is due: the same one once, for good. */
  readonly remind: (reminder: Reminder) => Promise<void>
}

/** How often incidents, notices and what waits are looked at. */
const tickMs = 1_000
/** How often the audit log is read for what concerns incidents. */
const auditMs = 2_000

/** Opens detectors, incidents and the ways to people. */
export async function openDeskAlerts(base: DeskBase): Promise<DeskAlerts> {
  const { atRest, config, control, ledger, outbound, stack, log } = base
  const { documents } = control
  const ids = createRequestIds({ nowMs: () => systemClock.wallMs() })
  const sealer = atRest.sealer('findings')
  const tag = (text: string): string => sealer.tag(text)
  const channels = config.alerts.targets.map((target) => channelOf(target, outbound))
  const sometimes = rarely((why: string) => log.warn('Alerts', { why }))

  const { incidents, outbox } = await openTold(base, { channels, mintId: () => ids.requestId(), onProblem: sometimes })
  const detection = stack.use(
    await openDetection({
      documents,
      detectors: createDetectors(config.detect, { tag }),
      raise: (findings) => incidents.raise(findings),
      clock: systemClock,
      onProblem: sometimes,
    }),
  )
  const audit = openAuditWatch({
    documents,
    ledger,
    onEvents: (events) => noteNetworks(incidents, events),
    // No gate is there yet, or for now: it says so itself.
    onProblem: () => {},
  })
  every(tickMs, stack, async () => {
    await detection.tick()
    await incidents.tick()
  })
  every(auditMs, stack, () => audit.look())
  const remind = openReminders(base, { incidents, tag, onProblem: sometimes })
  return {
    followers: [detection],
    doors: {
      incidents,
      alerts: { targets: () => outbox.targets(), test: (name) => test(channels, name, ids.requestId()) },
      drills: drillsOf(base),
    },
    figures: () => figuresOf(incidents.summary(), outbox.targets(), detection.evicted()),
    remind,
  }
}

interface ToldParts {
  readonly channels: readonly Channel[]
  readonly mintId: () => string
  readonly onProblem: (why: string) => void
}

/** Incidents, and the outbox whose notices enter their stories: each needs the other. */
async function openTold(
  { control: { documents }, config, stack }: DeskBase,
  { channels, mintId, onProblem }: ToldParts,
): Promise<{ readonly incidents: Incidents; readonly outbox: Outbox }> {
  const clock = systemClock
  const opening: { outbox: Outbox | null } = { outbox: null }
  const opened = (): Outbox => {
    if (opening.outbox === null) throw new GatehouseError('unreachable', 'The outbox is not open yet')
    return opening.outbox
  }
  const settings = config.alerts
  const incidents = await openIncidents({ documents, clock, settings, outbox: opened, covers, onProblem })
  const ended: OutboxOptions['ended'] = (notice, end, kept) => incidents.noticeEnded(notice, end, kept)
  const random = Math.random
  const outbox = stack.use(await openOutbox({ documents, channels, clock, random, mintId, ended, onProblem }))
  opening.outbox = outbox
  return { incidents, outbox }
}

function figuresOf(
  { open, acknowledged, snoozed }: IncidentSummary,
  targets: readonly TargetStatus[],
  evicted: Readonly<Record<string, number>>,
): readonly Figure[] {
  const each = (value: (target: TargetStatus) => number): Figure['samples'] =>
    targets.map((target) => ({ labels: { target: target.name }, value: value(target) }))
  return [
    {
      type: 'gauge',
      name: 'gatehouse_incidents',
      help: 'Incidents that are not resolved, by state.',
      samples: Object.entries({ open, acknowledged, snoozed }).map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      type: 'gauge',
      name: 'gatehouse_notices_waiting',
      help: 'Messages that a target has not taken yet.',
      samples: each(({ waiting }) => waiting),
    },
    {
      type: 'counter',
      name: 'gatehouse_notices_failed_total',
      help: 'Tries to send a message that failed.',
      samples: each(({ failed }) => failed),
    },
    {
      type: 'counter',
      name: 'gatehouse_detector_state_evicted_total',
      help: 'Actors that a detector forgot for want of room.',
      samples: Object.entries(evicted).map(([detector, value]) => ({ labels: { detector }, value })),
    },
  ]
}

const sayAgainMs = 60_000

/** Passes a text on unless it was said a minute ago. */
function rarely(say: (text: string) => void): (text: string) => void {
  let last = { text: '', atMs: -Infinity }
  return (text) => {
    const nowMs = systemClock.monotonicMs()
    if (text === last.text && nowMs - last.atMs < sayAgainMs) return
    last = { text, atMs: nowMs }
    say(text)
  }
}

function channelOf(target: NotifyTarget, outbound: Outbound): Channel {
  const { name, ca } = target
  if (target.type === 'webhook') {
    const { url, secrets } = target
    return createWebhook({ name, url, secrets, outbound, clock: systemClock, ...(ca === null ? {} : { ca }) })
  }
  const { smtp, from, to, login } = target
  return createEmail({ name, smtp, from, to, login, ...(ca === null ? {} : { ca }) })
}

async function test(channels: readonly Channel[], name: string, id: string): Promise<void> {
  const channel = channels.find((one) => one.name === name)
  if (channel === undefined) {
    const known =
      channels.length === 0 ? 'notify names none' : `there are ${channels.map((one) => one.name).join(', ')}`
    throw new GatehouseError('not_found', `There is no target '${name}': ${known}`)
  }
  try {
    await channel.notify({ ...testMessage(name), id: `msg_${id}`, atMs: systemClock.wallMs() })
  } catch (cause) {
    // Whatever went wrong out there, here it is this.
    throw new GatehouseError('unreachable', messageOf(cause), { cause })
  }
}

async function noteNetworks(incidents: Incidents, events: readonly AuditEvent[]): Promise<void> {
  for (const { kind, details, actor } of events) {
    const cidr = details['network']
    const isReleased = kind === 'network.released' && details['verdict'] === 'block'
    if (typeof cidr !== 'string' || (kind !== 'network.blocked' && !isReleased)) continue
    await incidents.network({ cidr, isBlocked: !isReleased, by: actor })
  }
}

/** Whether the network holds the other address or network; false for what is neither. */
export function covers(cidr: string, network: string): boolean {
  const [outer = '', outerBits] = cidr.split('/')
  const [inner = '', innerBits] = network.split('/')
  const [outerFamily, family] = [isIPv6(outer) ? 'ipv6' : 'ipv4', isIPv6(inner) ? 'ipv6' : 'ipv4'] as const
  const whole = family === 'ipv6' ? 128 : 32
  const bits = Number(outerBits ?? whole)
  if (outerFamily !== family || bits > Number(innerBits ?? whole)) return false
  try {
    const list = new BlockList()
    list.addSubnet(outer, bits, family)
    return list.check(inner, family)
  } catch {
    return false
  }
}

/** The demo alone may be attacked: its upstream is set by the launcher. */
function drillsOf({ config, control }: DeskBase): DrillsDoor {
  return {
    start: async (attack, by) => {
      const listener = config.gate.listeners[0]
      if (process.env['GATEHOUSE_DEMO_UPSTREAM'] === undefined || listener === undefined)
        throw new GatehouseError('conflict', 'Drills attack the demo only: start it with `gatehouse up --demo`')
      const host = listener.host === '0.0.0.0' ? '127.0.0.1' : listener.host === '::' ? '::1' : listener.host
      await control.documents.write([], [{ kind: 'drill.started', details: { attack } }], by)
      return { gateway: `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}` }
    },
  }
}
