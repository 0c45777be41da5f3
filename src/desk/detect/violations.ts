import type { AccessEvent, Finding, FindingActor } from '../../core/mod.ts'
import { type BurstEntry, type BurstRule, createBursts, mainMember } from './bursts.ts'
import { actorsMaxDefault, type Bound, type Detector, type DetectorOptions, nothing } from './detector.ts'
import { findingOf } from './findings.ts'
import { networkOf } from './networks.ts'
import { type Rule, rules } from './rules.ts'

export interface ViolationOptions extends DetectorOptions {
  readonly bound?: Bound
}

const minuteMs = 60_000
const hourMs = 3_600_000

/** Callers that try what their scopes or roles do not allow. @default bound 10 in 5 min */
export function createScopeRefusals({ tag, bound, actorsMax = actorsMaxDefault }: ViolationOptions): Detector {
  const limits = bound ?? { limit: 10, windowMs: 5 * minuteMs }
  return fromBursts('scope-refusals', {
    tag,
    rule: rules['scope-refusals'],
    burst: { ...limits, quietMs: 15 * minuteMs, actorsMax },
    of: (event, reason) => {
      if (!beyondRights.has(reason)) return null
      const consumer = event.consumer ?? event.consumerId
      if (event.credentialId !== null)
        return { key: event.credentialId, member: consumer ?? event.credentialId, mark: '' }
      return consumer === null ? null : { key: consumer, member: consumer, mark: '' }
    },
    // A caller without a key of its own, by token or certificate, is known by its consumer.
    actor: (key, member) => ({ kind: key === member ? 'consumer' : 'credential', value: key, group: member ?? key }),
  })
}

/** As texts: a stage adds reasons, and this list need not know the type. */
const beyondRights: ReadonlySet<string> = new Set(['insufficient_scope', 'not_permitted'])

/** The first request of a blocked network in an hour; the others of that hour are counted with it. */
export function createBlockedNetworks({ tag, actorsMax = actorsMaxDefault }: DetectorOptions): Detector {
  return fromBursts('blocked-network', {
    tag,
    rule: rules['blocked-network'],
    burst: { limit: 1, windowMs: hourMs, quietMs: hourMs, actorsMax },
    of: (event, reason) => (reason === blocked ? ofNetwork(event, '') : null),
    actor: networkActor,
  })
}

const blocked: string = 'network_blocked'

/** Networks that ask for many different things that no route serves. @default bound 20 in 60 s */
export function createProbing({ tag, bound, actorsMax = actorsMaxDefault }: ViolationOptions): Detector {
  const limits = bound ?? { limit: 20, windowMs: minuteMs }
  return fromBursts('probing', {
    tag,
    rule: rules.probing,
    burst: { ...limits, quietMs: 5 * minuteMs, distinct: true, actorsMax },
    of: (event, reason) =>
      unrouted.has(reason) ? ofNetwork(event, hashOf(`${event.method} ${event.path}`).toString(36)) : null,
    actor: networkActor,
  })
}

const unrouted: ReadonlySet<string> = new Set(['no_route', 'method_not_allowed'])

interface Violation {
  readonly key: string
  readonly member: string
  readonly mark: string
}

function ofNetwork(event: AccessEvent, mark: string): Violation | null {
  const network = networkOf(event.clientIp)
  return network === null ? null : { key: network.group, member: network.address, mark }
}

function networkActor(group: string, member: string | null): FindingActor {
  return { kind: 'network', value: member ?? group, group }
}

interface BurstDetector {
  readonly tag: (text: string) => string
  readonly rule: Rule
  readonly burst: BurstRule
  /** Whose violation the event is; null when it is none. */
  readonly of: (event: AccessEvent, reason: string) => Violation | null
  readonly actor: (key: string, mainMember: string | null) => FindingActor
}

function fromBursts(name: string, { tag, rule, burst: burstRule, of, actor }: BurstDetector): Detector {
  const bursts = createBursts(burstRule)
  const tell = (key: string): readonly Finding[] => {
    const burst = bursts.get(key)
    if (burst?.episode === null || burst?.episode === undefined) return nothing
    const { episode } = burst
    return [findingOf({ rule, actor: actor(key, mainMember(episode)), burst, episode, bound: burstRule }, tag)]
  }
  return {
    name,
    observe: (event, { seq, timeMs }): readonly Finding[] => {
      const reason = event.reason ?? event.wouldRefuse
      const violation = reason === null ? null : of(event, reason)
      if (violation === null) return nothing
      const { key, member, mark } = violation
      const route = event.api === null ? '' : `${event.api} ${event.route ?? ''}`
      const entry: BurstEntry = { timeMs, seq, requestId: event.id, member, mark, route }
      return bursts.push(key, entry) === 'quiet' ? nothing : tell(key)
    },
    flush: () => bursts.untold().flatMap(tell),
    snapshot: () => bursts.snapshot(),
    restore: (state) => bursts.restore(state),
    get evicted() {
      return bursts.evicted
    },
  }
}

/** FNV-1a, 32 bits: tells paths apart well enough where twenty are to be different. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
