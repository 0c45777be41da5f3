import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { send } from '../api/client.ts'
import { type DecidedItem, type DecisionWish, type Disposition, dispositions, type RunView } from '../api/types.ts'
import { useKeys } from '../app/keyboard.ts'
import { useMayChange } from '../app/session.ts'
import { nameOf } from '../incidents/badges.tsx'
import { count, dateTime } from '../lib/format.ts'
import { Badge, Button, Key, TextArea } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty } from '../parts/states.tsx'
import { sayError } from '../parts/toasts.tsx'

const dayMs = 86_400_000
const acceptMs = 30 * dayMs

/** The items of a review, and the desk at which the chosen one is decided. */
export function ReviewItems({ run }: { run: RunView }): ReactNode {
  const { list } = run.items
  const [chosen, setChosen] = useState(() => list.find(({ decision }) => decision === null)?.id ?? list[0]?.id ?? '')
  const at = Math.max(
    0,
    list.findIndex(({ id }) => id === chosen),
  )
  const item = list[at]
  const move = (step: number): void => setChosen(list[Math.max(0, Math.min(list.length - 1, at + step))]?.id ?? '')
  useKeys({ j: () => move(1), k: () => move(-1) })
  if (item === undefined)
    return <Empty title="Nothing has to be decided">No check found anything, and no record was drawn.</Empty>
  return (
    <div className="grid items-start gap-3 xl:grid-cols-[1fr_400px]">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys */}
      <div
        className="max-h-[560px] overflow-auto rounded-md border border-line"
        tabIndex={0}
        role="region"
        aria-label="Items"
      >
        <ul>
          {list.map((one) => (
            <ItemRow key={one.id} item={one} isChosen={one.id === item.id} onChoose={() => setChosen(one.id)} />
          ))}
        </ul>
      </div>
      <DecisionDesk
        key={item.id}
        run={run}
        item={item}
        onDecided={(next) => {
          const open = next.items.list.find(({ decision }, index) => decision === null && index > at)
          setChosen((open ?? next.items.list.find(({ decision }) => decision === null) ?? item).id)
        }}
      />
    </div>
  )
}

function ItemRow({
  item,
  isChosen,
  onChoose,
}: {
  item: DecidedItem
  isChosen: boolean
  onChoose: () => void
}): ReactNode {
  const ref = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isChosen) ref.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <li ref={ref} className="border-t border-line first:border-t-0">
      <button
        type="button"
        aria-current={isChosen}
        onClick={onChoose}
        className={`grid w-full grid-cols-[18px_1fr_auto] items-baseline gap-2 px-2 py-1 text-left ${isChosen ? 'bg-chosen' : 'hover:bg-raise'}`}
      >
        <Icon
          name={item.decision === null ? 'dot' : 'ok'}
          size={12}
          className={`translate-y-[2px] ${item.decision !== null ? 'text-ok' : item.severity === 'high' ? 'text-bad' : 'text-faint'}`}
        />
        <span className="min-w-0">
          <span className="text-[12px] text-muted">
            {item.title}
            {item.severity === 'high' ? <span className="text-bad"> · weighty</span> : null}
          </span>
          <span className="block truncate">{item.text}</span>
        </span>
        {item.decision === null ? (
          <span className="sr-only">open</span>
        ) : (
          <Badge tone={toneOf(item.decision.disposition)}>{item.decision.disposition}</Badge>
        )}
      </button>
    </li>
  )
}

function toneOf(disposition: Disposition): 'ok' | 'warn' | 'bad' | 'muted' {
  if (disposition === 'benign-explained' || disposition === 'expected-change') return 'ok'
  if (disposition === 'suspicious' || disposition === 'fix-required') return 'bad'
  return disposition === 'accept-risk' ? 'warn' : 'muted'
}

interface DeskProps {
  readonly run: RunView
  readonly item: DecidedItem
  readonly onDecided: (run: RunView) => void
}

function DecisionDesk({ run, item, onDecided }: DeskProps): ReactNode {
  const mayChange = useMayChange() && run.state !== 'signed' && run.state !== 'missed'
  return (
    <div className="space-y-3 rounded-md border border-line p-3">
      <div>
        <p className="text-[12px] text-muted">
          {item.title} · {item.id}
        </p>
        <p className="break-words">{item.text}</p>
        <Places run={run} item={item} />
      </div>
      {item.decision === null ? null : (
        <p className="rounded bg-raise px-2 py-1 text-[12px]">
          <b>{item.decision.disposition}</b> by {nameOf(item.decision.by)}, {dateTime(item.decision.atMs)}
          {item.decision.note === '' ? '' : `: ${item.decision.note}`}
        </p>
      )}
      {mayChange ? <DecisionForm run={run} item={item} onDecided={onDecided} /> : null}
    </div>
  )
}

