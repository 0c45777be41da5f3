import type { AccessEvent, AuditEvent } from '../../core/mod.ts'
import { callerOf, type Check, type CheckRun, counting, joined, listing, routeOf } from './check.ts'
import { isBlocked } from './checks-access.ts'
import { isInNetwork, networkOf } from './kin.ts'
import type { CheckRow } from './results.ts'
import { openTally, placesMax, type Tally } from './tally.ts'

/** What the access log is asked about requests that went well and perhaps should not have. */
export const suspiciousChecks: readonly Check[] = [
  {
    id: 'success_after_failures',
    version: 1,
    title: 'Success after many failures',
    about:
      'A network that was refused at least 10 times within 10 minutes for who it is, and then got in. The way a guessed password or key looks.',
    severity: 'high',
    source: 'access',
    begin: successAfterFailures,
  },
  {
    id: 'keys_from_new_networks',
    version: 1,
    title: 'Keys used from new networks',
    about:
      'Keys that were in use in the period before, and now came from a network from which they had not come. A copied key looks so.',
    severity: 'high',
    source: 'access',
    begin: ({ before }) => {
      const tally = openTally()
      return {
        access: (event, seq) => {
          if (before === null || event.credentialId === null || event.identifiedBy === null) return
          const network = networkOf(event.clientIp)
          if (!before.credentials.has(event.credentialId)) return
          if (before.credentialNetworks.has(`${event.credentialId} ${network}`)) return
          tally.add(joined(event.consumer ?? 'nobody', `key ${event.credentialId}`, network), seq)
        },
        end: counting(tally, 'access'),
      }
    },
  },
  {
    id: 'blocked_networks_back',
    version: 1,
    title: 'Blocked networks that came back',
    about:
      'Networks that went on calling while they were blocked, and networks blocked in this period that were served afterwards.',
    severity: 'high',
    source: 'both',
    query: 'reason:network_blocked',
    begin: blockedNetworks,
  },
]

const failuresMin = 10
const windowMs = 10 * 60_000
/** Networks of which failures are remembered; beyond that the one that failed longest ago is forgotten. */
const networksMax = 20_000

function successAfterFailures(): CheckRun {
  const failures = new Map<string, number[]>()
  const tally = openTally()
  return {
    access: (event, seq, atMs) => {
      const network = networkOf(event.clientIp)
      if (event.status === 401) {
        const times = failures.get(network) ?? []
        // Put anew, so that the map stays in the order of the last failures.
        failures.delete(network)
        if (failures.size >= networksMax) failures.delete(failures.keys().next().value ?? '')
        failures.set(network, [...times.slice(1 - failuresMin), atMs])
        return
      }
      const times = failures.get(network)
      if (times === undefined || !isEntry(event)) return
      if (times.length < failuresMin || atMs - (times[0] ?? 0) > windowMs) return
      failures.delete(network)
      tally.add(joined(network, event.consumer === null ? routeOf(event) : callerOf(event)), seq)
    },
    end: counting(tally, 'access', (key) => `${key}: got in after ${failuresMin} failures or more`),
  }
}

/** Somebody was let in: an identified caller, or a sign-in that the API accepted. */
function isEntry(event: AccessEvent): boolean {
  if (event.outcome !== 'served' || event.status >= 400) return false
  return event.identifiedBy !== null || (event.method === 'POST' && /log-?in|sign-?in|token|session/i.test(event.path))
}

interface Block {
  readonly network: string
  readonly actor: string
  readonly seq: number
  readonly atMs: number
  readonly served: Tally
}

/** Blocks of one period that are watched. */
const blocksMax = 1_000

function blockedNetworks(): CheckRun {
  const refused = openTally()
  const blocks: Block[] = []
  return {
    audit: (event, seq) => {
      const network = networkIn(event)
      if (event.kind === 'network.blocked' && network !== null && blocks.length < blocksMax)
        blocks.push({ network, actor: event.actor, seq, atMs: event.atMs, served: openTally(1) })
    },
    access: (event, seq, atMs) => {
      if (isBlocked(event)) refused.add(networkOf(event.clientIp), seq)
      else if (event.outcome === 'served')
        for (const block of blocks)
          if (atMs > block.atMs && isInNetwork(event.clientIp, block.network)) block.served.add(block.network, seq)
    },
    end: () => {
      const tried = refused.ranked().map(({ key, count, places }): CheckRow => ({
        key: joined('refused', key),
        text: `${key}: went on calling while blocked`,
        count,
        places: places.map((seq) => ({ log: 'access', seq })),
      }))
      return listing([...blocks.flatMap(servedAgain), ...tried])
    },
  }
}

function servedAgain({ network, seq, served }: Block): CheckRow[] {
  const [counted] = served.ranked()
  if (counted === undefined) return []
  const first = { log: 'audit' as const, seq }
  const places = counted.places.slice(0, placesMax - 1).map((one) => ({ log: 'access' as const, seq: one }))
  return [
    {
      key: joined('served', network, `record ${seq}`),
      text: `${network}: served again after it was blocked (record ${seq} of the audit log)`,
      count: counted.count,
      places: [first, ...places],
    },
  ]
}

/** Under which name an event of a network list tells its network. */
function networkIn({ details }: AuditEvent): string | null {
  const named = details['network'] ?? details['cidr'] ?? details['address']
  return typeof named === 'string' ? named : null
}
