import {
  type Clock,
  type Documents,
  type DocumentWrite,
  type Finding,
  GatehouseError,
  messageOf,
  type Told,
} from '../../core/mod.ts'
import { type ActWish, decide } from './incident-acts.ts'
import { type AlertSettings, commit, type Draft, findingTold, incidentsIn, newDraft } from './incident-draft.ts'
import { type ActiveIncidents, loadActive } from './incident-index.ts'
import { groupOf, grown, type Incident, type IncidentState, openIncident, withFinding, withLine } from './incident.ts'
import type { Notice, NoticeEnd, Outbox } from './outbox.ts'
import { createQueue, type Queue } from './queue.ts'
import { reminderRules } from './reminders.ts'

export interface IncidentsOptions {
  readonly documents: Documents
  readonly clock: Clock
  readonly settings: AlertSettings
  /** Opened after the incidents, whose stories its notices enter. */
  readonly outbox: () => Pick<Outbox, 'draft' | 'look'>
  /** Whether a network that was blocked holds this address or network. */
  readonly covers: (cidr: string, network: string) => boolean
  readonly onProblem: (why: string) => void
}

/** Which incidents, newest first. */
export interface IncidentQuery {
  readonly state?: IncidentState | undefined
  /** Only those with a lower number. */
  readonly before?: number | undefined
  readonly max: number
}

/** What waits for somebody. */
export interface IncidentSummary extends Readonly<Record<IncidentState, number>> {
  /** When the oldest of the open ones was opened; null when there is none. */
  readonly oldestOpenMs: number | null
  /** The newest of the open ones; where there is none, of those that are not resolved. */
  readonly newest: Incident | null
}

/** What else is kept when a notice is over. */
export interface KeptWith {
  readonly writes: readonly DocumentWrite[]
  readonly told: readonly Told[]
}

/**
 * What people are asked to look at. Findings of one actor within half an hour are one incident; repetitions are counted, not
 * told again. Every change of a state is durable together with the audit event and the notices that tell of it.
 */
export interface Incidents {
  /** Takes findings over, durably. Of one that comes again, only what is new in it counts. */
  raise(findings: readonly Finding[]): Promise<void>
  list(query: IncidentQuery): Promise<readonly Incident[]>
  /** `not_found` when there is none. */
  get(id: string): Promise<Incident>
  /** Acknowledges, snoozes, resolves or adds a note. `not_found`; `conflict` when it is resolved already. */
  act(id: string, wish: ActWish): Promise<Incident>
  /** A network was blocked or released: a line in the story of whoever is in it. */
  network(change: { readonly cidr: string; readonly isBlocked: boolean; readonly by: string }): Promise<void>
  /** Notes what became of a notice. */
  noticeEnded(notice: Notice, end: NoticeEnd, kept: KeptWith): Promise<void>
  /** To be called each second: snoozes end, and what was quiet for an hour is resolved. */
  tick(): Promise<void>
  /** What waits for somebody. */
  summary(): IncidentSummary
}

/** Findings within so long are one incident. */
export const gapMs: number = 30 * 60_000
/** After so long without a record it is resolved. */
export const quietMs: number = 60 * 60_000
/** What begins again within so long is the old incident, not a new one. */
export const reopenMs: number = 24 * 3_600_000

