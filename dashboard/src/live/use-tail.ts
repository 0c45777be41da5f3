import { useQueryClient } from '@tanstack/react-query'
import { type Dispatch, type SetStateAction, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { readEvents, sessionRead } from '../api/reads.ts'
import { type LiveFilter, parseFilter, serverQuery } from './filter.ts'
import { readOlder } from './older.ts'
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

const gapRows = 1_000
/** Pages that are read for a filter that finds little, before one is asked whether to go on. */
const pagesMax = 10
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
        void look(begun, { text, setTail, setOlder, isWanted: () => wanted, isNewest: true })
      },
      onBatch: (batch, toSeq) => change((old) => takeBatch(old, batch, toSeq)),
      onState: setState,
      onRefused: () => void client.invalidateQueries({ queryKey: sessionRead.queryKey }),
    })
    return () => {
      wanted = false
      stream.close()
    }
  }, [filter, text, client, change])

  return {
    filter,
    tail,
    state,
    ...older,
    loadOlder: () => {
      const now = newest.current
      if (now === null || older.isLoading) return
      void look(now, {
        text,
        setTail,
        setOlder,
        isWanted: () => newest.current?.filter === now.filter,
        isNewest: false,
      })
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
  readonly text: string
  readonly setTail: SetTail
  readonly setOlder: Dispatch<SetStateAction<Older>>
  readonly isWanted: () => boolean
  /** Nothing older was read before. */
  readonly isNewest: boolean
}

/** Reads older pages until there is something to show, or until enough was looked at for now. */
async function look(from: Tail, { text, setTail, setOlder, isWanted, isNewest }: Looking): Promise<void> {
  setOlder((old) => ({ ...old, isLoading: true, error: null }))
  let error: unknown = null
  let tail: Tail = { ...from, rows: [] }
  try {
    for (let pages = 0; tail.older !== null && tail.rows.length < foundMin && pages < pagesMax; pages++) {
      const page = await readOlder({ filter: from.filter, text }, tail.older, isNewest && pages === 0)
      if (!isWanted()) return
      tail = takePage(tail, page)
      setTail((old) => (old === null ? old : takePage(old, page)))
      setOlder((old) => ({ ...old, lookedAt: old.lookedAt + page.lookedAt }))
    }
  } catch (caught) {
    error = caught
  }
  if (isWanted()) setOlder((old) => ({ ...old, isLoading: false, error }))
}
