import type { AccessEvent, LimitReading, Outcome } from '../../core/mod.ts'
import {
  type Activity,
  classified,
  isAddress,
  known,
  metadata,
  type OcsfEvent,
  type Product,
  type SeverityName,
} from './ocsf-parts.ts'

/** A record of the access log with its place. */
export interface PlacedAccess {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AccessEvent
}

/** A record of a request as OCSF 1.8.0 API Activity (6003). What OCSF has no place for stands in `unmapped`. */
export function accessToOcsf({ seq, recordedAtUs, event }: PlacedAccess, product: Product): OcsfEvent {
  const refusing = event.limits.find(({ admitted }) => !admitted)
  const { cut } = event
  return {
    ...classified('api_activity', activityOf(event.method), severityOf(event)),
    ...verdict(event),
    time: event.receivedAtMs,
    start_time: event.receivedAtMs,
    end_time: event.receivedAtMs + ms(event.durationUs),
    duration: ms(event.durationUs),
    message: messageOf(event),
    metadata: metadata(product, {
      log: 'access',
      uid: event.id,
      seq,
      recordedAtUs,
      code: event.kind,
      profiles: ['security_control', 'trace'],
      more: cut === null ? {} : { is_truncated: true, untruncated_size: cut.bytes },
    }),
    actor: { user: userOf(event) },
    api: {
      operation: event.route ?? (event.method === '' ? 'unknown' : event.method),
      request: { uid: event.id },
      response: known({ code: event.status, error: event.reason, error_message: event.note }),
      ...(event.api === null || event.api === '' ? {} : { service: { name: event.api } }),
    },
    src_endpoint: sourceOf(event),
    ...destinationOf(event),
    http_request: requestOf(event),
    ...responseOf(event),
    ...(event.traceId === '' ? {} : { trace: { uid: event.traceId } }),
    ...(refusing === undefined ? {} : { firewall_rule: ruleOf(refusing) }),
    ...authorizations(event),
    ...policyOf(event),
    unmapped: unmappedOf(event),
  }
}

const createActivity: Activity = { id: 1, name: 'Create' }
const readActivity: Activity = { id: 2, name: 'Read' }
const updateActivity: Activity = { id: 3, name: 'Update' }
const activities: ReadonlyMap<string, Activity> = new Map([
  ['POST', createActivity],
  ['GET', readActivity],
  ['HEAD', readActivity],
  ['OPTIONS', readActivity],
  ['PUT', updateActivity],
  ['PATCH', updateActivity],
  ['DELETE', { id: 4, name: 'Delete' }],
])

function activityOf(method: string): Activity {
  return activities.get(method) ?? { id: 99, name: method === '' ? 'Other' : method }
}

function severityOf({ outcome, reason, wouldRefuse }: AccessEvent): SeverityName {
  if (reason?.startsWith('ledger_') === true || reason === 'internal_error') return 'high'
  const byOutcome: Record<Outcome, SeverityName> = { served: 'info', aborted: 'info', refused: 'low', failed: 'medium' }
  return wouldRefuse === null ? byOutcome[outcome] : 'low'
}

/** What we did with it (profile security_control), and what came of it. */
function verdict(event: AccessEvent): OcsfEvent {
  const succeeded = event.outcome === 'served' && event.status < 400
  return {
    ...(event.outcome === 'aborted'
      ? { status_id: 99, status: 'Aborted' }
      : succeeded
        ? { status_id: 1, status: 'Success' }
        : { status_id: 2, status: 'Failure' }),
    ...known({
      status_code: event.status === 0 ? null : String(event.status),
      status_detail: event.reason ?? event.wouldRefuse,
    }),
    ...actionOf(event),
  }
}

