import { type Finding, type FindingActor, severities, type Severity, worse } from '../../core/mod.ts'

/** `snoozed` wakes by itself; `resolved` is over, by hand or because nothing happened for a while. */
export type IncidentState = 'open' | 'acknowledged' | 'snoozed' | 'resolved'

/** All states, in the order of what they ask of people. */
export const incidentStates: readonly IncidentState[] = ['open', 'acknowledged', 'snoozed', 'resolved']

export type TimelineKind =
  | 'first_seen'
  | 'rule_fired'
  | 'severity_raised'
  | 'widened'
  | 'notified'
  | 'notification_failed'
  | 'acknowledged'
  | 'snoozed'
  | 'woke_up'
  | 'note'
  | 'network_blocked'
  | 'network_released'
  | 'resolved'
  | 'reopened'

/** One line of an incident's story. */
export interface TimelineEntry {
  readonly atMs: number
  readonly kind: TimelineKind
  /** `desk` for what happened by itself, else who did it. */
  readonly by: string
  readonly text: string
}

/** All that one rule found of one actor, its repetitions counted together. */
export interface IncidentFinding extends Finding {
  /** How often it began anew. */
  readonly repeats: number
  /** Counts by the ids of its newest repetitions, by which one that comes again is known. */
  readonly counts: Readonly<Record<string, number>>
}

/** What people are asked to look at: everything that was found of one actor, with its story. */
export interface Incident {
  /** `INC-1`. */
  readonly id: string
  readonly number: number
  readonly state: IncidentState
  /** The worst of its findings. */
  readonly severity: Severity
  readonly title: string
  readonly actor: FindingActor
  readonly api: string | null
  readonly route: string | null
  /** What a person could do. */
  readonly action: string
  readonly openedAtMs: number
  /** Wall times of the first and the last record. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly count: number
  readonly acknowledgedBy: string | null
  readonly snoozedUntilMs: number | null
  readonly resolvedAtMs: number | null
  readonly resolvedBy: string | null
  /** At most `findingsMax`. */
  readonly findings: readonly IncidentFinding[]
  /** At most `timelineMax`; the first lines and the newest stay. */
  readonly timeline: readonly TimelineEntry[]
  /** What people were told last; null when they were not. */
  readonly told: { readonly atMs: number; readonly severity: Severity; readonly type: string } | null
}

/** Findings of one incident, of different rules or routes. */
export const findingsMax = 20
/** Lines of one story. */
export const timelineMax = 200
const timelineKept = 20
/** Repetitions by which one that comes again is known. */
const countsMax = 20

/** Findings of this actor belong to one incident. A key counts as its consumer. */
export function groupOf({ kind, group }: FindingActor): string {
  return `${kind === 'credential' ? 'consumer' : kind} ${group}`
}

/** The incident with one more line. */
export function withLine(incident: Incident, line: TimelineEntry): Incident {
  const timeline = [...incident.timeline, line]
  if (timeline.length > timelineMax) timeline.splice(timelineKept, 1)
  return { ...incident, timeline }
}

/** A new incident, of one finding. */
export function openIncident(finding: Finding, { number, nowMs }: { number: number; nowMs: number }): Incident {
  const { firstSeenMs, lastSeenMs, severity, title, actor, api, route, action, count } = finding
  const opened: Incident = {
    id: `INC-${number}`,
    number,
    state: 'open',
    severity,
    title,
    actor,
    api,
    route,
    action,
    openedAtMs: nowMs,
    firstSeenMs,
    lastSeenMs,
    count,
    acknowledgedBy: null,
    snoozedUntilMs: null,
    resolvedAtMs: null,
    resolvedBy: null,
    findings: [{ ...finding, repeats: 0, counts: { [finding.id]: count } }],
    timeline: [{ atMs: firstSeenMs, kind: 'first_seen', by: 'desk', text: whereOf(finding) }],
    told: null,
  }
  return withLine(opened, firedLine(finding, nowMs))
}

/** The finding is not in it yet. */
export function withFinding(incident: Incident, finding: Finding, nowMs: number): Incident {
  const known = incident.findings.find(({ fingerprint }) => fingerprint === finding.fingerprint)
  const next: IncidentFinding =
    known === undefined
      ? { ...finding, repeats: 0, counts: { [finding.id]: finding.count } }
      : {
          ...finding,
          severity: worse(known.severity, finding.severity),
          firstSeenMs: known.firstSeenMs,
          count: known.count + finding.count,
          repeats: known.repeats + 1,
          counts: { ...newest(known.counts, countsMax - 1), [finding.id]: finding.count },
        }
  const line = known === undefined ? firedLine(finding, nowMs) : null
  return replaced(incident, next, { line, nowMs })
}

