import type { ReactNode } from 'react'
import type { Severity, ShownIncident } from '../api/types.ts'
import { clockSeconds } from '../lib/format.ts'
import { Badge } from '../parts/controls.tsx'
import type { IconName } from '../parts/icons.tsx'
import type { Tone } from '../parts/tone.ts'

const looks: Readonly<Record<Severity, { readonly tone: Tone; readonly icon: IconName }>> = {
  info: { tone: 'muted', icon: 'dot' },
  low: { tone: 'muted', icon: 'dot' },
  medium: { tone: 'warn', icon: 'rise' },
  high: { tone: 'bad', icon: 'warning' },
  critical: { tone: 'bad', icon: 'warning' },
}

/** How bad it is. */
export function SeverityBadge({ severity }: { severity: Severity }): ReactNode {
  return <Badge {...looks[severity]}>{severity}</Badge>
}

/** Who has it, or until when it rests. */
export function StateBadge({
  state,
  acknowledgedBy,
  snoozedUntilMs,
  resolvedBy,
}: Pick<ShownIncident, 'state' | 'acknowledgedBy' | 'snoozedUntilMs' | 'resolvedBy'>): ReactNode {
  switch (state) {
    case 'open':
      return (
        <Badge tone="bad" icon="dot">
          open
        </Badge>
      )
    case 'acknowledged':
      return <Badge tone="warn">acknowledged by {nameOf(acknowledgedBy)}</Badge>
    case 'snoozed':
      return (
        <Badge tone="muted">
          snoozed{snoozedUntilMs === null ? '' : ` until ${clockSeconds(snoozedUntilMs).slice(0, 5)}`}
        </Badge>
      )
    case 'resolved':
      return (
        <Badge tone="ok" icon="ok">
          resolved{resolvedBy === null ? '' : ` by ${nameOf(resolvedBy)}`}
        </Badge>
      )
  }
}

/** An actor of the audit log, for people: `anna` for `admin:anna`, `itself` for what the desk did. */
export function nameOf(actor: string | null): string {
  if (actor === null || actor === 'desk') return 'itself'
  return actor.startsWith('admin:') ? actor.slice('admin:'.length) : actor
}