function actionOf({ outcome, status, wouldRefuse }: AccessEvent): OcsfEvent {
  switch (outcome) {
    case 'served':
      return wouldRefuse === null
        ? { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' }
        : { action_id: 3, action: 'Observed', disposition_id: 15, disposition: 'Detected' }
    case 'refused':
      return status === 401
        ? { action_id: 2, action: 'Denied', disposition_id: 26, disposition: 'Unauthorized' }
        : { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' }
    case 'failed':
      return { action_id: 99, action: 'Failed', disposition_id: 27, disposition: 'Error' }
    case 'aborted':
      return { action_id: 99, action: 'Aborted', disposition_id: 99, disposition: 'Aborted' }
  }
}

function messageOf({ method, path, status, outcome, reason, wouldRefuse }: AccessEvent): string {
  const why = reason ?? (wouldRefuse === null ? null : `would be refused: ${wouldRefuse}`)
  return `${method} ${path} ${outcome} ${status}${why === null ? '' : ` (${why})`}`
}

function userOf({ consumerId, consumer, credentialId }: AccessEvent): OcsfEvent {
  const credential = known({ credential_uid: credentialId })
  const named = known({ uid: consumerId, name: consumer })
  if (Object.keys(named).length > 0) return { ...named, ...credential, type_id: 4, type: 'Service' }
  return { name: 'anonymous', ...credential, type_id: 0, type: 'Unknown' }
}

function sourceOf({ peer, peerPort, clientIp }: AccessEvent): OcsfEvent {
  const direct = clientIp === peer
  const hops = direct || !isAddress(peer) ? [] : [peer]
  return known({
    ...(isAddress(clientIp) ? { ip: clientIp } : { name: clientIp === '' ? 'unknown' : clientIp }),
    port: direct && peerPort > 0 ? peerPort : null,
    intermediate_ips: hops,
  })
}

function destinationOf({ host, api }: AccessEvent): OcsfEvent {
  const endpoint = known({ hostname: host, svc_name: api })
  return Object.keys(endpoint).length === 0 ? {} : { dst_endpoint: endpoint }
}

const ocsfMethods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
])

function requestOf(event: AccessEvent): OcsfEvent {
  const { id, method, scheme, host, path, query, protocol, userAgent, requestBytes } = event
  return {
    uid: id,
    ...(ocsfMethods.has(method) ? { http_method: method } : {}),
    url: { path, ...known({ scheme, hostname: host, query_string: query }) },
    ...known({ user_agent: userAgent, version: protocol.replace(/^HTTP\//, '') }),
    body_length: requestBytes,
  }
}

function responseOf({ status, responseBytes, durationUs }: AccessEvent): OcsfEvent {
  if (status === 0) return {}
  return { http_response: { code: status, body_length: responseBytes, latency: ms(durationUs) } }
}

function ruleOf({ name, per, limit, windowMs, used }: LimitReading): OcsfEvent {
  return {
    name,
    type: 'limit',
    rate_limit: limit,
    condition: `${limit} per ${per} in ${windowMs} ms`,
    match_details: [`used ${used}`],
  }
}

/** Each scope that was asked for, and whether the caller held it. */
function authorizations({ scopesNeeded, scopesHeld }: AccessEvent): OcsfEvent {
  if (scopesNeeded.length === 0) return {}
  const held = new Set(scopesHeld)
  return {
    authorizations: scopesNeeded.map((name) => ({
      decision: held.has(name) ? 'Allowed' : 'Denied',
      policy: { name, type: 'scope' },
    })),
  }
}

/** The role that permitted it, and which of its patterns did. */
function policyOf({ role }: AccessEvent): OcsfEvent {
  const named = known({ name: role })
  return Object.keys(named).length === 0 ? {} : { policy: { ...named, type: 'role', is_applied: true } }
}

function unmappedOf(event: AccessEvent): OcsfEvent {
  return known({
    kind: event.kind,
    outcome: event.outcome,
    reason: event.reason,
    would_refuse: event.wouldRefuse,
    method: event.method,
    mode: event.mode,
    durability: event.durability,
    revision: event.revision,
    identified_by: event.identifiedBy,
    scopes_held: event.scopesHeld,
    trusted_hop: event.trustedHop,
    tls: event.tls,
    upstream: event.upstream,
    upstream_status: event.upstreamStatus,
    upstream_first_byte_us: event.upstreamFirstByteUs,
    attempts: event.attempts,
    thread: event.thread,
    duration_us: event.durationUs,
    limits: event.limits,
    unknown: event.unknown,
    cut_sha256: event.cut?.sha256,
  })
}

function ms(us: number): number {
  return Math.round(us / 1000)
}
