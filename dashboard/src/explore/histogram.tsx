import { type ReactNode, useMemo } from 'react'
import type { Answered } from '../api/types.ts'
import { figure } from '../lib/format.ts'
import { TimeSeries } from '../parts/time-series.tsx'
import { type Asked, filterOf, useAnswer, widthOf } from './use-answers.ts'

const pointsMax = 10_000

/** How many requests at which time, and how many of them were refused. */
export function Histogram({ asked }: { asked: Asked }): ReactNode {
  const { word, ms } = widthOf(asked.spanMs)
  const { data } = useAnswer(`${filterOf(asked.q)} | count, refused every ${word}`, asked, pointsMax)
  const drawn = useMemo(() => drawnOf(data ?? null, asked, ms), [data, asked, ms])
  return (
    <TimeSeries
      title={`Requests each ${word}`}
      kind="areas"
      group="explore"
      height={104}
      atMs={drawn.atMs}
      series={drawn.series}
      format={figure}
      empty="Nothing matches in this time"
    />
  )
}

/** Buckets without requests are left out of an answer; here they are zeros, for the index covers the range. */
function drawnOf(
  answer: Answered | null,
  { spanMs, toMs }: Asked,
  widthMs: number,
): Pick<Parameters<typeof TimeSeries>[0], 'atMs' | 'series'> {
  const first = Math.floor((toMs - spanMs) / widthMs)
  const last = Math.floor((toMs - 1) / widthMs)
  const atMs = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * widthMs)
  const all = atMs.map(() => 0)
  const refused = atMs.map(() => 0)
  for (const [at, n, no] of answer?.kind === 'table' ? answer.rows : []) {
    const index = Math.floor(Number(at) / widthMs) - first
    if (index < 0 || index >= all.length) continue
    refused[index] = Number(no ?? 0)
    all[index] = Number(n ?? 0) - Number(no ?? 0)
  }
  return {
    atMs,
    series: [
      { label: 'refused', color: '--unauthenticated', values: refused },
      { label: 'others', color: '--served', values: all },
    ],
  }
}
