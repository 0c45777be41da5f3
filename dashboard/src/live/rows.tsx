import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type ReactNode, type RefObject, useEffect, useRef } from 'react'
import type { AccessEvent } from '../api/types.ts'
import { clock, count, duration, utc } from '../lib/format.ts'
import { Button } from '../parts/controls.tsx'
import { EndText, StatusMark } from '../parts/outcome.tsx'
import { type Gap, seqOf, type TailRow } from './tail.ts'

export interface RowsProps {
  readonly rows: readonly TailRow[]
  /** Index of the row that keys act on; -1: none. */
  readonly cursor: number
  readonly openId: string | null
  readonly onOpen: (id: string, index: number) => void
  readonly onScroll: (fromTop: number) => void
  /** The reader is near the end. */
  readonly onEnd: () => void
  readonly onFill: (gap: Gap) => void
}

const rowHeight = 26
const grid =
  'grid grid-cols-[100px_56px_minmax(0,1.2fr)_minmax(0,1fr)] md:grid-cols-[104px_62px_64px_minmax(100px,3fr)_minmax(84px,1fr)_minmax(112px,1.1fr)_minmax(130px,2fr)_64px]'
const wide = 'hidden md:block'
const columns: readonly { readonly name: string; readonly look: string }[] = [
  { name: 'Time', look: '' },
  { name: 'Status', look: '' },
  { name: 'Method', look: wide },
  { name: 'Path', look: '' },
  { name: 'Consumer', look: wide },
  { name: 'Client', look: wide },
  { name: 'Decision', look: '' },
  { name: 'Took', look: `${wide} text-right` },
]

/** The list itself: only what is seen is in the page. */
export function Rows({ rows, cursor, openId, onOpen, onScroll, onEnd, onFill }: RowsProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useRows(scroller, { rows, cursor, onEnd })
  return (
    <div className="flex min-h-0 flex-1 flex-col" role="table" aria-label="Requests" aria-rowcount={rows.length}>
      <div role="rowgroup" className="shrink-0">
        <div role="row" className={`${grid} border-b border-line px-3 py-1.5 text-[12px] font-semibold text-muted`}>
          {columns.map(({ name, look }) => (
            <span role="columnheader" key={name} className={look}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={scroller}
        role="rowgroup"
        tabIndex={0}
        aria-label="The newest first"
        className="min-h-0 flex-1 overflow-auto"
        onScroll={(event) => onScroll(event.currentTarget.scrollTop)}
      >
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }} role="presentation">
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            const style = { top: start, height: rowHeight }
            if (row.kind === 'gap') return <GapRow key={key} gap={row} style={style} onFill={onFill} />
            const { event } = row.shown
            const isChosen = event.id === openId || index === cursor
            return (
              <RecordRow
                key={key}
                event={event}
                look={isChosen ? 'bg-chosen' : row.isNew ? 'hover:bg-raise arrived' : 'hover:bg-raise'}
                style={style}
                onOpen={() => onOpen(event.id, index)}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** Rows before the end at which older ones are asked for. */
const endRows = 20

function useRows(
  scroller: RefObject<HTMLDivElement | null>,
  { rows, cursor, onEnd }: Pick<RowsProps, 'rows' | 'cursor' | 'onEnd'>,
): Virtualizer<HTMLDivElement, Element> {
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => keyOf(rows, index),
    overscan: 12,
  })
  const newest = useRef({ virtual, onEnd })
  newest.current = { virtual, onEnd }
  useEffect(() => {
    if (cursor >= 0) newest.current.virtual.scrollToIndex(cursor, { align: 'auto' })
  }, [cursor])
  const isAtEnd = rows.length > 0 && (virtual.getVirtualItems().at(-1)?.index ?? 0) >= rows.length - endRows
  useEffect(() => {
    if (isAtEnd) newest.current.onEnd()
  }, [isAtEnd])
  return virtual
}

/** Rows that come one by one are new rows of the page; in a flood each place only shows another record, which costs far less. */
function keyOf(rows: readonly TailRow[], index: number): string | number {
  const [first] = rows
  const row = rows[index]
  const isFlood = first?.kind === 'record' && !first.isNew
  return isFlood || row === undefined ? index : `${row.kind} ${seqOf(row)}`
}

interface Placed {
  readonly style: { readonly top: number; readonly height: number }
}

interface RecordRowProps extends Placed {
  readonly event: AccessEvent
  readonly look: string
  readonly onOpen: () => void
}

/** The button in its first cell does by keys what a click anywhere does. */
function RecordRow({ event, look, style, onOpen }: RecordRowProps): ReactNode {
  return (
    <div
      role="row"
      style={style}
      onClick={onOpen}
      className={`${grid} absolute inset-x-0 cursor-pointer items-center border-b [contain:strict] border-line px-3 ${look}`}
    >
      <span role="cell" className="machine" title={utc(event.receivedAtMs)}>
        <button type="button" aria-label={`Open ${event.method} ${event.path} of ${clock(event.receivedAtMs)}`}>
          {clock(event.receivedAtMs)}
        </button>
      </span>
      <span role="cell">
        <StatusMark event={event} />
      </span>
      <span role="cell" className={`machine ${wide} truncate`}>
        {event.method}
      </span>
      <span role="cell" className="machine truncate pr-3" title={event.path}>
        <span className="md:hidden">{event.method} </span>
        {event.path}
        {event.query === '' ? null : <span className="text-faint">?{event.query}</span>}
      </span>
      <span role="cell" className={`${wide} truncate pr-3 ${event.consumer === null ? 'text-muted' : ''}`}>
        {event.consumer ?? 'anonymous'}
      </span>
      <span role="cell" className={`machine ${wide} truncate pr-3`} title={event.clientIp}>
        {event.clientIp}
      </span>
      <span role="cell" className="truncate pr-3">
        <EndText event={event} />
      </span>
      <span role="cell" className={`machine ${wide} text-right text-muted`}>
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
      className="absolute inset-x-0 flex items-center border-b border-line bg-warn-soft px-3"
    >
      <span role="cell" className="flex items-center gap-2 text-warn">
        {count(gap.count)} more here than the live stream carries; all are in the ledger.
        <Button look="quiet" className="h-5 px-1.5 text-warn underline" onClick={() => onFill(gap)}>
          Load them
        </Button>
      </span>
    </div>
  )
}
