import { useQueryClient } from '@tanstack/react-query'
import { type Dispatch, type SetStateAction, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { readEvents, sessionRead } from '../api/reads.ts'
import { type LiveFilter, parseFilter, serverQuery } from './filter.ts'
import { openStream, type StreamState } from './stream.ts'
import { beginTail, fillGap, type Gap, pause, resume, takeBatch, takePage, type Tail } from './tail.ts'

/** A live tail as a component uses it. */
export interface LiveTail extends Older {
  readonly filter: LiveFilter
  /** Null before the stream began. */
  readonly tail: Tail | null
  readonly state: StreamState
  readonly loadOlder: () => void
  readonly fill: (gap: Gap) => void
  readonly pause: () => void
  readonly resume: () => void
}

interface Older {
  readonly isLoading: boolean
  readonly error: unknown
  /** How many older records were looked at. */
  readonly lookedAt: number
}

type SetTail = Dispatch<SetStateAction<Tail | null>>

const pageRows = 500
const gapRows = 1_000
/** Records that are looked at for a filter of which the server knows only a part, before one is asked whether to go on. */
const lookMax = 5_000
const foundMin = 60
const nothingRead: Older = { isLoading: false, error: null, lookedAt: 0 }

/** Follows the records that a filter means, and reads older ones. */
export function useTail(text: string): LiveTail {
  const client = useQueryClient()
  const filter = useMemo(() => parseFilter(text), [text])
  const [tail, setTail] = useState<Tail | null>(null)
  const [state, setState] = useState<StreamState>('connecting')
  const [older, setOlder] = useState<Older>(nothingRead)
  const newest = useRef(tail)
  newest.current = tail
  const change = useCallback((how: (old: Tail) => Tail) => setTail((old) => (old === null ? old : how(old))), [])

  useEffect(() => {
    let wanted = true
    setTail(null)
    setOlder(nothingRead)
    const stream = openStream({
      query: serverQuery(filter),
      onBegin: (next) => {
        const begun = beginTail(filter, next)
        setTail(begun)
        void look(begun, { setTail, setOlder, isWanted: () => wanted })
      },
      onBatch: (batch, toSeq) => change((old) => takeBatch(old, batch, toSeq)),
      onState: setState,
      onRefused: () => void client.invalidateQueries({ queryKey: sessionRead.queryKey }),
    })
    return () => {
      wanted = false
      stream.close()
    }
  }, [filter, client, change])

  return {
    filter,
    tail,
    state,
    ...older,
    loadOlder: () => {
      const now = newest.current
      if (now === null || older.isLoading) return
      void look(now, { setTail, setOlder, isWanted: () => newest.current?.filter === now.filter })
    },
    fill: (gap) => {
      readEvents(serverQuery(filter), { before: gap.toSeq + 1, limit: gapRows }).then(
        (page) => change((old) => fillGap(old, gap, page)),
        (error: unknown) => setOlder((old) => ({ ...old, error })),
      )
    },
    pause: useCallback(() => change(pause), [change]),
    resume: useCallback(() => change(resume), [change]),
  }
}

interface Looking {
  readonly setTail: SetTail
  readonly setOlder: Dispatch<SetStateAction<Older>>
  readonly isWanted: () => boolean
}

/** Reads older pages until there is something to show, or until enough was looked at for now. */
async function look(from: Tail, { setTail, setOlder, isWanted }: Looking): Promise<void> {
  setOlder((old) => ({ ...old, isLoading: true, error: null }))
  let error: unknown = null
  let tail: Tail = { ...from, rows: [] }
  let looked = 0
  try {
    while (tail.older !== null && tail.rows.length < foundMin && looked < lookMax) {
      const page = await readEvents(serverQuery(from.filter), { before: tail.older, limit: pageRows })
      if (!isWanted()) return
      tail = takePage(tail, page)
      looked += page.items.length
      setTail((old) => (old === null ? old : takePage(old, page)))
      setOlder((old) => ({ ...old, lookedAt: old.lookedAt + page.items.length }))
    }
  } catch (caught) {
    error = caught
  }
  if (isWanted()) setOlder((old) => ({ ...old, isLoading: false, error }))
}
