import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { incidentRead } from '../api/reads.ts'
import type { Incident, IncidentFinding, TimelineEntry } from '../api/types.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { IncidentActions } from '../incidents/actions.tsx'
import { nameOf, SeverityBadge, StateBadge } from '../incidents/badges.tsx'
import { clockSeconds, count, dateTime, figure, plural, span, utc, windowOf } from '../lib/format.ts'
import { term } from '../live/filter.ts'
import { Badge, buttonClass, Panel } from '../parts/controls.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { Empty, isAbsent, Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/incidents/$id')

/** A story with evidence, its usual value, and safe buttons. */
export function IncidentPage(): ReactNode {
  const { id } = route.useParams()
  const { data, error, refetch } = useQuery(incidentRead(id))
  return (
    <>
      <PageHead
        title={
          <span className="flex items-center gap-1">
            <Link to="/incidents" className="font-normal text-muted hover:text-text">
              Incidents
            </Link>
            <Icon name="right" className="text-faint" /> {id}
          </span>
        }
        {...(data === undefined ? {} : { actions: <IncidentActions incident={data} /> })}
      >
        {data === undefined ? null : (
          <>
            <SeverityBadge severity={data.severity} />
            <StateBadge {...data} />
          </>
        )}
      </PageHead>
      <PageBody>
        {data !== undefined ? (
          <Story incident={data} />
        ) : error === null ? (
          <Loading rows={8} />
        ) : isAbsent(error) ? (
          <Empty title={`There is no incident ${id}`} />
        ) : (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
      </PageBody>
    </>
  )
}

function Story({ incident }: { incident: Incident }): ReactNode {
  const { title, route: onRoute, actor, count: requests, firstSeenMs, lastSeenMs, action, findings } = incident
  return (
    <div className="space-y-3">
      <section className="panel p-3" aria-label="What happened">
        <h2 className="text-[15px] font-semibold">
          {title}{' '}
          {onRoute === null ? null : <span className="machine text-[13px] font-normal text-muted">{onRoute}</span>}
        </h2>
        <p className="mt-1">
          <b>{plural(requests, 'request')}</b> of {actor.kind} <b className="machine">{actor.value}</b>, from{' '}
          <time title={utc(firstSeenMs)}>
            {dateTime(firstSeenMs).slice(0, 10)} {clockSeconds(firstSeenMs)}
          </time>{' '}
          on, {lastSeenMs - firstSeenMs < 1_000 ? 'all within a second' : `for ${span(lastSeenMs - firstSeenMs)}`}.
        </p>
        <p className="mt-1 text-muted">{action}</p>
        <div className="mt-2 flex flex-wrap gap-2">
          <Link to="/live" search={{ q: queryOf(incident) }} className={buttonClass()}>
            Its records in Live tail
          </Link>
        </div>
      </section>
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <Panel title="Timeline">
          <ol>
            {incident.timeline.map((line) => (
              <Line key={`${line.atMs} ${line.kind} ${line.text}`} {...line} />
            ))}
          </ol>
        </Panel>
        <Panel title="Evidence" aside={plural(findings.length, 'finding')}>
          <ul className="space-y-3">
            {findings.map((finding) => (
              <Finding key={finding.fingerprint} {...finding} />
            ))}
          </ul>
        </Panel>
      </div>
    </div>
  )
}

/** The records of whom it is about. */
function queryOf({ actor, route: onRoute }: Incident): string {
  const fields = { network: 'ip', consumer: 'consumer', credential: 'credential', api: 'api', review: null } as const
  const field = fields[actor.kind]
  const who = field === null ? '' : term(field, actor.value)
  return [who, onRoute === null ? '' : term('route', onRoute)].filter((word) => word !== '').join(' ')
}

const lineIcons: Readonly<Record<TimelineEntry['kind'], IconName>> = {
  first_seen: 'dot',
  rule_fired: 'warning',
  severity_raised: 'rise',
  widened: 'rise',
  notified: 'right',
  notification_failed: 'failed',
  acknowledged: 'person',
  snoozed: 'pause',
  woke_up: 'play',
  note: 'copy',
  network_blocked: 'refused',
  network_released: 'ok',
  resolved: 'ok',
  reopened: 'warning',
}

function Line({ atMs, kind, by, text }: TimelineEntry): ReactNode {
  return (
    <li className="grid grid-cols-[144px_20px_1fr] gap-1 border-t border-line py-1.5 first:border-t-0">
      <time className="machine" dateTime={utc(atMs)} title={utc(atMs)}>
        {dateTime(atMs).slice(0, 10)} {clockSeconds(atMs)}
      </time>
      <Icon name={lineIcons[kind]} className="mt-[3px] text-muted" />
      <span className="min-w-0 break-words">
        <b className="font-semibold">{kind.replaceAll('_', ' ')}</b>
        {by === 'desk' ? null : <span className="text-muted"> by {nameOf(by)}</span>} {text}
      </span>
    </li>
  )
}

function Finding({
  title,
  severity,
  count: requests,
  repeats,
  baseline,
  evidence,
  tags,
  note,
  rule,
}: IncidentFinding): ReactNode {
  const { expected, observed, windowMs, p } = baseline
  return (
    <li className="border-t border-line pt-2 first:border-t-0 first:pt-0">
      <p className="flex flex-wrap items-center gap-2">
        <b className="font-semibold">{title}</b> <SeverityBadge severity={severity} />
        <span className="machine text-muted">
          {rule.id} v{rule.version}
        </span>
      </p>
      <p>
        {plural(requests, 'request')}
        {repeats === 0 ? '' : `, began anew ${plural(repeats, 'time')}`}; at most <b>{count(observed)}</b> in{' '}
        {windowOf(windowMs)},{' '}
        {p === null ? `the bound is ${figure(expected)}` : `usual ${figure(expected)} (p = ${p.toExponential(0)})`}.
      </p>
      {note === '' ? null : <p className="text-warn">{note}</p>}
      <p className="mt-1 flex flex-wrap gap-1">
        {tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </p>
      {evidence.length === 0 ? null : (
        <p className="mt-1 flex flex-wrap items-center gap-x-1 text-[12px]">
          <span className="text-muted">records</span>
          {evidence.map(({ seq, requestId }) => (
            <Link
              key={seq}
              to="/live"
              search={{ r: requestId }}
              className="machine link inline-block min-w-6 text-center leading-6"
            >
              {count(seq)}
            </Link>
          ))}
        </p>
      )}
    </li>
  )
}
