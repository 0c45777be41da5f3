import { useNavigate } from '@tanstack/react-router'
import { type RefObject, useEffect, useState } from 'react'
import { useKeys } from '../app/keyboard.ts'
import type { LiveTail } from './use-tail.ts'

/** How somebody reads a live tail: what is chosen, what is open, since when it is held. */
export interface Reading {
  readonly cursor: number
  readonly heldAtMs: number
  readonly hold: () => void
  readonly go: () => void
  readonly open: (id: string, index: number) => void
  readonly show: (next: { readonly q?: string; readonly r?: string | null }) => void
}

/** Reading pauses the tail; everything of it but the cursor stands in the URL. */
export function useReading(
  live: LiveTail,
  { q, r, input }: { q: string; r: string | null; input: RefObject<HTMLInputElement | null> },
): Reading {
  const navigate = useNavigate()
  const [cursor, setCursor] = useState(-1)
  const [heldAtMs, setHeldAt] = useState(0)
  const { tail } = live
  const rows = tail?.rows ?? []
  const show: Reading['show'] = (next) => {
    const [filter, open] = [next.q ?? q, next.r === undefined ? r : next.r]
    const search = { ...(filter === '' ? {} : { q: filter }), ...(open === null ? {} : { r: open }) }
    void navigate({ to: '/live', search })
  }
  const hold = (): void => {
    if (tail === null || tail.paused) return
    setHeldAt(Date.now())
    live.pause()
  }
  const go = (): void => {
    setCursor(-1)
    live.resume()
  }
  const open = (id: string, index: number): void => {
    hold()
    setCursor(index)
    show({ r: id })
  }
  const move = (step: number): void => {
    hold()
    const next = Math.max(0, Math.min(rows.length - 1, cursor + step))
    setCursor(next)
    const row = rows[next]
    if (r !== null && row?.kind === 'record') show({ r: row.shown.event.id })
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
    Escape: () => show({ r: null }),
  })
  useEffect(() => setCursor(-1), [q])
  return { cursor, heldAtMs, hold, go, open, show }
}
