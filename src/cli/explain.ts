import { type AccessEvent, type Reason, reasons } from '../core/mod.ts'
import type { ShownRequest } from './answers.ts'
import { type Paint, printable } from './terminal.ts'

/** Tells, stage by stage, why a request ended as it did. */
export function explain(request: ShownRequest, paint: Paint): string {
  const { event } = request
  const lines = [headline(event, paint), ...origin(event), '']
  lines.push(...stages(event, paint))
  if (event.wouldRefuse !== null)
    lines.push(paint('yellow', `  observe mode: enforcing would have refused it with ${event.wouldRefuse}`))
  lines.push(...learnt(event, paint))
  if (event.note !== '') lines.push(paint('dim', `  note: ${printable(event.note)}`))
  if (event.unknown.length > 0) lines.push(`  unknown: ${event.unknown.join(', ')}`)
  lines.push(
    '',
    `  record ${request.seq} of the ledger, rules of revision ${event.revision}, gateway thread ${event.thread}`,
  )
  if (request.opened !== undefined && request.opened !== null)
    lines.push(`  opened as record ${request.opened.seq}, before the first byte of the answer`)
  for (const amended of request.amended ?? [])
    lines.push(
      `  amended by record ${amended.seq}: ${printable(amended.event.note)} (${amended.event.reason ?? 'no reason'})`,
    )
  return `${lines.join('\n')}\n`
}

function headline(event: AccessEvent, paint: Paint): string {
  const end = event.status === 0 ? 'no answer' : String(event.status)
  const why = event.reason === null ? '' : ` ${event.reason}`
  const line = `${printable(event.method)} ${printable(event.path)} → ${end}${why} in ${milliseconds(event.durationUs)}`
  return paint('bold', line)
}

function origin(event: AccessEvent): string[] {
  const hop = event.trustedHop === null ? '' : `, said by the trusted hop ${event.trustedHop}`
  const agent = event.userAgent === null ? '' : `  ${printable(event.userAgent)}`
  return [
    `  ${new Date(event.receivedAtMs).toISOString()}  from ${event.clientIp}${hop}${agent}`,
    ...tlsLine(event),
    `  id ${event.id}  trace ${event.traceId}`,
  ]
}

function tlsLine({ tls }: AccessEvent): string[] {
  if (tls === null) return []
  const client = tls.clientCert === null ? '' : `, client certificate sha256:${tls.clientCert}`
  return [`  by ${tls.version} ${tls.cipher}${client}`]
}

function stages(event: AccessEvent, paint: Paint): string[] {
  const yes = paint('green', '✓')
  const no = paint('red', '✕')
  const lines: string[] = []
  const stage: Stage = (ok, name, text) => void lines.push(`  ${ok ? yes : no} ${name.padEnd(9)} ${text}`)
  const decided = event.reason ?? event.wouldRefuse
  const isBarred = decided === 'network_blocked'
  if (event.route === null) {
    if (isBarred) stage(false, 'network', `${event.clientIp} is blocked`)
    else stage(false, 'route', event.reason === null ? 'no route' : reasons[event.reason].title)
    return lines
  }
  stage(true, 'route', `${event.api}: ${event.route} (${event.mode})`)
  if (isBarred) stage(false, 'network', `${event.clientIp} is blocked`)
  // Where it was refused for that, nobody was asked who it is.
  if (event.reason === 'network_blocked') return lines
  if (event.identifiedBy !== null)
    stage(true, 'identify', `${event.consumer} by ${event.identifiedBy} ${event.credentialId}`)
  else if (decided !== null && decided in unidentified) stage(false, 'identify', unidentifiedText(event, decided))
  else stage(true, 'identify', 'nobody: the route asks for no credential')
  rights(event, decided, stage)
  ending(event, stage)
  return lines
}

type Stage = (ok: boolean, name: string, text: string) => void

/** Scopes and roles. */
function rights(event: AccessEvent, decided: Reason | null, stage: Stage): void {
  if (event.scopesNeeded.length > 0 && event.identifiedBy !== null) {
    const missing = event.scopesNeeded.filter((scope) => !event.scopesHeld.includes(scope))
    stage(
      missing.length === 0,
      'authorize',
      `needs ${event.scopesNeeded.join(' ')}; holds ${event.scopesHeld.join(' ') || 'none'}${missing.length === 0 ? '' : `; lacks ${missing.join(' ')}`}`,
    )
  }
  if (event.role !== null) stage(true, 'role', `permitted by ${printable(event.role)}`)
  else if (decided === 'not_permitted') stage(false, 'role', 'no role of the caller allows it')
}

/** From the limits to the answer. */
function ending(event: AccessEvent, stage: Stage): void {
  for (const limit of event.limits) {
    stage(
      limit.admitted,
      'limit',
      `${limit.name}: ${limit.used} of ${limit.limit} per ${seconds(limit.windowMs)} by ${limit.per}${limit.coarser ? ' (coarser partition)' : ''}`,
    )
  }
  if (event.upstream !== null) {
    const first =
      event.upstreamFirstByteUs === null ? '' : `, first byte after ${milliseconds(event.upstreamFirstByteUs)}`
    stage(
      event.upstreamStatus !== null,
      'upstream',
      `${event.upstream} → ${event.upstreamStatus ?? 'no answer'}${first}`,
    )
  }
  stage(
    event.outcome === 'served',
    'answer',
    `${event.outcome}, ${event.responseBytes} bytes${event.durability === null ? '' : `, ${event.durability} record`}`,
  )
}

/** What the bodies told, and which signatures of attacks were met. */
function learnt({ facts, signatures }: AccessEvent, paint: Paint): string[] {
  const lines = signatures.length === 0 ? [] : [paint('yellow', `  signatures: ${signatures.join(', ')}`)]
  if (facts === null) return lines
  const told: readonly (readonly [name: string, values: readonly string[]])[] = [
    ['asked for', facts.asked],
    ['given', facts.givenCount > facts.given.length ? [...facts.given, `${facts.givenCount} ids in all`] : facts.given],
    ['signs in as', facts.login === null ? [] : [facts.login]],
    ['sent', facts.requestClasses],
    ['answered with', facts.responseClasses],
    ['fields', facts.responseFields],
    ['errors', facts.errors],
    ['not looked at', facts.skipped],
  ]
  for (const [name, values] of told) {
    if (values.length > 0) lines.push(paint('dim', `  ${name}: ${values.map(printable).join(', ')}`))
  }
  return lines
}

/** What a caller who could not be identified had sent. */
const unidentified: Partial<Record<Reason, string>> = {
  credential_missing: 'no credential',
  invalid_api_key: 'the key was not accepted',
  invalid_token: 'the access token was not accepted',
  invalid_certificate: 'the client certificate was not accepted',
  identity_unavailable: 'the access token could not be verified',
}

function unidentifiedText({ credentialId }: AccessEvent, reason: Reason): string {
  return `${unidentified[reason] ?? ''}${credentialId === null ? '' : ` (it names ${credentialId})`}`
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(1)} ms`
}

function seconds(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`
}
