import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useKeys } from '../app/keyboard.ts'
import { PageHead } from '../app/page-head.tsx'
import { clockSeconds, count } from '../lib/format.ts'
import { FilterBar } from '../live/filter-bar.tsx'
import { RequestDrawer } from '../live/request-drawer.tsx'
import { Rows } from '../live/rows.tsx'
import { waitingCount, type Tail } from '../live/tail.ts'
import { type LiveTail, useTail } from '../live/use-tail.ts'
import { Badge, Button, Key } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/live')
/** So far from the top one is still there. */
const topPx = 8

/** Requests as they end; never loses or moves anything unsaid. */
export function LivePage(): ReactNode {
  const { q = '', r = null } = route.useSearch()
  const navigate = useNavigate()
  const live = useTail(q)
  const { tail } = live
  const input = useRef<HTMLInputElement>(null)
  const [cursor, setCursor] = useState(-1)
  const [pausedAtMs, setPausedAt] = useState(0)
  const rows = tail?.rows ?? []
  const search = (next: { q?: string; r?: string | null }): void => {
    const [filter, open] = [next.q ?? q, next.r === undefined ? r : next.r]
    void navigate({
      to: '/live',
      search: { ...(filter === '' ? {} : { q: filter }), ...(open === null ? {} : { r: open }) },
    })
  }
  const hold = (): void => {
    if (tail === null || tail.paused) return
    setPausedAt(Date.now())
    live.pause()
  }
  const go = (): void => {
    setCursor(-1)
    live.resume()
  }
  const open = (id: string, index: number): void => {
    hold()
    setCursor(index)
    search({ r: id })
  }
  const move = (step: number): void => {
    hold()
    setCursor((at) => Math.max(0, Math.min(rows.length - 1, at + step)))
  }
  useKeys({
    '/': () => input.current?.focus(),
    ' ': () => (tail?.paused === true ? go() : hold()),
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      const row = rows[cursor]
      if (row?.kind === 'record') open(row.shown.event.id, cursor)
    },
    Escape: () => search({ r: null }),
  })
  useEffect(() => setCursor(-1), [q])
  return (
    <>
      <PageHead
        title="Live tail"
        actions={
          tail?.paused === true ? (
            <Button icon="play" onClick={go}>
              Resume
            </Button>
          ) : (
            <Button icon="pause" onClick={hold} disabled={tail === null}>
              Pause
            </Button>
          )
        }
      >
        <State state={live.state} paused={tail?.paused === true} />
        {tail === null ? null : <Counts tail={tail} lookedAt={live.lookedAt} />}
      </PageHead>
      <FilterBar text={q} onChange={(text) => search({ q: text })} input={input} />
      <div className="flex min-h-0 flex-1">
        <div className={`min-h-0 min-w-0 flex-1 flex-col ${r === null ? 'flex' : 'hidden lg:flex'}`}>
          {tail?.paused === true ? <PausedBar tail={tail} sinceMs={pausedAtMs} onResume={go} /> : null}
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
        {r === null ? null : <RequestDrawer key={r} id={r} onClose={() => search({ r: null })} />}
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
    <Empty title="No requests yet" command="curl -i http://127.0.0.1:8080/">
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
      Looked through {count(lookedAt)} older records.
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
  const shown = tail.rows.length
  return (
    <span className="text-[12px] text-muted" title={`${count(lookedAt)} older records were read`}>
      {count(tail.matched)} matched since it began, {count(tail.sent)} sent,{' '}
      <span className={tail.dropped > 0 ? 'font-semibold text-warn' : ''}>{count(tail.dropped)} not sent</span> ·{' '}
      {count(shown)} rows
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
