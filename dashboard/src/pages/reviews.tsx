import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { send } from '../api/client.ts'
import { reviewsRead } from '../api/reads.ts'
import type { PlanView, RunSummary } from '../api/types.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { useMayChange } from '../app/session.ts'
import { count, dateTime, span } from '../lib/format.ts'
import { Button, Panel } from '../parts/controls.tsx'
import { Empty, isAbsent, Loading, Problem } from '../parts/states.tsx'
import { say, sayError } from '../parts/toasts.tsx'
import { periodText } from '../reviews/period.ts'
import { RunBadge } from '../reviews/run-badge.tsx'

/** Scheduled work that cannot be rubber-stamped: what is due, and what was. */
export function ReviewsPage(): ReactNode {
  const { data, error, refetch } = useQuery(reviewsRead)
  return (
    <>
      <PageHead title="Reviews">
        <span className="text-[12px] text-muted">the logs are looked at regularly, item by item, and signed</span>
      </PageHead>
      <PageBody>
        {data !== undefined ? (
          <div className="space-y-3">
            <Plans plans={data.plans} />
            <Panel title="Runs" aside="the newest first">
              <Runs runs={data.items} />
            </Panel>
          </div>
        ) : error === null ? (
          <Loading rows={6} />
        ) : isAbsent(error) ? (
          <div className="panel">
            <Empty title="There are no reviews here">This desk has no plan of reviews.</Empty>
          </div>
        ) : (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
      </PageBody>
    </>
  )
}

function Plans({ plans }: { plans: readonly PlanView[] }): ReactNode {
  const client = useQueryClient()
  const navigate = useNavigate()
  const mayChange = useMayChange()
  const run = useMutation({
    mutationFn: (wish: { plan: string; period: string }) => send<RunSummary>('POST', '/v1/reviews', wish),
    onSuccess: async ({ id }) => {
      say(`${id} is being collected`)
      await client.invalidateQueries({ queryKey: ['reviews'] })
      await navigate({ to: '/reviews/$id', params: { id } })
    },
    onError: sayError,
  })
  if (plans.length === 0) return null
  return (
    <div className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
      {plans.map(({ name, period, cron, timeZone, nextAtMs, sample, dueMs, signers }) => (
        <Panel key={name} title={`Plan ${name}`} aside={`each ${period}`}>
          <p className="text-[15px] font-semibold">
            {nextAtMs === null ? 'never by itself' : `next ${dateTime(nextAtMs)}`}
          </p>
          <p className="text-[12px] text-muted">
            <span className="machine">{cron}</span> {timeZone} · {sample} records drawn · signed within {span(dueMs)}
            {signers.length === 0 ? '' : ` by ${signers.join(' or ')}`}
          </p>
          {mayChange ? (
            <div className="mt-2 flex flex-wrap gap-2">
              <Button disabled={run.isPending} onClick={() => run.mutate({ plan: name, period: 'today' })}>
                Review today so far
              </Button>
              <Button disabled={run.isPending} onClick={() => run.mutate({ plan: name, period: 'previous' })}>
                Review the {period} before
              </Button>
            </div>
          ) : null}
        </Panel>
      ))}
    </div>
  )
}

function Runs({ runs }: { runs: readonly RunSummary[] }): ReactNode {
  if (runs.length === 0)
    return (
      <Empty title="No review has run yet" command="gatehouse reviews run daily --period today">
        The next one runs by itself; one can also be run now, above or by the command:
      </Empty>
    )
  return (
    <div className="overflow-x-auto">
      <table className="w-full">
        <thead>
          <tr className="text-left text-[12px] font-semibold text-muted">
            {['Review', 'State', 'Decided', 'Due', 'Signed'].map((name) => (
              <th key={name} scope="col" className="px-2 pb-1.5">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id} className="h-[30px] border-t border-line hover:bg-raise">
              <td className="px-2">
                <Link to="/reviews/$id" params={{ id: run.id }} className="link font-semibold">
                  {run.plan} {periodText(run.period)}
                </Link>
              </td>
              <td className="px-2">
                <RunBadge run={run} />
              </td>
              <td className="machine px-2">
                {run.state === 'collecting' || run.state === 'missed'
                  ? '–'
                  : `${count(run.items.total - run.items.open)} of ${count(run.items.total)}`}
              </td>
              <td className={`px-2 whitespace-nowrap ${run.overdue ? 'text-bad' : ''}`}>{dateTime(run.dueAtMs)}</td>
              <td className="px-2">
                {run.signOff === null ? '–' : `${run.signOff.name}, ${dateTime(run.signOff.atMs)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