export async function openIncidents(options: IncidentsOptions): Promise<Incidents> {
  const { documents, clock, outbox, onProblem } = options
  const nowMs = clock.wallMs()
  const active = await loadActive(documents, { collection: incidentsIn, rememberMs: reopenMs, nowMs })
  const work: Work = { ...options, active, queue: createQueue() }
  return {
    raise: async (findings) => {
      await change(work, (draft) => {
        for (const finding of findings) take(draft, finding, clock.wallMs())
      })
      // Not waited for: what takes long out there must not hold up the records.
      void outbox().look()
    },
    list: (query) => listOf(documents, query),
    get: async (id) => active.byId(id) ?? (await stored(documents, id)),
    act: (id, wish) => act(work, id, wish),
    network: (told) => network(work, told),
    noticeEnded: async ({ target, message, incidents }, end, { writes, told }) => {
      const kind = end.kind === 'sent' ? 'notified' : 'notification_failed'
      const text = `${target}: ${end.kind === 'sent' ? message.type : end.why}`
      await change(work, (draft) => {
        draft.writes.push(...writes)
        draft.told.push(...told)
        each(draft, incidents, (incident) => withLine(incident, { atMs: clock.wallMs(), kind, by: 'desk', text }))
      })
    },
    tick: async () => {
      try {
        await tick(work)
        void outbox().look()
      } catch (error) {
        onProblem(`Incidents cannot be kept for now: ${messageOf(error)}`)
      }
    },
    summary: () => summaryOf(active),
  }
}

interface Work extends IncidentsOptions {
  readonly active: ActiveIncidents
  readonly queue: Queue
}

/** One change after the other: drawn on what the one before has kept. */
async function change(work: Work, draw: (draft: Draft) => void): Promise<void> {
  await work.queue(async () => {
    const draft = newDraft(work)
    draw(draft)
    await commit(work, draft, 'desk')
  })
}

function each(draft: Draft, ids: readonly string[], next: (incident: Incident) => Incident): void {
  for (const id of ids) {
    const incident = draft.get(id)
    if (incident !== null) draft.put(next(incident))
  }
}

async function act(work: Work, id: string, wish: ActWish): Promise<Incident> {
  const { active, clock, documents, outbox, queue } = work
  const decided = await queue(async () => {
    const found = active.byId(id) ?? (await stored(documents, id))
    const draft = newDraft(work, [found])
    const next = decide(found, wish, clock.wallMs())
    draft.put(next, wish.note ?? wish.kind)
    await commit(work, draft, wish.by)
    return next
  })
  void outbox().look()
  return decided
}

async function network(work: Work, { cidr, isBlocked, by }: Parameters<Incidents['network']>[0]): Promise<void> {
  const { active, clock, covers } = work
  const concerned = active
    .all()
    .filter(({ actor, state }) => state !== 'resolved' && actor.kind === 'network' && covers(cidr, actor.value))
  if (concerned.length === 0) return
  const kind = isBlocked ? 'network_blocked' : 'network_released'
  const ids = concerned.map(({ id }) => id)
  await change(work, (draft) =>
    each(draft, ids, (incident) => withLine(incident, { atMs: clock.wallMs(), kind, by, text: cidr })),
  )
}

async function tick(work: Work): Promise<void> {
  const { active, clock } = work
  const nowMs = clock.wallMs()
  active.forgetBefore(nowMs - reopenMs)
  const overflow = active.overflow()
  const leaving = new Set(overflow.filter(({ state }) => state !== 'resolved').map(({ id }) => id))
  const due = active.all().filter((incident) => isDue(incident, nowMs) || leaving.has(incident.id))
  const ids = due.map(({ id }) => id)
  if (ids.length > 0)
    await change(work, (draft) =>
      each(draft, ids, (incident) => (leaving.has(incident.id) ? over(incident, nowMs) : timePassed(incident, nowMs))),
    )
  for (const { id } of overflow) active.forget(id)
}

function summaryOf(active: ActiveIncidents): IncidentSummary {
  const unresolved = active.all().filter(({ state }) => state !== 'resolved')
  const open = unresolved.filter(({ state }) => state === 'open')
  const shown = (open.length > 0 ? open : unresolved).toSorted((a, b) => b.number - a.number)
  return {
    ...active.counts(),
    oldestOpenMs: open.reduce<number | null>(
      (least, { openedAtMs }) => Math.min(least ?? openedAtMs, openedAtMs),
      null,
    ),
    newest: shown[0] ?? null,
  }
}

async function stored(documents: Documents, id: string): Promise<Incident> {
  const found = await documents.get(incidentsIn, id)
  if (found === null) throw new GatehouseError('not_found', `There is no incident ${id}`)
  return found as Incident // our own, out of a sealed store
}

