import {
  type Headers,
  type LimitPartition,
  type LimitPolicy,
  type LimitReading,
  type Principal,
  refusal,
  type Refusal,
  GatehouseError,
} from '../../core/mod.ts'
import { claimsMax } from './counter-memory.ts'
import type { Claim, CounterKey, CounterStore, Taken } from './counter-store.ts'
import { createKeyHash, type KeyHash, type PolicyHash, policyHash } from './key-hash.ts'
import { fieldName, policyMember, stateMember } from './limit-headers.ts'
import { coarserNetwork, createNetworks, type Network } from './network.ts'

/** The limits of a route, with everything worked out that does not depend on the request. */
export interface CompiledLimits {
  readonly policies: readonly CompiledPolicy[]
  /** The whole `RateLimit-Policy` field. */
  readonly policyField: string
}

/** One limit of a route. */
export interface CompiledPolicy {
  readonly policy: LimitPolicy
  readonly hash: PolicyHash
  /** As it stands in fields. */
  readonly quotedName: string
}

/** How the limits of a route stood. */
export interface LimitVerdict {
  readonly refusal: Refusal | null
  /** In the order of the limits. */
  readonly readings: readonly LimitReading[]
  /** `RateLimit` fields for the answer, refused or not; empty where they are switched off. */
  readonly headers: Headers
}

/** What a limiter is made of. */
export interface LimiterOptions {
  readonly store: CounterStore
  /** The same in all threads that share the counters: `countersSeed()`. */
  readonly seed: number
  /** Send the draft `RateLimit` fields. */
  readonly rateLimitHeaders: boolean
}

/** The stage that limits. */
export interface Limiter {
  /**
   * Takes from all limits of the route, or from none. `nowMs` is `Clock.monotonicMs`.
   * Who is anonymous is counted by address where the limit is per consumer or credential.
   */
  take(compiled: CompiledLimits, principal: Principal, clientIp: string, nowMs: number): LimitVerdict
}

/**
 * Compiles a route's limits, once per revision. Of limits with the same name and window, which share their counters, the
 * lowest is kept. Throws `config_invalid` when they are more than can be taken at once.
 */
export function compileLimits(limits: readonly LimitPolicy[]): CompiledLimits {
  const lowest = new Map<string, LimitPolicy>()
  for (const policy of limits) {
    const id = `${policy.windowMs} ${policy.name}`
    if (policy.limit < (lowest.get(id)?.limit ?? Infinity)) lowest.set(id, policy)
  }
  const kept = [...lowest.values()]
  if (kept.length > claimsMax) {
    const why = `at most ${claimsMax} can apply to one request`
    throw new GatehouseError('config_invalid', `Cannot use ${kept.length} limits for one route: ${why}`)
  }
  return {
    policies: kept.map((policy) => ({
      policy,
      hash: policyHash(policy.name, policy.windowMs),
      quotedName: fieldName(policy.name),
    })),
    policyField: kept.map(policyMember).join(','),
  }
}

/** One per thread. */
export function createLimiter({ store, seed, rateLimitHeaders }: LimiterOptions): Limiter {
  const hash = createKeyHash(seed)
  const networkOf = createNetworks()
  return {
    take: (compiled, principal, clientIp, nowMs) => {
      if (compiled.policies.length === 0) return unlimited
      const network = networkOf(clientIp)
      const claims = compiled.policies.map((one) => claimOf(one, { hash, principal, network }))
      const taken = store.take(claims, nowMs)
      const verdict = verdictOf(compiled, principal, taken)
      return rateLimitHeaders ? { ...verdict, headers: fieldsOf(compiled, taken) } : verdict
    },
  }
}

const none: Headers = []
const unlimited: LimitVerdict = { refusal: null, readings: [], headers: none }

/** Kinds of partitions, kept apart in their keys. */
const domains = { consumer: 1, credential: 2, ipv4: 3, ipv6: 4, other: 5, coarserIpv4: 6, coarserIpv6: 7 }

/** Who a request is counted for. */
interface Caller {
  readonly hash: KeyHash
  readonly principal: Principal
  readonly network: Network
}

function claimOf({ policy, hash: of }: CompiledPolicy, { hash, principal, network }: Caller): Claim {
  const { limit, windowMs } = policy
  if (principal.kind === 'anonymous' || policy.per === 'ip') {
    return { key: networkKey(hash, of, network), coarserKey: coarserNetworkKey(hash, of, network), limit, windowMs }
  }
  const consumerKey = hash.ofText(of, domains.consumer, principal.consumerId)
  if (policy.per === 'consumer') return { key: consumerKey, coarserKey: null, limit, windowMs }
  const key = hash.ofText(of, domains.credential, principal.credentialId)
  return { key, coarserKey: consumerKey, limit, windowMs }
}

function networkKey(hash: KeyHash, of: PolicyHash, network: Network): CounterKey {
  if (network.kind === 'other') return hash.ofText(of, domains.other, network.text)
  return hash.ofWords(of, domains[network.kind], network)
}

function coarserNetworkKey(hash: KeyHash, of: PolicyHash, network: Network): CounterKey | null {
  const coarser = coarserNetwork(network)
  if (coarser === null) return null
  return hash.ofWords(of, network.kind === 'ipv4' ? domains.coarserIpv4 : domains.coarserIpv6, coarser)
}

function verdictOf({ policies }: CompiledLimits, principal: Principal, taken: readonly Taken[]): LimitVerdict {
  const readings: LimitReading[] = []
  let refused = false
  for (const [i, { used, resetMs, admitted, coarser }] of taken.entries()) {
    const policy = policies[i]?.policy
    if (policy === undefined) break
    const { name, limit, windowMs } = policy
    const per: LimitPartition = principal.kind === 'anonymous' ? 'ip' : policy.per
    readings.push({ name, per, limit, windowMs, used, resetMs, admitted, coarser })
    if (!admitted) refused = true
  }
  return { refusal: refused ? refusalOf(readings, taken) : null, readings, headers: none }
}

/** Says to the caller when to come back: when the last of the limits that refused would admit one. */
function refusalOf(readings: readonly LimitReading[], taken: readonly Taken[]): Refusal {
  const violated = readings.filter(({ admitted }) => !admitted)
  const seconds = Math.ceil(Math.max(...violated.map(({ resetMs }) => resetMs)) / 1000)
  const names = violated.map(({ name }) => name).join(', ')
  const full = readings.filter((_, i) => taken[i]?.full === true).map(({ name }) => name)
  return refusal('quota_exceeded', `Try again in ${seconds} s`, {
    note: `limits: ${names}${full.length === 0 ? '' : `; no room to count: ${full.join(', ')}`}`,
    headers: ['retry-after', String(seconds)],
  })
}

function fieldsOf({ policies, policyField }: CompiledLimits, taken: readonly Taken[]): Headers {
  let state = ''
  for (const [i, { policy, quotedName }] of policies.entries()) {
    const one = taken[i]
    if (one !== undefined) state += (i === 0 ? '' : ',') + stateMember(quotedName, policy.limit, one)
  }
  return ['ratelimit-policy', policyField, 'ratelimit', state]
}
