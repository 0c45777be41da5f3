import type { Finding, FindingActor, Severity } from '../../core/mod.ts'

/** Rules of what is due, which nobody did wrong: people are told of it whatever its severity, and not when it is over. */
export const reminderRules: ReadonlySet<string> = new Set(['key-due', 'review-overdue'])

/** Something that is due. */
export interface Reminder {
  readonly rule: 'key-due' | 'review-overdue'
  /** What it is due about: the same reminder is told once, a later stage of it again. */
  readonly about: string
  readonly title: string
  readonly severity: Severity
  readonly actor: FindingActor
  readonly action: string
  readonly note: string
}

/** A reminder as a finding, so that it is kept, told and looked after as all others are. */
export function reminderFinding(
  reminder: Reminder,
  { tag, nowMs }: { tag: (text: string) => string; nowMs: number },
): Finding {
  const { rule, about, title, severity, actor, action, note } = reminder
  return {
    id: tag(`reminder\n${rule}\n${about}`),
    fingerprint: tag(`reminder\n${rule}\n${actor.group}\n${about}`),
    rule: { id: rule, version: 1 },
    title,
    severity,
    actor,
    api: null,
    route: null,
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    count: 1,
    baseline: { expected: 0, observed: 1, windowMs: 0, p: null },
    evidence: [],
    tags: rule === 'key-due' ? ['pci:8.6.3', 'owasp:API2:2023'] : ['pci:10.4.1'],
    action,
    note,
  }
}
