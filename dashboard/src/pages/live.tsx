import { getRouteApi, Link } from '@tanstack/react-router'
import { type ReactNode, useRef } from 'react'
import { PageHead } from '../app/page-head.tsx'
import { clockSeconds, count } from '../lib/format.ts'
import { FilterBar } from '../live/filter-bar.tsx'
import { RequestDrawer } from '../live/request-drawer.tsx'
import { Rows } from '../live/rows.tsx'
import { waitingCount, type Tail } from '../live/tail.ts'
import { useReading } from '../live/use-reading.ts'
import { type LiveTail, useTail } from '../live/use-tail.ts'
import { Badge, Button, buttonClass, Key } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/live')
/** So far from the top one is still there. */
const topPx = 8

/** Requests as they end; never loses or moves anything unsaid. */
export function LivePage(): ReactNode {
  const { q = '', r = null } = route.useSearch()
  const live = useTail(q)
  const { tail } = live
  const input = useRef<HTMLInputElement>(null)
  const { cursor, heldAtMs, hold, go, open, show } = useReading(live, { q, r, input })
  const isPaused = tail?.paused === true
  return (
    <>
      <PageHead
        title="Live tail"
        actions={
          <>
            <Link to="/explore" search={q === '' ? {} : { q }} className={buttonClass()}>
              Explore
            </Link>
            <Button icon={isPaused ? 'play' : 'pause'} onClick={isPaused ? go : hold} disabled={tail === null}>
              {isPaused ? 'Resume' : 'Pause'}
            </Button>
          </>
        }
      >
        <State state={live.state} paused={isPaused} />
        {tail === null ? null : <Counts tail={tail} lookedAt={live.lookedAt} />}
      </PageHead>
      <FilterBar text={q} onChange={(text) => show({ q: text })} input={input} />
      <div className="flex min-h-0 flex-1">
        <div className={`min-h-0 min-w-0 flex-1 flex-col ${r === null ? 'flex' : 'hidden lg:flex'}`}>
          {tail !== null && isPaused ? <PausedBar tail={tail} sinceMs={heldAtMs} onResume={go} /> : null}
          <List
            live={live}
            cursor={cursor}
            openId={r}
            onOpen={open}
            onScroll={(fromTop) => {
              if (fromTop > topPx) hold()
            }}
          />
        </div>
        {r === null ? null : <RequestDrawer key={r} id={r} onClose={() => show({ r: null })} />}
      </div>
    </>
  )
}

interface ListProps {
  readonly live: LiveTail
  readonly cursor: number
  readonly openId: string | null
  readonly onOpen: (id: string, index: number) => void
  readonly onScroll: (fromTop: number) => void
}

function List({ live, cursor, openId, onOpen, onScroll }: ListProps): ReactNode {
  const { tail, error, isLoading, filter, loadOlder, fill } = live
  if (tail === null) return error === null ? <Loading rows={12} /> : <Problem error={error} onRetry={loadOlder} />
  return (
    <>
      {error === null ? null : <Problem error={error} onRetry={loadOlder} />}
      {tail.rows.length === 0 && !isLoading ? (
        <Nothing isFiltered={filter.terms.length > 0} />
      ) : (
        <Rows
          rows={tail.rows}
          cursor={cursor}
          openId={openId}
          onOpen={onOpen}
          onScroll={onScroll}
          onEnd={loadOlder}
          onFill={fill}
        />
      )}
      <End tail={tail} isLoading={isLoading} lookedAt={live.lookedAt} onMore={loadOlder} />
    </>
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }): ReactNode {
  return isFiltered ? (
    <Empty title="No recent record matches">What matches from now on appears here at once.</Empty>
  ) : (
    <Empty title="No requests yet">
      Every request to the gateway appears here within a quarter of a second, refused ones too.
    </Empty>
  )
}

/** How far back it was looked, where that is less than everything. */
function End({
  tail,
  isLoading,
  lookedAt,
  onMore,
}: {
  tail: Tail
  isLoading: boolean
  lookedAt: number
  onMore: () => void
}): ReactNode {
  if (isLoading)
    return <p className="shrink-0 border-t border-line px-4 py-1 text-[12px] text-muted">Reading older records…</p>
  if (tail.older === null || tail.rows.length > 60) return null
  return (
    <p className="flex shrink-0 items-center gap-2 border-t border-line px-4 py-1 text-[12px] text-muted">
      Looked through {count(lookedAt)} older places of the log.
      <Button look="quiet" className="h-6" onClick={onMore}>
        Look further back
      </Button>
    </p>
  )
}

function State({ state, paused }: { state: LiveTail['state']; paused: boolean }): ReactNode {
  if (state === 'lost')
    return (
      <Badge tone="warn" icon="warning">
        connection lost, trying again
      </Badge>
    )
  if (paused)
    return (
      <Badge tone="warn" icon="pause">
        paused
      </Badge>
    )
  return (
    <Badge tone={state === 'live' ? 'ok' : 'muted'} icon="dot">
      {state === 'live' ? 'live' : 'connecting'}
    </Badge>
  )
}

/** What one is not seeing is always said. */
function Counts({ tail, lookedAt }: { tail: Tail; lookedAt: number }): ReactNode {
  const { matched, sent, kept, dropped, rows } = tail
  return (
    <span className="text-[12px] text-muted" title={`${count(lookedAt)} older records were looked at`}>
      since it began:{' '}
      {kept === sent
        ? `${count(matched)} matched, ${count(sent)} sent`
        : `${count(sent)} sent, ${count(kept)} of them match`}
      , <span className={dropped > 0 ? 'font-semibold text-warn' : ''}>{count(dropped)} not sent</span> ·{' '}
      {count(rows.length)} rows
    </span>
  )
}

function PausedBar({ tail, sinceMs, onResume }: { tail: Tail; sinceMs: number; onResume: () => void }): ReactNode {
  return (
    <button
      type="button"
      onClick={onResume}
      className="flex shrink-0 items-center justify-center gap-2 border-b border-warn bg-warn-soft px-4 py-1.5 font-semibold text-warn"
    >
      <Icon name="pause" />
      Paused at {clockSeconds(sinceMs)} — {count(waitingCount(tail))} new
      <span className="font-normal">
        (<Key>Space</Key> resumes)
      </span>
    </button>
  )
}
