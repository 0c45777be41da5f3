import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { incidentsRead } from '../api/reads.ts'
import type { IncidentState, ShownIncident } from '../api/types.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { SeverityBadge, StateBadge } from '../incidents/badges.tsx'
import { count, dateTime, utc } from '../lib/format.ts'
import { Empty, isAbsent, Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/incidents')
const tabs: readonly (IncidentState | 'all')[] = ['all', 'open', 'acknowledged', 'snoozed', 'resolved']
const pageRows = 100

/** What was found, for people to look at. */
export function IncidentsPage(): ReactNode {
  const { state = 'all' } = route.useSearch()
  const { data, error, refetch } = useQuery(incidentsRead(state, pageRows))
  const summary = data?.summary
  return (
    <>
      <PageHead title="Incidents">
        <nav aria-label="States" className="flex gap-1">
          {tabs.map((tab) => (
            <Link
              key={tab}
              to="/incidents"
              search={tab === 'all' ? {} : { state: tab }}
              aria-current={tab === state ? 'page' : undefined}
              className={`rounded-md px-2 py-0.5 ${tab === state ? 'bg-chosen font-semibold' : 'text-muted hover:bg-raise'}`}
            >
              {tab}
              {summary !== undefined && tab !== 'all' && tab !== 'resolved' && summary[tab] > 0
                ? ` ${summary[tab]}`
                : ''}
            </Link>
          ))}
        </nav>
      </PageHead>
      <PageBody>
        {data !== undefined ? (
          <List items={data.items} state={state} hasMore={data.next !== null} />
        ) : error === null ? (
          <Loading rows={8} />
        ) : isAbsent(error) ? (
          <Empty title="Nothing is detected here">This desk runs without detectors.</Empty>
        ) : (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
      </PageBody>
    </>
  )
}

function List({
  items,
  state,
  hasMore,
}: {
  items: readonly ShownIncident[]
  state: string
  hasMore: boolean
}): ReactNode {
  if (items.length === 0)
    return (
      <div className="panel">
        <Empty
          title={state === 'all' ? 'No incident yet' : `Nothing is ${state}`}
          command={state === 'all' ? 'gatehouse drill credential-stuffing' : undefined}
        >
          {state === 'all'
            ? 'Failed sign-ins, spikes, probing and policy violations open one within seconds. In front of the demo, a drill shows it:'
            : undefined}
        </Empty>
      </div>
    )
  return (
    <div className="panel overflow-x-auto p-3">
      <table className="w-full">
        <thead>
          <tr className="text-left text-[12px] font-semibold text-muted">
            {['Incident', 'Severity', 'What', 'Who', 'Requests', 'Last seen', 'State'].map((name) => (
              <th key={name} scope="col" className={`px-2 pb-1.5 ${name === 'Requests' ? 'text-right' : ''}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((incident) => (
            <Row key={incident.id} {...incident} />
          ))}
        </tbody>
      </table>
      {hasMore ? (
        <p className="mt-2 px-2 text-[12px] text-muted">
          The newest {pageRows} are shown; older ones: gatehouse incidents ls
        </p>
      ) : null}
    </div>
  )
}

function Row(incident: ShownIncident): ReactNode {
  const { id, title, route: onRoute, actor, count: requests, lastSeenMs, severity } = incident
  return (
    <tr className="h-[30px] border-t border-line hover:bg-raise">
      <td className="px-2">
        <Link to="/incidents/$id" params={{ id }} className="link font-semibold">
          {id}
        </Link>
      </td>
      <td className="px-2">
        <SeverityBadge severity={severity} />
      </td>
      <td className="px-2">
        {title} {onRoute === null ? null : <span className="machine text-muted">{onRoute}</span>}
      </td>
      <td className="px-2">
        <span className="text-muted">{actor.kind}</span> <span className="machine">{actor.value}</span>
      </td>
      <td className="machine px-2 text-right">{count(requests)}</td>
      <td className="px-2 whitespace-nowrap" title={utc(lastSeenMs)}>
        {dateTime(lastSeenMs)}
      </td>
      <td className="px-2">
        <StateBadge {...incident} />
      </td>
    </tr>
  )
}
