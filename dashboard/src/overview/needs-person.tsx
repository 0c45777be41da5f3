import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { send } from '../api/client.ts'
import type { Incident, OverviewAnswer } from '../api/types.ts'
import { useMayChange } from '../app/session.ts'
import { clockSeconds, plural, span } from '../lib/format.ts'
import { BlockDialog } from '../parts/block-dialog.tsx'
import { Button, buttonClass } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { say, sayError } from '../parts/toasts.tsx'

/** What cannot wait: the newest incident that nobody has taken yet, with what can be done about it. */
export function NeedsPerson({ incidents }: { incidents: OverviewAnswer['incidents'] }): ReactNode {
  const client = useQueryClient()
  const mayChange = useMayChange()
  const [blocked, setBlocked] = useState<string | null>(null)
  const acknowledge = useMutation({
    mutationFn: (id: string) => send<Incident>('POST', `/v1/incidents/${encodeURIComponent(id)}/ack`),
    onSuccess: async ({ id }) => {
      say(`${id} is yours`)
      await client.invalidateQueries()
    },
    onError: sayError,
  })
  const newest = incidents?.newest ?? null
  if (incidents === null || incidents.open === 0 || newest === null || newest.state !== 'open') return null
  const { id, title, actor, count, route, action } = newest
  return (
    <section aria-label="Needs a person now" className="panel border-bad! p-3">
      <div className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 className="flex items-center gap-1.5 text-[12px] font-semibold text-bad">
          <Icon name="warning" />
          Needs a person now — {incidents.open === 1 ? 'one open incident' : `1 of ${incidents.open} open incidents`}
        </h2>
        {incidents.oldestUnacknowledgedMs === null ? null : (
          <span className="text-[12px] font-semibold text-muted">
            oldest unacknowledged {span(incidents.oldestUnacknowledgedMs)}
          </span>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <p className="min-w-0">
          <b className="font-semibold">{title}</b>
          {route === null ? null : <span className="machine"> {route}</span>} — {plural(count, 'request')} of{' '}
          {actor.kind} <b className="machine font-semibold">{actor.value}</b> since {clockSeconds(newest.firstSeenMs)}.{' '}
          <span className="text-muted">{action}</span>
        </p>
        <div className="flex flex-wrap gap-2">
          <Link to="/incidents/$id" params={{ id }} className={buttonClass()}>
            Open incident
          </Link>
          {mayChange && actor.kind === 'network' ? (
            <Button onClick={() => setBlocked(actor.value)}>Block network 1 h</Button>
          ) : null}
          {mayChange ? (
            <Button disabled={acknowledge.isPending} onClick={() => acknowledge.mutate(id)}>
              Acknowledge
            </Button>
          ) : null}
        </div>
      </div>
      <BlockDialog network={blocked} because={`${id}: ${title}`} onClose={() => setBlocked(null)} />
    </section>
  )
}
