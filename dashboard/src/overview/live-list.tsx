import { Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import type { ShownEvent } from '../api/types.ts'
import { clock, utc } from '../lib/format.ts'
import type { TailRow } from '../live/tail.ts'
import type { LiveTail } from '../live/use-tail.ts'
import { Key, Panel } from '../parts/controls.tsx'
import { EndText, StatusMark } from '../parts/outcome.tsx'
import { Empty, Loading } from '../parts/states.tsx'

const rowsMax = 12
/** How long what was refused stays above what was served since. */
const freshMs = 60_000
const refusedMax = 6

/** The newest requests, those that were refused a moment ago first. */
export function LiveList({ tail, state }: Pick<LiveTail, 'tail' | 'state'>): ReactNode {
  const rows = tail?.rows
  const shown = useMemo(() => (rows === undefined ? [] : choose(rows)), [rows])
  return (
    <Panel
      title="Live, refused first"
      aside={
        <Link to="/live" className="flex items-center gap-1 font-semibold hover:text-text">
          {state === 'lost' ? <span className="text-warn">reconnecting</span> : null} Live tail <Key>g</Key>{' '}
          <Key>l</Key>
        </Link>
      }
      className="overflow-hidden"
    >
      {tail === null ? (
        <Loading rows={6} />
      ) : shown.length === 0 ? (
        <Empty title="No requests yet">Every request to the gateway shows here within a moment.</Empty>
      ) : (
        <table className="w-full table-fixed">
          <thead>
            <tr className="text-left text-[12px] font-semibold text-muted">
              <th scope="col" className="w-[104px] px-2 pb-1.5">
                Time
              </th>
              <th scope="col" className="w-[66px] pb-1.5">
                Status
              </th>
              <th scope="col" className="w-[62px] pb-1.5">
                Method
              </th>
              <th scope="col" className="pb-1.5">
                Path
              </th>
              <th scope="col" className="hidden w-[110px] pb-1.5 sm:table-cell">
                Consumer
              </th>
              <th scope="col" className="hidden w-[132px] pb-1.5 lg:table-cell">
                Client
              </th>
              <th scope="col" className="w-[190px] pb-1.5">
                Decision
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={one.seq} {...one} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function Row({ event }: ShownEvent): ReactNode {
  return (
    <tr className="h-[26px] border-t border-line hover:bg-raise">
      <td className="machine px-2" title={utc(event.receivedAtMs)}>
        <Link to="/live" search={{ r: event.id }} className="hover:underline">
          {clock(event.receivedAtMs)}
        </Link>
      </td>
      <td>
        <StatusMark event={event} />
      </td>
      <td className="machine">{event.method}</td>
      <td className="machine truncate pr-2" title={event.path}>
        {event.path}
      </td>
      <td className={`hidden truncate pr-2 sm:table-cell ${event.consumer === null ? 'text-faint' : ''}`}>
        {event.consumer ?? 'anonymous'}
      </td>
      <td className="machine hidden truncate pr-2 lg:table-cell" title={event.clientIp}>
        {event.clientIp}
      </td>
      <td className="truncate">
        <EndText event={event} />
      </td>
    </tr>
  )
}

function choose(rows: readonly TailRow[]): readonly ShownEvent[] {
  const newest = rows.slice(0, 2_000).flatMap((row) => (row.kind === 'record' ? [row.shown] : []))
  const sinceMs = (newest[0]?.event.receivedAtMs ?? 0) - freshMs
  const first = newest
    .filter(({ event }) => event.outcome !== 'served' && event.receivedAtMs >= sinceMs)
    .slice(0, refusedMax)
  return [...first, ...newest.filter((one) => !first.includes(one)).slice(0, rowsMax - first.length)]
}