/** What is known already goes on; the same incident when the finding says nothing new, as after a restart. */
export function grown(incident: Incident, finding: Finding, nowMs: number): Incident {
  const known = incident.findings.find(({ counts }) => counts[finding.id] !== undefined)
  const before = known?.counts[finding.id]
  if (known === undefined || before === undefined) return incident
  const isWorse = rank(finding.severity) > rank(known.severity)
  if (finding.count <= before && finding.lastSeenMs <= known.lastSeenMs && !isWorse) return incident
  const next: IncidentFinding = {
    ...finding,
    severity: worse(known.severity, finding.severity),
    firstSeenMs: Math.min(known.firstSeenMs, finding.firstSeenMs),
    lastSeenMs: Math.max(known.lastSeenMs, finding.lastSeenMs),
    count: known.count + Math.max(0, finding.count - before),
    repeats: known.repeats,
    counts: { ...known.counts, [finding.id]: Math.max(before, finding.count) },
  }
  return replaced(incident, next, { line: null, nowMs })
}

function replaced(
  incident: Incident,
  next: IncidentFinding,
  { line, nowMs }: { line: TimelineEntry | null; nowMs: number },
): Incident {
  const others = incident.findings.filter(({ fingerprint }) => fingerprint !== next.fingerprint)
  const findings = [...others, next].toSorted((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, findingsMax)
  const worst = findings.toSorted((a, b) => rank(b.severity) - rank(a.severity))[0] ?? next
  const severity = worse(incident.severity, worst.severity)
  let changed: Incident = {
    ...incident,
    findings,
    severity,
    title: worst.title,
    action: worst.action,
    api: incident.api === next.api ? incident.api : null,
    route: incident.route === next.route ? incident.route : null,
    actor: widest(incident.actor, next.actor),
    firstSeenMs: Math.min(incident.firstSeenMs, next.firstSeenMs),
    lastSeenMs: Math.max(incident.lastSeenMs, next.lastSeenMs),
    count: findings.reduce((sum, { count }) => sum + count, 0),
  }
  if (line !== null) changed = withLine(changed, line)
  if (changed.actor.value !== incident.actor.value)
    changed = withLine(changed, {
      atMs: nowMs,
      kind: 'widened',
      by: 'desk',
      text: `Not ${incident.actor.value} alone: ${changed.actor.value}`,
    })
  if (severity === incident.severity) return changed
  const text = `From ${incident.severity} to ${severity}${next.note === '' ? '' : `: ${next.note}`}`
  return withLine(changed, { atMs: nowMs, kind: 'severity_raised', by: 'desk', text })
}

/** One that was narrow is the whole group as soon as another of the group takes part. */
function widest(known: FindingActor, next: FindingActor): FindingActor {
  if (known.kind === next.kind) return known.value === next.value ? known : { ...next, value: next.group }
  return { kind: known.kind === 'credential' ? next.kind : known.kind, value: known.group, group: known.group }
}

function firedLine(finding: Finding, nowMs: number): TimelineEntry {
  return {
    atMs: nowMs,
    kind: 'rule_fired',
    by: 'desk',
    text: finding.baseline.windowMs === 0 ? finding.title : `${finding.title}: ${measureOf(finding)}`,
  }
}

/** `24 in 60 s, the bound is 20`. */
export function measureOf({ baseline: { expected, observed, windowMs, p } }: Finding): string {
  const seconds = windowMs / 1000
  const time = seconds >= 3600 ? `${seconds / 3600} h` : seconds > 60 ? `${seconds / 60} min` : `${seconds} s`
  const usual = p === null ? `the bound is ${expected}` : `${expected} are usual, p = ${p.toExponential(0)}`
  return `${observed} in ${time}, ${usual}`
}

function whereOf({ route, api }: Finding): string {
  return route === null ? (api === null ? 'The first record of it' : `The first on ${api}`) : `The first on ${route}`
}

function newest(counts: Readonly<Record<string, number>>, max: number): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).slice(-max))
}

function rank(severity: Severity): number {
  return severities.indexOf(severity)
}
