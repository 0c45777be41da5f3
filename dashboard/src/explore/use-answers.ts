import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { ask } from '../api/query.ts'
import type { Answered } from '../api/types.ts'

/** What is asked: a filter, perhaps with a stage, over the last so many ms up to a moment. */
export interface Asked {
  readonly q: string
  readonly spanMs: number
  readonly toMs: number
}

/** A question splits into which requests and what is asked about them. */
export function filterOf(q: string): string {
  return stageAt(q) === -1 ? q : q.slice(0, stageAt(q)).trim()
}

/** The first `|` that does not stand in quotes. */
function stageAt(q: string): number {
  let isQuoted = false
  for (let at = 0; at < q.length; at++) {
    const char = q[at]
    if (char === '\\' && isQuoted) at++
    else if (char === '"') isQuoted = !isQuoted
    else if (char === '|' && !isQuoted) return at
  }
  return -1
}

/** One answer; null where this desk has no index. */
export function useAnswer(q: string, { spanMs, toMs }: Asked, limit: number): UseQueryResult<Answered | null> {
  return useQuery({
    queryKey: ['ask', q, spanMs, toMs, limit],
    queryFn: () => ask(q, { from: toMs - spanMs, to: toMs }, limit),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  })
}

/** Widths of the bars of a histogram, so that there are some sixty. */
const widths = [
  ['5s', 5_000],
  ['15s', 15_000],
  ['1m', 60_000],
  ['5m', 300_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['4h', 14_400_000],
  ['12h', 43_200_000],
] as const

/** How wide the bars of a span are, in the words of the language. */
export function widthOf(spanMs: number): { readonly word: string; readonly ms: number } {
  const [word, ms] = widths.find(([, width]) => spanMs / width <= 72) ?? ['12h', 43_200_000]
  return { word, ms }
}
