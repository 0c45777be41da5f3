import { type AccessEvent, type LimitReading, type Reason, reasons } from '../api/types.ts'
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
  const steps: TraceStep[] = [connectionStep(event), ...networkStep(event)]
  if (reason === 'tls_failed' || reason === 'network_blocked') return [...steps, answerStep(event)]
  if (route === null) {
    const name = reason === 'no_route' || reason === 'method_not_allowed' ? 'route' : 'request'
    return [...steps, { state: 'stopped', name, text: reason === null ? 'no route' : reasons[reason].title }]
  }
  const observed = mode === 'observe' ? ' (observe mode)' : ''
  steps.push({ state: 'passed', name: 'route', text: `${api ?? 'api'}: ${route}${observed}` })
  steps.push(...identifyStep(event), ...authorizeStep(event), ...event.limits.map((limit) => limitStep(limit, event)))
  steps.push(...upstreamStep(event), answerStep(event))
  return steps
}

function connectionStep({ scheme, protocol, tls, reason, note }: AccessEvent): TraceStep {
  if (reason === 'tls_failed')
    return { state: 'stopped', name: 'connection', text: `no TLS connection came about: ${note}` }
  const secured =
    tls === null ? '' : `, ${tls.version} ${tls.cipher}${tls.clientCert === null ? '' : ', with a client certificate'}`
  return { state: 'passed', name: 'connection', text: `${scheme} ${protocol}${secured}` }
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

const unidentified: Partial<Readonly<Record<Reason, string>>> = {
  credential_missing: 'no credential was sent',
  invalid_api_key: 'the key was not accepted',
  invalid_token: 'the token was not accepted',
  invalid_certificate: 'the client certificate was not accepted',
  identity_unavailable: 'the keys to check the credential with cannot be had',
}

function identifyStep(event: AccessEvent): TraceStep[] {
  const { identifiedBy, consumer, credentialId, outcome, reason, wouldRefuse } = event
  const name = 'identity'
  const named = credentialId === null ? '' : ` ${credentialId}`
  if (identifiedBy !== null)
    return [{ state: 'passed', name, text: `${consumer ?? 'a caller'} by ${identifiedBy}${named}` }]
  const decided = reason ?? wouldRefuse
  const why = decided === null ? undefined : unidentified[decided]
  if (why !== undefined && decided !== null)
    return [{ state: stoppedBy(event, decided), name, text: `${why}${named === '' ? '' : ` (it names${named})`}` }]
  // What was refused before anybody asked who it was.
  if (reason !== null && outcome === 'refused' && reason !== 'quota_exceeded') return []
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
  const state = stoppedBy(event, 'not_permitted')
  if (state !== 'passed') steps.push({ state, name: 'role', text: `no role of the caller allows it${noteOf(event)}` })
  else if (event.role !== null) steps.push({ state, name: 'role', text: `allowed by ${event.role}` })
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
