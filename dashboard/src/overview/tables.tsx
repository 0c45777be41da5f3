import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OverviewAnswer, OverviewChange } from '../api/types.ts'
import { count, figure, percent, windowOf } from '../lib/format.ts'
import { term } from '../live/filter.ts'
import { Panel } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty } from '../parts/states.tsx'
import { toneText } from '../parts/tone.ts'

const head = 'px-2 pb-1.5 text-[12px] font-semibold text-muted'
const row = 'border-t border-line hover:bg-raise'
const cell = 'h-[26px] px-2'

const kinds: Readonly<Record<OverviewChange['kind'], string>> = {
  network: 'network',
  route: 'route',
  consumer: 'consumer',
  userAgent: 'user agent',
  reason: 'reason',
}

/** What is otherwise than it was in the hour before. */
export function Changes({ changes, minutes }: { changes: readonly OverviewChange[]; minutes: number }): ReactNode {
  return (
    <Panel title={`What changed, in the last ${minutes} min v usual`} className="flex h-full flex-col">
      {changes.length === 0 ? (
        <Empty title="Nothing stands out">Networks, routes, consumers and user agents are as they were before.</Empty>
      ) : (
        <ul>
          {changes.map(({ kind, value, text, tone, query }) => (
            <li key={`${kind} ${value}`} className="border-b border-line">
              <Link
                to="/live"
                search={{ q: query }}
                className="flex min-h-[26px] flex-wrap items-center gap-x-3 px-2 hover:bg-raise"
              >
                <span className="max-w-full truncate" title={value}>
                  <span className="text-muted">{kinds[kind]}</span> <span className="machine">{value}</span>
                </span>
                <span className={`ml-auto flex items-center gap-1 whitespace-nowrap ${toneText[tone]}`}>
                  <Icon name={tone === 'anomaly' ? 'rise' : 'warning'} size={11} />
                  {text}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

/** Who calls most, and how much of it was refused. */
export function TopConsumers({ consumers }: { consumers: OverviewAnswer['consumers'] }): ReactNode {
  const sorted = consumers.toSorted((a, b) => b.refusedShare - a.refusedShare || b.perSecond - a.perSecond)
  return (
    <Panel title="Top consumers" aside="by refused share">
      {sorted.length === 0 ? (
        <Empty title="Nobody called" />
      ) : (
        <table className="w-full">
          <thead>
            <tr>
              <th scope="col" className={`${head} text-left`}>
                Consumer
              </th>
              <th scope="col" className={`${head} text-right`}>
                req/s
              </th>
              <th scope="col" className={`${head} text-right`}>
                refused
              </th>
              <th scope="col" className={`${head} text-right`}>
                quota
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, 8).map(({ name, perSecond, refusedShare, limitFill }) => (
              <tr key={name} className={row}>
                <td className={cell}>
                  <Link to="/live" search={{ q: term('consumer', name) }} className="hover:underline">
                    {name}
                  </Link>
                </td>
                <td className={`${cell} machine text-right`}>{figure(perSecond)}</td>
                <td className={`${cell} machine text-right ${refusedShare > 0.05 ? 'text-bad' : ''}`}>
                  <Link
                    to="/live"
                    search={{ q: `${term('consumer', name)} outcome:refused` }}
                    className="hover:underline"
                  >
                    {percent(refusedShare)}
                  </Link>
                </td>
                <td className={`${cell} machine text-right`}>{limitFill === null ? '–' : percent(limitFill)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

/** Limits that are fullest. */
export function Limits({ limits }: { limits: OverviewAnswer['limits'] }): ReactNode {
  return (
    <Panel title="Limits" aside="fullest first">
      {limits.length === 0 ? (
        <Empty title="No limit was counted">Routes with limits show here as soon as somebody calls them.</Empty>
      ) : (
        <ul className="space-y-1.5">
          {limits.slice(0, 6).map(({ name, per, key, used, limit, windowMs, fill }) => (
            <li key={`${name} ${key}`}>
              <div className="flex items-baseline justify-between gap-3">
                <span className="min-w-0 truncate">
                  {per === 'consumer' ? (
                    <Link to="/live" search={{ q: term('consumer', key) }} className="hover:underline">
                      {key}
                    </Link>
                  ) : per === 'ip' ? (
                    <Link to="/live" search={{ q: term('ip', key) }} className="machine hover:underline">
                      {key}
                    </Link>
                  ) : (
                    key
                  )}{' '}
                  <span className="text-[12px] text-muted">{name}</span>
                </span>
                <span
                  className={`machine whitespace-nowrap ${fill >= 1 ? 'text-bad' : fill >= 0.8 ? 'text-warn' : 'text-muted'}`}
                >
                  {count(used)} of {count(limit)} per {windowOf(windowMs)}
                </span>
              </div>
              <div
                role="meter"
                aria-label={`${name} of ${key}`}
                aria-valuemin={0}
                aria-valuemax={limit}
                aria-valuenow={Math.min(used, limit)}
                className="mt-0.5 h-1 overflow-hidden rounded bg-raise"
              >
                <div
                  className={`h-full ${fill >= 1 ? 'bg-bad' : fill >= 0.8 ? 'bg-warn' : 'bg-accent'}`}
                  style={{ width: `${Math.min(100, Math.max(0.5, fill * 100))}%` }}
                />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