const pageMax = 1_000

async function listOf(documents: Documents, { state, before, max }: IncidentQuery): Promise<readonly Incident[]> {
  const found: Incident[] = []
  let to = before
  while (found.length < max) {
    const range = { max: pageMax, newestFirst: true, ...(to === undefined ? {} : { to }) }
    const page = await documents.list(incidentsIn, range)
    for (const { value } of page) {
      const incident = value as Incident // our own, out of a sealed store
      if (state === undefined || incident.state === state) found.push(incident)
    }
    if (page.length < pageMax) break
    to = page.at(-1)?.position
  }
  return found.slice(0, max)
}

function take(draft: Draft, finding: Finding, nowMs: number): void {
  const before = belongsTo(draft, finding, nowMs)
  if (before === null) {
    const incident = openIncident(finding, { number: draft.nextNumber(), nowMs })
    draft.told.push(findingTold(finding, incident.id))
    return draft.put(incident)
  }
  const isKnown = isOf(before, finding)
  const isNewRule = !before.findings.some(({ fingerprint }) => fingerprint === finding.fingerprint)
  const after = isKnown ? grown(before, finding, nowMs) : withFinding(before, finding, nowMs)
  if (after === before) return
  if (isNewRule) draft.told.push(findingTold(finding, before.id))
  // What is read again after a crash is no news of an incident that is over.
  const goesOn = before.state === 'resolved' && finding.lastSeenMs > (before.resolvedAtMs ?? 0)
  draft.put(goesOn ? reopened(after, nowMs) : after, goesOn ? 'it goes on' : '')
}

/** The incident that knows it, or the open one of its actor, or the one that was over and is back. */
function belongsTo(draft: Draft, finding: Finding, nowMs: number): Incident | null {
  const all = draft.ofGroup(groupOf(finding.actor))
  return (
    all.find((incident) => isOf(incident, finding)) ??
    all.find(({ state, lastSeenMs }) => state !== 'resolved' && finding.firstSeenMs - lastSeenMs <= gapMs) ??
    all.find((incident) => isBack(incident, finding, nowMs)) ??
    null
  )
}

function isOf({ findings }: Incident, { id }: Finding): boolean {
  return findings.some(({ counts }) => counts[id] !== undefined)
}

function isBack({ resolvedAtMs, findings }: Incident, { fingerprint }: Finding, nowMs: number): boolean {
  if (resolvedAtMs === null || nowMs - resolvedAtMs > reopenMs) return false
  return findings.some((finding) => finding.fingerprint === fingerprint)
}

function reopened(incident: Incident, nowMs: number): Incident {
  const open: Incident = { ...incident, state: 'open', resolvedAtMs: null, resolvedBy: null, acknowledgedBy: null }
  return withLine(open, { atMs: nowMs, kind: 'reopened', by: 'desk', text: 'It goes on' })
}

function isDue({ state, lastSeenMs, snoozedUntilMs, findings }: Incident, nowMs: number): boolean {
  if (state === 'resolved') return false
  if (state === 'snoozed') return (snoozedUntilMs ?? 0) <= nowMs
  const waitMs = findings.every(({ rule }) => reminderRules.has(rule.id)) ? reopenMs : quietMs
  return nowMs - lastSeenMs >= waitMs
}

function timePassed(incident: Incident, nowMs: number): Incident {
  if (incident.state === 'snoozed') {
    const open: Incident = { ...incident, state: 'open', snoozedUntilMs: null }
    return withLine(open, { atMs: nowMs, kind: 'woke_up', by: 'desk', text: 'The snooze is over' })
  }
  return over(incident, nowMs)
}

function over(incident: Incident, nowMs: number): Incident {
  const resolved: Incident = {
    ...incident,
    state: 'resolved',
    resolvedAtMs: nowMs,
    resolvedBy: 'desk',
    snoozedUntilMs: null,
  }
  return withLine(resolved, { atMs: nowMs, kind: 'resolved', by: 'desk', text: 'Nothing more was seen for a while' })
}
