import type { Severity } from '../../core/mod.ts'
import type { Message, NoticeType } from './channel.ts'
import { type Incident, measureOf } from './incident.ts'

/** A message before it has an id and a time. */
export type Draft = Omit<Message, 'id' | 'atMs'>

const verbs: Readonly<Record<Exclude<NoticeType, 'incidents.digest' | 'test'>, string>> = {
  'incident.opened': '',
  'incident.worsened': ' got worse',
  'incident.reopened': ' is back',
  'incident.resolved': ' is resolved',
}

/** What people are told of an incident. */
export function incidentMessage(incident: Incident, type: keyof typeof verbs): Draft {
  const { id, severity, title, actor, route, api, count } = incident
  const where = route ?? api
  const finding = incident.findings[0]
  const facts: [string, string][] = [
    ['What', title],
    ['Who', `${actor.kind} ${actor.value}`],
    ['Where', where ?? 'several routes'],
    ['Records', String(count)],
    ['Since', new Date(incident.firstSeenMs).toISOString()],
    ['Last', new Date(incident.lastSeenMs).toISOString()],
    ...(finding === undefined || finding.baseline.windowMs === 0
      ? []
      : ([['Measure', measureOf(finding)]] satisfies [string, string][])),
    ...incident.findings.flatMap(({ note }): [string, string][] => (note === '' ? [] : [['Also', note]])),
    ...(type === 'incident.resolved'
      ? ([['Resolved by', incident.resolvedBy ?? 'desk']] satisfies [string, string][])
      : ([['Do', incident.action]] satisfies [string, string][])),
    ['Look', `gatehouse incidents show ${id}`],
  ]
  return {
    type,
    severity,
    subject: `[Gatehouse] ${severity.toUpperCase()} ${id}${verbs[type]}: ${title}, ${actor.value}`,
    facts,
    data: dataOf(incident),
  }
}

/** For programs; without the story, which people read. */
function dataOf(incident: Incident): Readonly<Record<string, unknown>> {
  const { id, state, severity, title, actor, api, route, count, action, openedAtMs, firstSeenMs, lastSeenMs } = incident
  return {
    incident: { id, state, severity, title, actor, api, route, count, action, openedAtMs, firstSeenMs, lastSeenMs },
    findings: incident.findings.map(({ rule, tags, baseline, evidence, note }) => ({
      rule,
      tags,
      baseline,
      evidence,
      note,
    })),
  }
}

/** Several messages of a minute in which there were too many, as one. */
export function digestMessage(parts: readonly Message[], worst: Severity): Draft {
  const shown = parts.slice(0, digestMax)
  return {
    type: 'incidents.digest',
    severity: worst,
    subject: `[Gatehouse] ${worst.toUpperCase()} ${parts.length} notices at once`,
    facts: [
      ...shown.map(({ subject, atMs }): [string, string] => [new Date(atMs).toISOString(), subject]),
      ...(parts.length > digestMax ? [['And', `${parts.length - digestMax} more`] as [string, string]] : []),
      ['Look', 'gatehouse incidents ls'],
    ],
    data: { count: parts.length, notices: shown.map(({ type, subject, data }) => ({ type, subject, data })) },
  }
}

const digestMax = 50

/** A test that somebody asked for. */
export function testMessage(target: string): Draft {
  return {
    type: 'test',
    severity: 'info',
    subject: `[Gatehouse] TEST: a message to '${target}'`,
    facts: [
      ['What', 'A test, asked for by an administrator. Nothing happened'],
      ['Target', target],
    ],
    data: { test: true, target },
  }
}
