import type { AccessEvent } from '../../core/mod.ts'
import { agentFamilyOf, networkOf } from './kin.ts'
import { openTally, type Tally } from './tally.ts'

/** Who used what in a period, counted; two of them can be compared. */
export interface Profile {
  requests: number
  readonly consumers: Tally
  readonly credentials: Tally
  readonly routes: Tally
  readonly networks: Tally
  readonly userAgents: Tally
  readonly reasons: Tally
  /** Requests by consumer and by route that ended badly: refused, failed, or answered with 5xx. */
  readonly errorsByConsumer: Tally
  readonly errorsByRoute: Tally
  /** Of each credential its networks, as `credential network`. */
  readonly credentialNetworks: Tally
}

export function openProfile(): Profile {
  return {
    requests: 0,
    consumers: openTally(),
    credentials: openTally(),
    routes: openTally(),
    networks: openTally(),
    userAgents: openTally(),
    reasons: openTally(),
    errorsByConsumer: openTally(),
    errorsByRoute: openTally(),
    credentialNetworks: openTally(),
  }
}

/** Counts one terminal record. */
export function addToProfile(profile: Profile, event: AccessEvent, seq: number): void {
  const network = networkOf(event.clientIp)
  const isError = event.outcome === 'refused' || event.outcome === 'failed' || event.status >= 500
  profile.requests++
  profile.networks.add(network, seq)
  profile.userAgents.add(agentFamilyOf(event.userAgent), seq)
  if (event.reason !== null) profile.reasons.add(event.reason, seq)
  if (event.route !== null) {
    const route = `${event.api ?? ''} ${event.method} ${templateOf(event.route)}`.trim()
    profile.routes.add(route, seq)
    if (isError) profile.errorsByRoute.add(route, seq)
  }
  if (event.consumer !== null && event.identifiedBy !== null) {
    profile.consumers.add(event.consumer, seq)
    if (isError) profile.errorsByConsumer.add(event.consumer, seq)
  }
  if (event.credentialId !== null && event.identifiedBy !== null) {
    profile.credentials.add(event.credentialId, seq)
    profile.credentialNetworks.add(`${event.credentialId} ${network}`, seq)
  }
}

/** `GET,HEAD /v1/orders` → `/v1/orders`: the method of the request stands before it. */
function templateOf(route: string): string {
  return route.slice(route.indexOf('/'))
}
