import type { AccessEvent } from '../../core/mod.ts'
import { callerOf, type Check, counting, joined, routeOf } from './check.ts'
import { networkOf } from './kin.ts'
import { openTally } from './tally.ts'

/** What the access log is asked about requests that did not go well. */
export const accessChecks: readonly Check[] = [
  byKey({
    id: 'failed_authentication',
    title: 'Failed authentications',
    about:
      'Requests without a valid credential, by network and by whom they named. Guessing, or a client with an old key.',
    query: 'outcome:refused status:401',
    keyOf: (event) =>
      event.outcome === 'refused' && event.status === 401 ? joined(networkOf(event.clientIp), callerOf(event)) : null,
  }),
  byKey({
    id: 'failed_sign_ins',
    title: 'Sign-ins that the API refused',
    about: 'Answers 401 and 403 of the API itself, by network and route. Many of them are passwords being tried.',
    query: 'outcome:served status:401,403',
    keyOf: (event) =>
      event.outcome === 'served' && (event.status === 401 || event.status === 403)
        ? joined(networkOf(event.clientIp), routeOf(event))
        : null,
  }),
  byKey({
    id: 'permission_refusals',
    title: 'Requests beyond what was granted',
    about: 'Scope and role refusals, by caller and route. A client that was changed, or somebody who looks for more.',
    query: 'outcome:refused status:403',
    keyOf: (event) =>
      event.outcome === 'refused' && event.status === 403 && !isBlocked(event)
        ? joined(callerOf(event), routeOf(event), event.reason ?? '')
        : null,
  }),
  unrouted(),
  byKey({
    id: 'malformed_requests',
    title: 'Malformed requests',
    about:
      'Messages that break the rules of HTTP or its limits, by reason and network. Scanners and smuggling look so.',
    query: 'outcome:refused status:400,408,413,414,417,421,431,501,505',
    keyOf: (event) =>
      event.outcome === 'refused' && event.reason !== null && malformed.has(event.status)
        ? joined(event.reason, networkOf(event.clientIp))
        : null,
  }),
  byKey({
    id: 'server_errors',
    title: 'Errors of the API',
    about: 'Answers 5xx of the API itself, by route and status.',
    query: 'outcome:served status:5xx',
    keyOf: (event) =>
      event.outcome === 'served' && event.status >= 500 ? joined(routeOf(event), String(event.status)) : null,
  }),
  byKey({
    id: 'upstream_failures',
    title: 'Requests that could not be forwarded',
    about: 'The API was unreachable, too slow or broke off, by route and reason.',
    query: 'outcome:failed',
    keyOf: (event) =>
      event.outcome === 'failed' && !isLedger(event) ? joined(routeOf(event), event.reason ?? '') : null,
  }),
  byKey({
    id: 'limit_refusals',
    title: 'Limits that were reached',
    about: 'Requests refused by a limit, by caller and limit. A client in a loop, or a limit that is too low.',
    query: 'reason:quota_exceeded',
    keyOf: (event) => {
      if (event.reason !== 'quota_exceeded') return null
      const limit = event.limits.find(({ admitted }) => !admitted)?.name ?? 'limit'
      return joined(event.consumer ?? networkOf(event.clientIp), limit)
    },
  }),
  byKey({
    id: 'would_refuse',
    title: 'Let pass in observe mode',
    about: 'Requests that enforcing would have refused, by reason and route: look at them before you enforce.',
    query: 'wouldRefuse:*',
    keyOf: (event) => (event.wouldRefuse === null ? null : joined(event.wouldRefuse, routeOf(event))),
  }),
]

/** True for a request whose network is blocked. */
export function isBlocked({ reason }: AccessEvent): boolean {
  const named: string | null = reason
  return named === 'network_blocked'
}

/** True where the record itself could not be kept safe. */
export function isLedger({ reason }: AccessEvent): boolean {
  return reason === 'ledger_full' || reason === 'ledger_stalled' || reason === 'ledger_failed'
}

interface ByKey extends Omit<Check, 'begin' | 'severity' | 'source' | 'version'> {
  /** What a record is counted under; null for one that is not meant. */
  readonly keyOf: (event: AccessEvent) => string | null
}

function byKey({ keyOf, ...check }: ByKey): Check {
  return {
    ...check,
    version: 1,
    severity: 'low',
    source: 'access',
    begin: () => {
      const tally = openTally()
      return {
        access: (event, seq) => {
          const key = keyOf(event)
          if (key !== null) tally.add(key, seq)
        },
        end: counting(tally, 'access'),
      }
    },
  }
}

/** Paths told apart for each network. */
const pathsMax = 64

function unrouted(): Check {
  return {
    id: 'unrouted_requests',
    version: 1,
    title: 'Requests for what is not there',
    about:
      'Paths and methods without a route, by network. Many different paths from one network are a search for weak spots.',
    severity: 'low',
    source: 'access',
    query: 'outcome:refused status:404,405',
    begin: () => {
      const tally = openTally()
      const paths = new Map<string, Set<string>>()
      return {
        access: (event, seq) => {
          if (event.reason !== 'no_route' && event.reason !== 'method_not_allowed') return
          const network = networkOf(event.clientIp)
          tally.add(network, seq)
          if (!tally.has(network)) return
          const seen = paths.get(network) ?? new Set<string>()
          paths.set(network, seen)
          if (seen.size < pathsMax) seen.add(event.path)
        },
        end: counting(tally, 'access', (network) => {
          const different = paths.get(network)?.size ?? 0
          return `${network}: ${different === pathsMax ? `${pathsMax} or more` : different} different paths`
        }),
      }
    },
  }
}

const malformed: ReadonlySet<number> = new Set([400, 408, 413, 414, 417, 421, 431, 501, 505])
