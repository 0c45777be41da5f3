import type { IncidentPage, ShownIncident, WholeIncident } from './incidents-answers.ts'
import type { Shown } from './keys.ts'
import { type Paint, painter, printable, table } from './terminal.ts'

/** `incidents ls`: newest first. */
export async function listIncidents({ client, terminal, json }: Shown, state: string | null): Promise<void> {
  const query = state === null ? '' : `?state=${encodeURIComponent(state)}`
  const page = (await client.get(`/v1/incidents${query}`)) as IncidentPage
  if (json) return terminal.out(`${JSON.stringify(page)}\n`)
  if (page.items.length === 0) return terminal.err(`No ${state === null ? '' : `${state} `}incidents\n`)
  const rows = page.items.map((one) => [
    one.id,
    one.state,
    one.severity,
    printable(one.actor.value),
    one.route ?? one.api ?? '–',
    String(one.count),
    minute(one.lastSeenMs),
    one.title,
  ])
  terminal.out(table([['ID', 'STATE', 'SEVERITY', 'WHO', 'WHERE', 'RECORDS', 'LAST SEEN', 'WHAT'], ...rows]))
  const { open, acknowledged, snoozed } = page.summary
  terminal.err(`${open} open, ${acknowledged} acknowledged, ${snoozed} snoozed\n`)
}

/** `incidents show`: the whole story. */
export async function showIncident({ client, terminal, json }: Shown, id: string): Promise<void> {
  const incident = (await client.get(pathOf(id))) as WholeIncident
  if (json) return terminal.out(`${JSON.stringify(incident)}\n`)
  terminal.out(storyOf(incident, painter(terminal)))
}

/** The incident for a person. */
export function storyOf(incident: WholeIncident, paint: Paint): string {
  const { id, severity, state, title, actor, findings, timeline } = incident
  const lines = [
    `${paint('bold', id)}  ${severityText(incident, paint)}  ${state}  ${title}`,
    '',
    `  who      ${actor.kind} ${printable(actor.value)}`,
    `  where    ${incident.route ?? incident.api ?? 'several routes'}`,
    `  records  ${incident.count}, ${minute(incident.firstSeenMs)} to ${minute(incident.lastSeenMs)} UTC`,
    ...(state === 'resolved' ? [] : [`  do       ${incident.action}`]),
    '',
  ]
  for (const finding of findings) {
    lines.push(
      `  ${paint('bold', finding.rule.id)} v${finding.rule.version}  ${finding.severity}  ${measureOf(finding)}`,
    )
    if (finding.note !== '') lines.push(`    ${printable(finding.note)}`)
    if (finding.repeats > 0) lines.push(`    began ${finding.repeats + 1} times`)
    lines.push(`    ${paint('dim', finding.tags.join(' '))}`)
    const shown = finding.evidence.slice(0, 3).map(({ requestId }) => requestId)
    if (shown.length > 0) lines.push(`    ${paint('dim', `gatehouse explain ${shown.join(' | ')}`)}`)
  }
  lines.push('')
  for (const { atMs, kind, by, text } of timeline)
    lines.push(
      `  ${paint('dim', new Date(atMs).toISOString().slice(0, 19).replace('T', ' '))}  ${kind.replaceAll('_', ' ').padEnd(20)} ${printable(text)}${by === 'desk' ? '' : paint('dim', `  (${printable(by)})`)}`,
    )
  if (severity === 'critical' && state === 'open')
    lines.push('', paint('red', '  It is critical, and nobody looks at it yet'))
  return `${lines.join('\n')}\n`
}

function severityText({ severity }: ShownIncident, paint: Paint): string {
  const style = severity === 'critical' || severity === 'high' ? 'red' : severity === 'medium' ? 'yellow' : 'dim'
  return paint(style, severity.toUpperCase())
}

function measureOf({
  baseline: { expected, observed, windowMs, p },
  count,
}: WholeIncident['findings'][number]): string {
  if (windowMs === 0) return ''
  const usual = p === null ? `the bound is ${expected}` : `${expected} are usual, p = ${p.toExponential(0)}`
  return `${count} in all, ${observed} in ${windowMs / 1000} s (${usual})`
}

/** What a person can do with an incident. */
export interface IncidentAct {
  readonly kind: 'ack' | 'resolve' | 'snooze' | 'note'
  readonly note: string | null
  readonly forMs: number | null
}

/** `incidents ack|resolve|snooze|note` */
export async function actOnIncident({ client, terminal, json }: Shown, id: string, act: IncidentAct): Promise<void> {
  const body = {
    ...(act.note === null ? {} : { note: act.note }),
    ...(act.forMs === null ? {} : { forMs: act.forMs }),
  }
  const incident = (await client.post(`${pathOf(id)}/${act.kind}`, body)) as WholeIncident
  if (json) return terminal.out(`${JSON.stringify(incident)}\n`)
  const until = incident.snoozedUntilMs === null ? '' : ` until ${minute(incident.snoozedUntilMs)} UTC`
  terminal.out(act.kind === 'note' ? `noted ${incident.id}\n` : `${incident.state} ${incident.id}${until}\n`)
}

/** `alerts ls` */
export async function listTargets({ client, terminal, json }: Shown): Promise<void> {
  const { items } = (await client.get('/v1/alerts')) as { items: readonly AlertTarget[] }
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0) return terminal.err('No targets. Name them in gatehouse.yaml, below notify\n')
  const rows = items.map((one) => [
    one.name,
    one.type,
    String(one.waiting),
    String(one.sent),
    one.lastSentMs === null ? '–' : minute(one.lastSentMs),
    one.failing === null ? 'ok' : printable(one.failing),
  ])
  terminal.out(table([['TARGET', 'TYPE', 'WAITING', 'SENT', 'LAST', 'STATE'], ...rows]))
}

interface AlertTarget {
  readonly name: string
  readonly type: string
  readonly waiting: number
  readonly failing: string | null
  readonly sent: number
  readonly lastSentMs: number | null
}

/** `alerts test` */
export async function testTarget({ client, terminal, json }: Shown, target: string): Promise<void> {
  await client.post(`/v1/alerts/${encodeURIComponent(target)}/test`, {})
  terminal.out(json ? `${JSON.stringify({ sent: true })}\n` : `sent a test to ${target}\n`)
}

function pathOf(id: string): string {
  return `/v1/incidents/${encodeURIComponent(id.toUpperCase())}`
}

function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
