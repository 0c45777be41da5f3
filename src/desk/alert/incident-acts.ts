import { GatehouseError } from '../../core/mod.ts'
import { type Incident, withLine } from './incident.ts'

/** What a person does with an incident. */
export interface ActWish {
  readonly kind: 'acknowledge' | 'resolve' | 'snooze' | 'note'
  /** Who, as in the audit log. */
  readonly by: string
  readonly note?: string | undefined
  /** For how long it is snoozed. @default 4 h */
  readonly forMs?: number | undefined
}

const snoozeMsDefault = 4 * 3_600_000

/** The incident after it. Throws `conflict` for what is over already, and `invalid_argument` for a note without a text. */
export function decide(incident: Incident, wish: ActWish, nowMs: number): Incident {
  const { kind, by, note = '' } = wish
  const say = (changed: Incident, line: 'acknowledged' | 'resolved' | 'snoozed' | 'note', text: string): Incident =>
    withLine(changed, { atMs: nowMs, kind: line, by, text })
  if (kind === 'note') {
    if (note === '') throw new GatehouseError('invalid_argument', `Cannot add a note to ${incident.id}: it has no text`)
    return say(incident, 'note', note)
  }
  if (incident.state === 'resolved')
    throw new GatehouseError('conflict', `Cannot ${kind} ${incident.id}: it is resolved already`)
  switch (kind) {
    case 'acknowledge':
      return say({ ...incident, state: 'acknowledged', acknowledgedBy: by, snoozedUntilMs: null }, 'acknowledged', note)
    case 'resolve':
      return say(
        { ...incident, state: 'resolved', resolvedAtMs: nowMs, resolvedBy: by, snoozedUntilMs: null },
        'resolved',
        note,
      )
    case 'snooze': {
      const untilMs = nowMs + (wish.forMs ?? snoozeMsDefault)
      const text = `Until ${new Date(untilMs).toISOString()}${note === '' ? '' : `: ${note}`}`
      return say({ ...incident, state: 'snoozed', snoozedUntilMs: untilMs }, 'snoozed', text)
    }
  }
}
