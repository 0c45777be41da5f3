import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { readEvents, sessionRead } from '../api/reads.ts'
import { type LiveFilter, parseFilter, serverQuery } from './filter.ts'
import { openStream, type StreamState } from './stream.ts'
import { beginTail, fillGap, type Gap, pause, resume, takeBatch, takePage, type Tail } from './tail.ts'

/** A live tail as a component uses it. */
export interface LiveTail {
  readonly filter: LiveFilter
  /** Null before the stream began. */
  readonly tail: Tail | null
  readonly state: StreamState
  readonly isLoading: boolean
  readonly error: unknown
  /** How many older records were looked at. */
  readonly lookedAt: number
  readonly loadOlder: () => void
  readonly fill: (gap: Gap) => void
  readonly pause: () => void
  readonly resume: () => void
}

const pageRows = 500
const gapRows = 1_000
/** Records that are looked at for a filter of which the server knows only a part, before one is asked whether to go on. */
const lookMax = 5_000
const foundMin = 60

/** Follows the records that a filter means, and reads older ones. */
export function useTail(text: string): LiveTail {
  const client = useQueryClient()
  const filter = useMemo(() => parseFilter(text), [text])
  const [tail, setTail] = useState<Tail | null>(null)
  const [state, setState] = useState<StreamState>('connecting')
  const [isLoading, setLoading] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [lookedAt, setLookedAt] = useState(0)
  const newest = useRef(tail)
  newest.current = tail

  const look = useCallback(async (from: Tail, isWanted: () => boolean): Promise<void> => {
    setLoading(true)
    setError(null)
    try {
      let found = 0
      let looked = 0
      for (let before = from.older; before !== null && found < foundMin && looked < lookMax && isWanted();) {
        const page = await readEvents(serverQuery(from.filter), { before, limit: pageRows })
        if (!isWanted()) return
        setTail((old) => {
          if (old === null) return old
          const next = takePage(old, page)
          found += next.rows.length - old.rows.length
          return next
        })
        looked += page.items.length
        setLookedAt((n) => n + page.items.length)
        before = page.next
        await new Promise((resolve) => setTimeout(resolve, 0)) // so that `found` is counted
      }
    } catch (caught) {
      if (isWanted()) setError(caught)
    } finally {
      if (isWanted()) setLoading(false)
    }
  }, [])

  useEffect(() => {
    let wanted = true
    setTail(null)
    setLookedAt(0)
    const stream = openStream({
      query: serverQuery(filter),
      onBegin: (next) => {
        const begun = beginTail(filter, next)
        setTail(begun)
        void look(begun, () => wanted)
      },
      onBatch: (batch, toSeq) => setTail((old) => (old === null ? old : takeBatch(old, batch, toSeq))),
      onState: setState,
      onRefused: () => void client.invalidateQueries({ queryKey: sessionRead.queryKey }),
    })
    return () => {
      wanted = false
      stream.close()
    }
  }, [filter, client, look])

  return {
    filter,
    tail,
    state,
    isLoading,
    error,
    lookedAt,
    loadOlder: () => {
      const now = newest.current
      if (now !== null && !isLoading) void look(now, () => newest.current?.filter === now.filter)
    },
    fill: (gap) => {
      readEvents(serverQuery(filter), { before: gap.toSeq + 1, limit: gapRows }).then(
        (page) => setTail((old) => (old === null ? old : fillGap(old, gap, page))),
        setError,
      )
    },
    pause: useCallback(() => setTail((old) => (old === null ? old : pause(old))), []),
    resume: useCallback(() => setTail((old) => (old === null ? old : resume(old))), []),
  }
}
