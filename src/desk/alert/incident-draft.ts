import {
  atLeast,
  type Clock,
  type Documents,
  type DocumentWrite,
  type Finding,
  type Severity,
  type Told,
} from '../../core/mod.ts'
import type { NoticeType } from './channel.ts'
import { groupOf, type Incident } from './incident.ts'
import type { ActiveIncidents } from './incident-index.ts'
import { incidentMessage } from './messages.ts'
import type { NoticeDraft, Outbox } from './outbox.ts'
import { reminderRules } from './reminders.ts'

/** Whom to tell, and from which severity on. */
export interface AlertSettings {
  /** Names of targets. */
  readonly to: readonly string[]
  readonly severityMin: Severity
}

/** What a draft is made from and kept in. */
export interface Room {
  readonly documents: Documents
  readonly clock: Clock
  readonly settings: AlertSettings
  readonly outbox: () => Pick<Outbox, 'draft'>
  readonly active: ActiveIncidents
}

/** Changes that are kept together, or not at all. */
export interface Draft {
  /** What else is to be kept with them. */
  readonly writes: DocumentWrite[]
  readonly told: Told[]
  /** As changed so far; null for what is not in memory. */
  get(id: string): Incident | null
  /** The incidents of a group, the newest first. */
  ofGroup(group: string): readonly Incident[]
  /** @param why For the audit log. */
  put(incident: Incident, why?: string): void
  nextNumber(): number
  readonly changed: ReadonlyMap<string, { readonly incident: Incident; readonly why: string }>
  /** As it was; null for a new one. */
  before(id: string): Incident | null
}

/** Incidents that are kept; the oldest go. */
export const incidentsMax = 10_000
/** Where they are kept, at the position of their numbers. */
export const incidentsIn = 'incidents'
/** After a notice, that an incident is back is told at the earliest after so long. */
const coolMs = 5 * 60_000

export function newDraft({ active }: Room, others: readonly Incident[] = []): Draft {
  const changed = new Map<string, { incident: Incident; why: string }>()
  const beside = new Map(others.map((incident) => [incident.id, incident]))
  let last = active.lastNumber
  const before = (id: string): Incident | null => active.byId(id) ?? beside.get(id) ?? null
  return {
    writes: [],
    told: [],
    changed,
    before,
    get: (id) => changed.get(id)?.incident ?? before(id),
    ofGroup: (group) => {
      const own = [...changed.values()].map(({ incident }) => incident).filter(({ actor }) => groupOf(actor) === group)
      const rest = active.ofGroup(group).filter(({ id }) => !changed.has(id))
      return [...own, ...rest].toSorted((a, b) => b.number - a.number)
    },
    put: (incident, why = '') => void changed.set(incident.id, { incident, why }),
    nextNumber: () => ++last,
  }
}

/** Keeps the changes, with the audit events and the notices that tell of them. */
export async function commit(room: Room, draft: Draft, actor: string): Promise<void> {
  const { documents, active } = room
  const writes = [...draft.writes]
  const told = [...draft.told]
  const done: Incident[] = []
  const notices: NoticeDraft[] = []
  for (const [id, { incident, why }] of draft.changed) {
    const before = draft.before(id)
    told.push(...changeTold(before, incident, why))
    const type = noticeOf(before, incident, room.settings)
    const after = type === null ? incident : withTold(incident, type, room.clock.wallMs())
    if (type !== null) {
      for (const target of room.settings.to) {
        const notice = room.outbox().draft({
          target,
          draft: incidentMessage(incident, type),
          incidents: [id],
          ...(type === 'incident.reopened' && before?.told ? { notBeforeMs: before.told.atMs + coolMs } : {}),
        })
        writes.push(...notice.writes)
        told.push(...notice.told)
        notices.push(notice)
      }
    }
    writes.push({ collection: incidentsIn, id, position: after.number, value: after })
    if (before === null && after.number > incidentsMax)
      writes.push({ collection: incidentsIn, id: `INC-${after.number - incidentsMax}`, value: null })
    done.push(after)
  }
  if (writes.length > 0 || told.length > 0) await documents.write(writes, told, actor)
  for (const incident of done) {
    // One that was forgotten long ago is changed where it is kept, and stays forgotten.
    if (active.byId(incident.id) !== null || draft.before(incident.id) === null) active.put(incident)
  }
  for (const notice of notices) notice.added()
}

function withTold(incident: Incident, type: NoticeType, atMs: number): Incident {
  return { ...incident, told: { atMs, severity: incident.severity, type } }
}

type IncidentNotice = 'incident.opened' | 'incident.worsened' | 'incident.reopened' | 'incident.resolved'

/** What people are told of a change: at most one thing, and nothing of what does not concern them. */
export function noticeOf(
  before: Incident | null,
  after: Incident,
  { to, severityMin }: AlertSettings,
): IncidentNotice | null {
  if (to.length === 0) return null
  const isReminder = after.findings.every(({ rule }) => reminderRules.has(rule.id))
  const concerns = atLeast(after.severity, severityMin) || isReminder
  if (before === null) return concerns ? 'incident.opened' : null
  if (after.state === 'resolved') {
    const isNews = before.state !== 'resolved' && before.told !== null && !isReminder
    return isNews ? 'incident.resolved' : null
  }
  if (!concerns) return null
  if (before.state === 'resolved') return 'incident.reopened'
  if (after.severity === before.severity) return null
  return before.told === null ? 'incident.opened' : 'incident.worsened'
}

function changeTold(before: Incident | null, after: Incident, why: string): readonly Told[] {
  const { id, severity, state, title, actor, count } = after
  const who = `${actor.kind} ${actor.value}`
  if (before === null)
    return [{ kind: 'incident.opened', details: { incident: id, severity, title, about: who, count } }]
  if (before.state === state && before.severity === severity && why === '') return []
  return [
    {
      kind: 'incident.changed',
      details: {
        incident: id,
        from: before.state,
        to: state,
        severityBefore: before.severity,
        severity,
        about: who,
        why,
      },
    },
  ]
}

/** What the audit log is told of a finding. */
export function findingTold(
  { id, rule, severity, actor, count, evidence, api, route }: Finding,
  incident: string,
): Told {
  return {
    kind: 'finding.raised',
    details: {
      finding: id,
      incident,
      rule: rule.id,
      version: rule.version,
      severity,
      about: `${actor.kind} ${actor.value}`,
      count,
      api: api ?? '',
      route: route ?? '',
      records: evidence.map(({ seq }) => String(seq)),
    },
  }
}
