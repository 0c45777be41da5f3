import type { ReactNode } from 'react'
import type { RunSummary } from '../api/types.ts'
import { Badge } from '../parts/controls.tsx'

/** Where a run is. */
export function RunBadge({ run: { state, overdue, lateReason } }: { run: RunSummary }): ReactNode {
  switch (state) {
    case 'collecting':
      return <Badge icon="limited">collecting</Badge>
    case 'ready':
    case 'in_review':
      return overdue ? (
        <Badge tone="bad" icon="warning">
          overdue
        </Badge>
      ) : (
        <Badge tone="warn" icon="dot" title={lateReason}>
          {state === 'ready' ? 'ready to review' : 'in review'}
        </Badge>
      )
    case 'signed':
      return (
        <Badge tone="ok" icon="ok">
          signed
        </Badge>
      )
    case 'missed':
      return (
        <Badge tone="bad" icon="failed">
          missed
        </Badge>
      )
  }
}
