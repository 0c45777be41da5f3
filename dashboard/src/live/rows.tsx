import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'
import type { AccessEvent } from '../api/types.ts'
import { clock, count, duration, utc } from '../lib/format.ts'
import { Button } from '../parts/controls.tsx'
import { EndText, StatusMark } from '../parts/outcome.tsx'
import { type Gap, seqOf, type TailRow } from './tail.ts'

export interface RowsProps {
  readonly rows: readonly TailRow[]
  /** Index of the row that keys act on. */
  readonly cursor: number
  readonly openId: string | null
  readonly onOpen: (id: string, index: number) => void
  readonly onScroll: (fromTop: number) => void
  /** The reader is near the end. */
  readonly onEnd: () => void
  readonly onFill: (gap: Gap) => void
}

const rowHeight = 26
const columns =
  'grid grid-cols-[104px_66px_66px_minmax(140px,2fr)_minmax(120px,1fr)] md:grid-cols-[104px_66px_66px_minmax(160px,3fr)_minmax(90px,1fr)_minmax(110px,1.1fr)_minmax(150px,2fr)_72px]'

/** The list itself: only what is seen is in the page. */
export function Rows({ rows, cursor, openId, onOpen, onScroll, onEnd, onFill }: RowsProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => keyOf(rows[index], index),
    overscan: 12,
  })
  useEffect(() => {
    if (cursor >= 0) virtual.scrollToIndex(cursor, { align: 'auto' })
    // Only a move of the cursor scrolls, not every new row.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [cursor])
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 20) onEnd()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- asked once for each end that is reached
  }, [last, rows.length])
  return (
    <div className="flex min-h-0 flex-1 flex-col" role="table" aria-label="Requests" aria-rowcount={rows.length}>
      <div
        role="row"
        className={`${columns} shrink-0 border-b border-line px-3 py-1.5 text-[12px] font-semibold text-muted`}
      >
        {['Time', 'Status', 'Method', 'Path'].map((name) => (
          <span role="columnheader" key={name}>
            {name}
          </span>
        ))}
        <span role="columnheader" className="hidden md:block">
          Consumer
        </span>
        <span role="columnheader" className="hidden md:block">
          Client
        </span>
        <span role="columnheader">Decision</span>
        <span role="columnheader" className="hidden text-right md:block">
          Took
        </span>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys */}
      <div
        ref={scroller}
        role="rowgroup"
        tabIndex={0}
        aria-label="Requests, the newest first"
        className="min-h-0 flex-1 overflow-auto"
        onScroll={(event) => onScroll(event.currentTarget.scrollTop)}
      >
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map(({ index, key, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            const at = { top: start, height: rowHeight }
            return row.kind === 'gap' ? (
              <GapRow key={key} gap={row} style={at} onFill={onFill} />
            ) : (
              <RecordRow
                key={key}
                event={row.shown.event}
                isNew={row.isNew}
                isChosen={row.shown.event.id === openId || index === cursor}
                style={at}
                onOpen={() => onOpen(row.shown.event.id, index)}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** How the list moves, for whoever holds it. */
export type RowsVirtual = Virtualizer<HTMLDivElement, Element>

function keyOf(row: TailRow | undefined, index: number): string {
  return row === undefined ? `none ${index}` : `${row.kind} ${seqOf(row)}`
}

interface Placed {
  readonly style: { readonly top: number; readonly height: number }
}

function RecordRow({
  event,
  isNew,
  isChosen,
  style,
  onOpen,
}: Placed & { event: AccessEvent; isNew: boolean; isChosen: boolean; onOpen: () => void }): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the button in its first cell does the same
    <div
      role="row"
      style={style}
      onClick={onOpen}
      className={`${columns} absolute inset-x-0 cursor-pointer items-center border-b border-line px-3 ${isChosen ? 'bg-chosen' : `hover:bg-raise ${isNew ? 'arrived' : ''}`}`}
    >
      <span role="cell" className="machine" title={utc(event.receivedAtMs)}>
        <button type="button" aria-label={`Open ${event.method} ${event.path} of ${clock(event.receivedAtMs)}`}>
          {clock(event.receivedAtMs)}
        </button>
      </span>
      <span role="cell">
        <StatusMark event={event} />
      </span>
      <span role="cell" className="machine">
        {event.method}
      </span>
      <span role="cell" className="machine truncate pr-3" title={event.path}>
        {event.path}
        {event.query === '' ? null : <span className="text-faint">?{event.query}</span>}
      </span>
      <span role="cell" className={`hidden truncate pr-3 md:block ${event.consumer === null ? 'text-faint' : ''}`}>
        {event.consumer ?? 'anonymous'}
      </span>
      <span role="cell" className="machine hidden truncate pr-3 md:block">
        {event.clientIp}
      </span>
      <span role="cell" className="truncate pr-3">
        <EndText event={event} />
      </span>
      <span role="cell" className="machine hidden text-right text-muted md:block">
        {duration(event.durationUs)}
      </span>
    </div>
  )
}

function GapRow({ gap, style, onFill }: Placed & { gap: Gap; onFill: (gap: Gap) => void }): ReactNode {
  return (
    <div
      role="row"
      style={style}
      className="absolute inset-x-0 flex items-center gap-2 border-b border-line bg-warn-soft px-3 text-warn"
    >
      <span role="cell">
        {count(gap.count)} more here than the live stream carries; all are in the ledger.{' '}
        <Button look="quiet" className="h-5 px-1.5 text-warn underline" onClick={() => onFill(gap)}>
          Load them
        </Button>
      </span>
    </div>
  )
}
