import type { AccessEvent, Finding, FindingActor } from '../../core/mod.ts'
import {
  addEvidence,
  type Burst,
  type BurstEntry,
  type Bursts,
  createBursts,
  type Episode,
  mainMember,
} from './bursts.ts'
import {
  actorsMaxDefault,
  type Bound,
  type Detector,
  type DetectorOptions,
  type EventPlace,
  nothing,
} from './detector.ts'
import { createSignIns, type FailureKind, failureOf } from './failures.ts'
import { findingOf, type Found } from './findings.ts'
import { networkOf } from './networks.ts'
import { rules } from './rules.ts'

export interface FailedAuthOptions extends DetectorOptions {
  /** @default 20 in 60 s */
  readonly bound?: Bound
}

/** An episode is over when the bound was not reached for so long. */
const quietMs = 5 * 60_000

/**
 * Bursts of failed authentications, of one network and of one consumer or key. Neighbouring addresses (/28, /56) are one
 * attacker; whoever shows itself in both ways is told of once: a network when the failures have nothing but the network in
 * common, a key or consumer when they have only that.
 */
export function createFailedAuth({ tag, bound, actorsMax = actorsMaxDefault }: FailedAuthOptions): Detector {
  const limits = bound ?? { limit: 20, windowMs: 60_000 }
  const rule = { ...limits, quietMs, actorsMax }
  const networks = createBursts(rule)
  const identities = createBursts(rule)
  const watch: Watch = { tag, bound: limits, networks, identities }
  const isSignIn = createSignIns()
  return {
    name: 'failed-auth',
    observe: (event, place) => {
      const signIn = isSignIn(event)
      const kind = failureOf(event, signIn)
      if (kind !== null) return fail(watch, { event, place, kind })
      return signIn && event.outcome === 'served' && event.status < 400 ? succeed(watch, event, place) : nothing
    },
    flush: () => [
      ...networks.untold().flatMap((key) => tell(watch, networks, key)),
      ...identities.untold().flatMap((key) => tell(watch, identities, key)),
    ],
    snapshot: () => ({ networks: networks.snapshot(), identities: identities.snapshot() }),
    restore: (state) => {
      // Our own snapshot, out of a sealed store.
      const kept = state as { networks?: unknown; identities?: unknown } | null
      networks.restore(kept?.networks)
      identities.restore(kept?.identities)
    },
    get evicted() {
      return networks.evicted + identities.evicted
    },
  }
}

interface Watch {
  readonly tag: (text: string) => string
  readonly bound: Bound
  readonly networks: Bursts
  readonly identities: Bursts
}

interface Failure {
  readonly event: AccessEvent
  readonly place: EventPlace
  readonly kind: FailureKind
}

function fail(watch: Watch, { event, place, kind }: Failure): readonly Finding[] {
  const { networks, identities } = watch
  const network = networkOf(event.clientIp)
  const identity = identityOf(event)
  const entry = entryOf(event, place)
  const found: Finding[] = []
  if (network !== null) {
    const mark = kind === 'sign-in' ? `${kind} ` : `${kind} ${identity ?? ''}`
    const step = networks.push(network.group, { ...entry, member: network.address, mark }, isNoOneKey)
    if (step !== 'quiet') found.push(...tell(watch, networks, network.group))
  }
  if (identity !== null) {
    const mark = `${kind} ${network?.group ?? ''}`
    const step = identities.push(identity, { ...entry, member: event.credentialId ?? '', mark }, isNoOneNetwork)
    if (step !== 'quiet') found.push(...tell(watch, identities, identity))
  }
  return found
}

