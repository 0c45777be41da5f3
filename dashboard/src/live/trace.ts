import { type AccessEvent, type LimitReading, reasons } from '../api/types.ts'
import { duration, windowOf } from '../lib/format.ts'

/** One check of the way of a request, in the order in which they are made. */
export interface TraceStep {
  readonly state: 'passed' | 'stopped' | 'observed'
  readonly name: string
  readonly text: string
}

/** Why a request ended as it did: each check with what it decided, up to the one at which it stopped. */
export function traceOf(event: AccessEvent): readonly TraceStep[] {
  const { reason, route, api, mode } = event
  const steps: TraceStep[] = [...tlsStep(event)]
  if (route === null) {
    const name = reason === 'no_route' || reason === 'method_not_allowed' ? 'route' : 'request'
    return [...steps, { state: 'stopped', name, text: reason === null ? 'no route' : reasons[reason].title }]
  }
  steps.push({
    state: 'passed',
    name: 'route',
    text: `${api ?? 'api'}: ${route}${mode === 'observe' ? ' (observe mode)' : ''}`,
  })
  steps.push(
    ...networkStep(event),
    ...identifyStep(event),
    ...authorizeStep(event),
    ...event.limits.map((limit) => limitStep(limit, event)),
  )
  steps.push(...upstreamStep(event), answerStep(event))
  return steps
}

function tlsStep({ scheme, protocol }: AccessEvent): TraceStep[] {
  return [{ state: 'passed', name: 'connection', text: `${scheme} ${protocol}` }]
}

/** Enforced it stopped the request; in observe mode it is only said. */
function stoppedBy(event: AccessEvent, ...wanted: readonly string[]): TraceStep['state'] {
  if (event.reason !== null && wanted.includes(event.reason)) return 'stopped'
  return event.wouldRefuse !== null && wanted.includes(event.wouldRefuse) ? 'observed' : 'passed'
}

function networkStep(event: AccessEvent): TraceStep[] {
  const state = stoppedBy(event, 'network_blocked')
  return state === 'passed' ? [] : [{ state, name: 'network', text: `${event.clientIp} is blocked${noteOf(event)}` }]
}

function noteOf({ note }: AccessEvent): string {
  return note === '' ? '' : `: ${note}`
}

const unidentified = [
  'credential_missing',
  'invalid_api_key',
  'invalid_token',
  'invalid_certificate',
  'token_expired',
  'keys_unavailable',
]

function identifyStep(event: AccessEvent): TraceStep[] {
  const { identifiedBy, consumer, credentialId } = event
  const name = 'identity'
  if (identifiedBy !== null)
    return [
      {
        state: 'passed',
        name,
        text: `${consumer ?? 'a caller'} by ${identifiedBy}${credentialId === null ? '' : ` ${credentialId}`}`,
      },
    ]
  const state = stoppedBy(event, ...unidentified)
  const decided = event.reason ?? event.wouldRefuse
  if (state !== 'passed') {
    const named = credentialId === null ? '' : ` (it names ${credentialId})`
    return [
      {
        state,
        name,
        text: decided === 'credential_missing' ? 'no credential was sent' : `the credential was not accepted${named}`,
      },
    ]
  }
  if (event.reason !== null && event.outcome === 'refused') return []
  return [{ state: 'passed', name, text: 'nobody: the route asks for no credential' }]
}

function authorizeStep(event: AccessEvent): TraceStep[] {
  const { scopesNeeded, scopesHeld, identifiedBy } = event
  const steps: TraceStep[] = []
  if (scopesNeeded.length > 0 && identifiedBy !== null) {
    const missing = scopesNeeded.filter((scope) => !scopesHeld.includes(scope))
    const state = missing.length === 0 ? 'passed' : event.outcome === 'served' ? 'observed' : 'stopped'
    const lacks = missing.length === 0 ? '' : `; lacks ${missing.join(' ')}`
    steps.push({
      state,
      name: 'scope',
      text: `needs ${scopesNeeded.join(' ')}, holds ${scopesHeld.join(' ') || 'none'}${lacks}`,
    })
  }
  const role = stoppedBy(event, 'not_permitted')
  if (role !== 'passed')
    steps.push({ state: role, name: 'role', text: `no role of the caller allows it${noteOf(event)}` })
  return steps
}

function limitStep(
  { name, used, limit, windowMs, per, admitted, coarser }: LimitReading,
  event: AccessEvent,
): TraceStep {
  const text = `${name}: ${used} of ${limit} per ${windowOf(windowMs)} by ${per}${coarser ? ' (coarser partition)' : ''}`
  return { state: admitted ? 'passed' : event.outcome === 'refused' ? 'stopped' : 'observed', name: 'limit', text }
}

function upstreamStep({ upstream, upstreamStatus, upstreamFirstByteUs }: AccessEvent): TraceStep[] {
  if (upstream === null) return []
  const first = upstreamFirstByteUs === null ? '' : `, first byte after ${duration(upstreamFirstByteUs)}`
  return [
    {
      state: upstreamStatus === null ? 'stopped' : 'passed',
      name: 'upstream',
      text: `${upstream} answered ${upstreamStatus ?? 'nothing'}${first}`,
    },
  ]
}

function answerStep(event: AccessEvent): TraceStep {
  const { outcome, status, reason, responseBytes } = event
  if (outcome === 'served')
    return { state: 'passed', name: 'answer', text: `${status}, ${responseBytes.toLocaleString('en')} bytes` }
  const title = reason === null ? outcome : reasons[reason].title
  return { state: 'stopped', name: 'answer', text: status === 0 ? `${outcome}: ${title}` : `${status} ${title}` }
}

/** The same request as a command. Secrets are not in the record: a placeholder stands for the credential. */
export function curlOf({ method, scheme, host, path, query, identifiedBy }: AccessEvent): string {
  const url = `${scheme === '' ? 'http' : scheme}://${host}${path}${query === '' ? '' : `?${query}`}`
  const verb = method === 'GET' ? '' : ` -X ${method}`
  const key = identifiedBy === null ? '' : " -H 'authorization: Bearer YOUR_KEY'"
  return `curl -i${verb} ${quoted(url)}${key}`
}

/** For a POSIX shell: nothing in it is anything but itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
