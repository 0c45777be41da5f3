import { type ReactNode, useMemo } from 'react'
import type { OverviewAnswer } from '../api/types.ts'
import { figure } from '../lib/format.ts'
import { TimeSeries } from '../parts/time-series.tsx'
import { perSecond } from './rates.ts'

/** Served above, refused below on its own scale, so that a small attack shows; one cursor for both. */
export function Plots({ series, everyMs }: Pick<OverviewAnswer, 'series' | 'everyMs'>): ReactNode {
  const served = useMemo(
    () => [
      { label: '2xx–3xx', color: '--served', values: perSecond(series.served2xx3xx, everyMs) },
      { label: '4xx from upstream', color: '--served-4xx', values: perSecond(series.served4xx, everyMs) },
      { label: '5xx', color: '--served-5xx', values: perSecond(series.served5xx, everyMs) },
    ],
    [series, everyMs],
  )
  const refused = useMemo(() => {
    const { unauthenticated, denied, limited, malformed, other } = series.refused
    return [
      { label: 'unauthenticated', color: '--unauthenticated', values: perSecond(unauthenticated, everyMs) },
      { label: 'denied', color: '--denied', values: perSecond(denied, everyMs) },
      { label: 'limited', color: '--limited', values: perSecond(limited, everyMs) },
      { label: 'malformed', color: '--malformed', values: perSecond(malformed, everyMs) },
      { label: 'failed', color: '--failed', values: perSecond(series.failed, everyMs) },
      { label: 'other', color: '--other', values: perSecond(other, everyMs) },
    ].filter(({ values, label }, at) => at < 3 || label === 'failed' || values.some((value) => value > 0))
  }, [series, everyMs])
  return (
    <div className="panel space-y-4 p-3">
      <TimeSeries
        title="Served, requests/s"
        kind="areas"
        group="overview"
        height={132}
        atMs={series.atMs}
        series={served}
        format={figure}
        empty="No request was served"
      />
      <TimeSeries
        title="Refused, requests/s — own scale, so a small attack shows"
        kind="areas"
        group="overview"
        height={132}
        atMs={series.atMs}
        series={refused}
        format={figure}
        empty="Nothing was refused"
      />
    </div>
  )
}