/** A sign-in that went well, from an address of which many went wrong just before. */
function succeed(watch: Watch, event: AccessEvent, { seq, timeMs }: EventPlace): readonly Finding[] {
  const network = networkOf(event.clientIp)
  const episode = network === null ? null : (watch.networks.get(network.group)?.episode ?? null)
  if (network === null || episode === null) return nothing
  if (episode.members[network.address] === undefined || timeMs - episode.lastSeenMs > quietMs) return nothing
  episode.successes++
  episode.lastSeenMs = Math.max(episode.lastSeenMs, timeMs)
  addEvidence(episode, { seq, requestId: event.id })
  const isPowerOfTwo = (episode.successes & (episode.successes - 1)) === 0
  return isPowerOfTwo ? tell(watch, watch.networks, network.group) : nothing
}

function tell({ tag, bound, networks }: Watch, bursts: Bursts, key: string): readonly Finding[] {
  const burst = bursts.get(key)
  const episode = burst?.episode ?? null
  if (burst === undefined || episode === null) return nothing
  if (episode.label === '') episode.label = labelOf(burst)
  const ofNetwork = bursts === networks
  const found: Found = {
    rule: episode.label === signIns ? rules['failed-sign-ins'] : rules['failed-keys'],
    actor: ofNetwork ? networkActor(episode, key) : identityActor(episode, key),
    burst,
    episode,
    bound,
    ...(episode.successes > 0
      ? { note: successNote(episode.successes), severity: 'critical' }
      : { note: membersNote(episode, ofNetwork ? 'addresses' : 'keys') }),
  }
  return [findingOf(found, tag)]
}

function entryOf(event: AccessEvent, { seq, timeMs }: EventPlace): Omit<BurstEntry, 'member' | 'mark'> {
  const route = event.api === null ? '' : `${event.api} ${event.route ?? ''}`
  return { timeMs, seq, requestId: event.id, route }
}

/** All failures of one key, from wherever: that is told of the key. */
function isNoOneKey({ entries }: Burst): boolean {
  const first = entries[0]?.mark ?? ''
  return !first.startsWith('key ') || first === 'key ' || entries.some(({ mark }) => mark !== first)
}

/** All sign-ins that one consumer passed on from one network: that is told of the network. */
function isNoOneNetwork({ entries }: Burst): boolean {
  const first = entries[0]?.mark ?? ''
  return !first.startsWith('sign-in ') || first === 'sign-in ' || entries.some(({ mark }) => mark !== first)
}

/** What most of the failures are, decided when the episode begins. */
function labelOf({ entries }: Burst): string {
  return entries.filter(({ mark }) => mark.startsWith('sign-in ')).length * 2 > entries.length ? signIns : 'keys'
}

const signIns = 'sign-ins'

/** The consumer, by its name; a key that nobody was identified by stands for itself. */
function identityOf({ consumer, credentialId }: AccessEvent): string | null {
  if (consumer !== null) return `${ofConsumer}${consumer}`
  return credentialId === null ? null : `${ofKey}${credentialId}`
}

const ofConsumer = 'consumer '
const ofKey = 'key '

function networkActor(episode: Episode, group: string): FindingActor {
  return { kind: 'network', value: mainMember(episode) ?? group, group }
}

/** The key where one key alone fails, else its consumer. */
function identityActor(episode: Episode, identity: string): FindingActor {
  if (identity.startsWith(ofKey)) {
    const id = identity.slice(ofKey.length)
    return { kind: 'credential', value: id, group: id }
  }
  const name = identity.slice(ofConsumer.length)
  const key = mainMember(episode)
  return key === null || key === ''
    ? { kind: 'consumer', value: name, group: name }
    : { kind: 'credential', value: key, group: name }
}

function successNote(successes: number): string {
  return successes === 1
    ? 'A sign-in from there succeeded after the failures'
    : `${successes} sign-ins from there succeeded after the failures`
}

function membersNote({ members }: Episode, of: 'addresses' | 'keys'): string {
  const many = Object.keys(members).filter((member) => member !== '').length
  if (many < 2) return ''
  return of === 'addresses' ? `From ${many} addresses` : `With ${many} keys`
}
