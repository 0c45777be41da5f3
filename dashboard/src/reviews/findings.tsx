import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { ReviewResults } from '../api/types.ts'
import { count } from '../lib/format.ts'
import { Badge, Panel } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty } from '../parts/states.tsx'

/** Whether the review can rest on what it read. */
export function ReviewTrust({ results }: { results: ReviewResults }): ReactNode {
  const { facts, limitations } = results.trust
  const { access, audit } = results.pins
  return (
    <Panel
      title="Can it be trusted?"
      aside={
        limitations.length === 0 ? (
          <Badge tone="ok" icon="ok">
            without limitation
          </Badge>
        ) : (
          <Badge tone="warn" icon="warning">
            {limitations.length === 1 ? 'one limitation' : `${limitations.length} limitations`}
          </Badge>
        )
      }
    >
      <ul className="grid gap-x-6 md:grid-cols-2">
        {facts.map(({ id, title, state, text }) => (
          <li key={id} className="flex gap-2 border-t border-line py-1.5">
            <Icon
              name={state === 'ok' ? 'ok' : 'warning'}
              className={`mt-[3px] ${state === 'ok' ? 'text-ok' : 'text-warn'}`}
            />
            <span className="min-w-0 break-words">
              <b className="font-semibold">{title}</b>
              <span className="sr-only">{state === 'ok' ? ' (ok)' : ' (limited)'}</span>{' '}
              <span className="text-muted">{text}</span>
            </span>
          </li>
        ))}
      </ul>
      <p className="mt-2 text-[12px] text-muted">
        Pinned: records {count(access.from)} to before {count(access.to)} of the access log under root{' '}
        <span className="machine">{access.root.slice(0, 16)}…</span>, {count(audit.from)} to before {count(audit.to)} of
        the audit log under root <span className="machine">{audit.root.slice(0, 16)}…</span>
      </p>
    </Panel>
  )
}

/** Every check that ran, those that found nothing too. */
export function ReviewChecks({ results }: { results: ReviewResults }): ReactNode {
  return (
    <Panel
      title="Checks"
      aside={`${results.checks.length} ran, ${results.checks.filter(({ hits }) => hits > 0).length} found something`}
    >
      <ul>
        {results.checks
          .toSorted((a, b) => Number(b.hits > 0) - Number(a.hits > 0))
          .map(({ id, title, about, hits, found, severity, query }) => (
            <li
              key={id}
              className="flex items-baseline justify-between gap-3 border-t border-line py-1 first:border-t-0"
              title={about}
            >
              <span className="flex min-w-0 items-baseline gap-2">
                <Icon
                  name={hits === 0 ? 'ok' : 'warning'}
                  size={12}
                  className={`translate-y-[2px] ${hits === 0 ? 'text-ok' : severity === 'high' ? 'text-bad' : 'text-warn'}`}
                />
                <span className={hits === 0 ? 'text-muted' : ''}>{title}</span>
              </span>
              <span className="machine whitespace-nowrap text-muted">
                {hits === 0 ? (
                  'nothing'
                ) : query === '' ? (
                  `${count(hits)} in ${count(found)}`
                ) : (
                  <Link to="/live" search={{ q: query }} className="link">
                    {count(hits)} in {count(found)}
                  </Link>
                )}
              </span>
            </li>
          ))}
      </ul>
    </Panel>
  )
}

/** What differs from the period before. */
export function ReviewDifferences({ results }: { results: ReviewResults }): ReactNode {
  const { against, entries, beyond } = results.differences
  return (
    <Panel title="Differences" aside={against === '' ? 'nothing to compare with' : `from ${against}`}>
      {entries.length === 0 ? (
        <Empty title={against === '' ? 'The log has nothing of the period before' : 'Nothing differs'} />
      ) : (
        <ul>
          {entries.slice(0, 30).map(({ dimension, change, key, text }) => (
            <li key={`${dimension} ${change} ${key}`} className="flex gap-2 border-t border-line py-1 first:border-t-0">
              <Badge tone={change === 'new' ? 'anomaly' : 'muted'}>{change}</Badge>
              <span className="min-w-0 break-words">{text}</span>
            </li>
          ))}
        </ul>
      )}
      {entries.length > 30 || beyond > 0 ? (
        <p className="mt-1 text-muted">and {count(Math.max(0, entries.length - 30) + beyond)} more, in the report</p>
      ) : null}
    </Panel>
  )
}
