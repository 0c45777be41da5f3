import type { ApiRequest } from '../../core/mod.ts'
import type { ForwardPlan } from './exchange.ts'
import type { FieldNames, FieldRole } from './field-names.ts'

/** What the upstream's fields are made of. */
export interface UpstreamHeadersFacts {
  readonly request: ApiRequest
  readonly plan: Pick<ForwardPlan, 'strip' | 'add'>
  readonly names: FieldNames
  /** The peer is a hop whose word counts: its forwarding fields are continued instead of replaced. */
  readonly trusted: boolean
  /** Fields that `Connection` named. */
  readonly connectionNames: readonly string[]
  /** False: no body is sent, and so no length. */
  readonly hasBody: boolean
  /** The caller's trace was taken over, so its `tracestate` still means something. */
  readonly continuesTrace: boolean
}

/**
 * The fields that an upstream gets, name and value in turn. `Host` is the caller's: APIs build links and tell tenants apart
 * by it. Hop-by-hop fields, credentials that stay here and, from peers that are not trusted, everything that tells where the
 * request came from are left out; `forwarded`, `x-forwarded-*`, `x-request-id` and `traceparent` are ours.
 */
export function upstreamHeaders(facts: UpstreamHeadersFacts): string[] {
  const { request, plan, names } = facts
  const { headers } = request
  const out: string[] = ['host', request.authority]
  const came: Came = { for: '', forwarded: '', proto: '', host: '' }
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = name === 'cookie' ? withoutOurs(headers[i + 1] ?? '') : (headers[i + 1] ?? '')
    if (name === 'cookie' && value === '') continue
    const { role } = names(name)
    if (role === 'forwarding' && facts.trusted) {
      if (!note(came, name, value)) out.push(name, value)
      continue
    }
    if (role !== 'plain' && !passes(role, facts)) continue
    if (plan.strip.includes(name) || facts.connectionNames.includes(name) || isAdded(name, plan.add)) continue
    out.push(name, value)
  }
  pushOwn(out, facts, came)
  for (const item of plan.add) out.push(item)
  return out
}

/**
 * Cookies without those of the console: a browser that is signed in there sends them to every port of the same host, and a
 * session of an administrator is none of an upstream's business.
 */
function withoutOurs(cookies: string): string {
  if (!cookies.includes('gths')) return cookies
  return cookies
    .split(';')
    .filter((pair) => !/^\s*(?:__Host-)?gths\s*=/.test(pair))
    .join(';')
    .trim()
}

/** Forwarding fields of a trusted hop. */
interface Came {
  for: string
  forwarded: string
  proto: string
  host: string
}

function note(came: Came, name: string, value: string): boolean {
  switch (name) {
    case 'x-forwarded-for':
      came.for += `${value}, `
      return true
    case 'forwarded':
      came.forwarded += `${value}, `
      return true
    case 'x-forwarded-proto':
      came.proto ||= value
      return true
    case 'x-forwarded-host':
      came.host ||= value
      return true
    default:
      return false
  }
}

function passes(role: FieldRole, facts: UpstreamHeadersFacts): boolean {
  if (role === 'credential') return true
  return (role === 'content-length' && facts.hasBody) || (role === 'tracestate' && facts.continuesTrace)
}

function isAdded(name: string, add: readonly string[]): boolean {
  for (let i = 0; i < add.length; i += 2) if (add[i] === name) return true
  return false
}

function pushOwn(out: string[], { request }: UpstreamHeadersFacts, came: Came): void {
  const { peer, authority, scheme } = request
  const node = peer.address.includes(':') ? `"[${peer.address}]"` : peer.address
  out.push(
    'x-forwarded-for',
    `${came.for}${peer.address}`,
    'x-forwarded-proto',
    came.proto === '' ? scheme : came.proto,
    'x-forwarded-host',
    came.host === '' ? authority : came.host,
    'forwarded',
    `${came.forwarded}for=${node};host="${authority}";proto=${scheme}`,
    'x-request-id',
    request.id,
    'traceparent',
    `00-${request.traceId}-${request.spanId}-${request.traceFlags}`,
  )
}
