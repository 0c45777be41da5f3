import type { AccessEvent, AuditEvent, AuditKind, AuditValue } from '../../core/mod.ts'
import { type Check, joined, listing } from './check.ts'
import { isLedger } from './checks-access.ts'
import type { CheckRow, Place, Severity } from './results.ts'
import { placesMax } from './tally.ts'

/** What the audit log is asked: who changed what, and what failed that keeps the record. */
export const auditChecks: readonly Check[] = [
  byKind({
    id: 'admin_changes',
    title: 'Changes of administrators',
    about: 'Keys, consumers, rules, network lists and administrators that somebody changed, by who and what.',
    severity: 'high',
    kinds: [
      'policy.changed',
      'consumer.created',
      'consumer.changed',
      'key.created',
      'key.revoked',
      'key.rotated',
      'network.blocked',
      'network.allowed',
      'network.released',
      'admin.token',
      'admin.invited',
      'admin.created',
      'certificate.loaded',
      'drill.started',
    ],
    keyOf: ({ actor, kind }) => joined(actor, kind),
    isAct: true,
  }),
  byKind({
    id: 'admin_sign_ins',
    title: 'Sign-ins of administrators',
    about: 'Who signed in to the console, and sign-ins that were refused.',
    severity: 'low',
    kinds: ['admin.signed_in', 'admin.sign_in_refused'],
    keyOf: ({ actor, kind }) => joined(actor, kind),
  }),
  byKind({
    id: 'incidents',
    title: 'Incidents of the period',
    about: 'What the detectors raised. Say of each what became of it.',
    severity: 'high',
    kinds: ['incident.opened'],
    keyOf: incidentOf,
  }),
  byKind({
    id: 'control_failures',
    title: 'Failures of the record and of its guards',
    about:
      'Records that a crash ended, a ledger that stalled or was recovered or is disputed by a witness, clocks that were set, exports with gaps, notifications that were not delivered, reviews that were overdue.',
    severity: 'high',
    kinds: [
      'ledger.recovered',
      'ledger.disputed',
      'clock.stepped',
      'export.gap',
      'notification.failed',
      'review.overdue',
    ],
    keyOf: ({ kind }) => kind,
    accessKeyOf: (event) =>
      event.reason === 'process_died' || event.reason === 'thread_died' || isLedger(event) ? event.reason : null,
  }),
]

interface ByKind extends Omit<Check, 'begin' | 'source' | 'version'> {
  readonly severity: Severity
  readonly kinds: readonly AuditKind[]
  readonly keyOf: (event: AuditEvent) => string
  /** Records of requests that belong to it as well. @default none */
  readonly accessKeyOf?: (event: AccessEvent) => string | null
  /** Each row is an act of the event's actor. @default false */
  readonly isAct?: boolean
}

/** Different things that one such check tells apart. */
const keysMax = 10_000

function byKind({ kinds, keyOf, accessKeyOf, isAct = false, ...check }: ByKind): Check {
  const meant = new Set(kinds)
  return {
    ...check,
    version: 1,
    source: accessKeyOf === undefined ? 'audit' : 'both',
    begin: () => {
      const rows = new Map<string, CheckRow & { count: number; places: Place[]; sayings: Set<string> }>()
      const add = (key: string, place: Place, { says, actor }: { says: string; actor: string }): void => {
        const known = rows.get(key)
        const row = known ?? { key, text: '', count: 0, places: [], sayings: new Set(), ...(isAct ? { actor } : {}) }
        if (known === undefined && rows.size >= keysMax) return
        rows.set(key, row)
        row.count++
        if (row.places.length < placesMax) row.places.push(place)
        if (says !== '' && row.sayings.size < sayingsMax) row.sayings.add(says)
      }
      return {
        audit: (event, seq) => {
          if (meant.has(event.kind))
            add(keyOf(event), { log: 'audit', seq }, { says: saying(event), actor: event.actor })
        },
        access: (event, seq) => {
          const key = accessKeyOf?.(event) ?? null
          if (key !== null) add(key, { log: 'access', seq }, { says: '', actor: '' })
        },
        end: () =>
          listing(
            [...rows.values()]
              .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
              .map(({ sayings, ...row }) => ({ ...row, text: [row.key, ...sayings].join('; ') })),
          ),
      }
    },
  }
}

const sayingsMax = 5
const sayingCharsMax = 160

/** What an event says in its own words, without the ids that mean nothing to people. */
function saying({ details }: AuditEvent): string {
  return Object.entries(details)
    .filter(([name]) => !silent.has(name))
    .map(([name, value]) => `${name.replace(/Ms$/, '')} ${wordOf(name, value)}`)
    .join(', ')
    .slice(0, sayingCharsMax)
}

const silent: ReadonlySet<string> = new Set(['id', 'sha256', 'fingerprint', 'consumerId'])

/** What a date can hold (ECMA-262). */
const momentMsMax = 8.64e15
const momentMsMin = 1e12

/** Moments as people read them. */
function wordOf(name: string, value: AuditValue): string {
  if (typeof value === 'object') return value.join(', ')
  // What is no moment but a duration in ms is far less than thirty years.
  const isMoment = name.endsWith('Ms') && typeof value === 'number' && value > momentMsMin && value < momentMsMax
  return isMoment ? new Date(value).toISOString() : String(value)
}

function incidentOf({ details }: AuditEvent): string {
  const named = details['incident'] ?? details['number'] ?? details['id']
  return named === undefined ? 'incident' : String(named)
}