function DecisionForm({ run, item, onDecided }: DeskProps): ReactNode {
  const [note, setNote] = useState(item.decision?.note ?? '')
  const [alike, setAlike] = useState(false)
  const [until, setUntil] = useState(() => dayOf(Date.now() + acceptMs))
  const input = useRef<HTMLTextAreaElement>(null)
  const { decide, isDeciding } = useDecide({ run, item, onDecided })
  const kin = openKin(run, item)
  const choose = (disposition: Disposition): void => {
    if (isDeciding) return
    const isNeeded = item.severity === 'high' || disposition !== 'benign-explained'
    if (isNeeded && note.trim() === '') {
      input.current?.focus()
      return sayError(new Error(`Say why it is ${disposition}: a note is needed`))
    }
    decide({
      disposition,
      ...(note.trim() === '' ? {} : { note: note.trim() }),
      ...(disposition === 'accept-risk' ? { untilMs: Date.parse(`${until}T23:59:59`) } : {}),
      ...(alike && kin > 0 ? { alike: true } : {}),
    })
  }
  const byKey = dispositions.map((disposition, index) => [String(index + 1), () => choose(disposition)] as const)
  useKeys({ ...Object.fromEntries(byKey), n: () => input.current?.focus() })
  return (
    <>
      <TextArea
        ref={input}
        label={item.severity === 'high' ? 'Note (needed)' : 'Note (needed for all but benign)'}
        maxLength={2000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <Until value={until} onChange={setUntil} />
      {kin === 0 ? null : (
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={alike}
            onChange={(event) => setAlike(event.target.checked)}
            className="accent-accent"
          />
          also the {count(kin)} open {kin === 1 ? 'one' : 'ones'} that look exactly alike
        </label>
      )}
      <div className="grid grid-cols-2 gap-1.5">
        {dispositions.map((disposition, index) => (
          <Button
            key={disposition}
            className="justify-between"
            disabled={isDeciding}
            onClick={() => choose(disposition)}
          >
            {disposition} <Key>{index + 1}</Key>
          </Button>
        ))}
      </div>
    </>
  )
}

function Until({ value, onChange }: { value: string; onChange: (day: string) => void }): ReactNode {
  return (
    <label className="flex items-center gap-2 text-[12px] text-muted">
      A risk is accepted until
      <input
        type="date"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="rounded border border-line bg-bg px-1.5 text-text"
      />
    </label>
  )
}

/** Open items besides this one that look exactly like it. */
function openKin(run: RunView, { id, fingerprint }: DecidedItem): number {
  return run.items.list.filter((one) => one.fingerprint === fingerprint && one.decision === null && one.id !== id)
    .length
}

function useDecide({ run, item, onDecided }: DeskProps): { decide: (wish: DecisionWish) => void; isDeciding: boolean } {
  const client = useQueryClient()
  const path = `/v1/reviews/${encodeURIComponent(run.id)}/items/${encodeURIComponent(item.id)}`
  const { mutate, isPending } = useMutation({
    mutationFn: (wish: DecisionWish) => send<RunView>('POST', path, wish),
    onSuccess: async (next) => {
      client.setQueryData(['review', run.id], next)
      onDecided(next)
      await client.invalidateQueries({ queryKey: ['reviews'] })
    },
    onError: sayError,
  })
  return { decide: mutate, isDeciding: isPending }
}

/** The records that an item is about. */
function Places({ run, item }: { run: RunView; item: DecidedItem }): ReactNode {
  if (item.places.length === 0) return null
  const ids = new Map(run.results?.sample.records.map(({ seq, requestId }) => [seq, requestId]))
  return (
    <p className="mt-1 flex flex-wrap gap-x-2 text-[12px]">
      <span className="text-muted">records</span>
      {item.places.map(({ log, seq }) => {
        const requestId = ids.get(seq)
        if (log === 'audit')
          return (
            <span key={`audit ${seq}`} className="machine text-muted">
              audit {count(seq)}
            </span>
          )
        return (
          <Link
            key={`access ${seq}`}
            to="/live"
            search={requestId === undefined ? { q: `seq:${seq}` } : { r: requestId }}
            className="machine link inline-block min-w-6 text-center leading-6"
          >
            {count(seq)}
          </Link>
        )
      })}
    </p>
  )
}

function dayOf(ms: number): string {
  return dateTime(ms).slice(0, 10)
}
