import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'
import { overviewRead } from '../api/reads.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { span } from '../lib/format.ts'
import { useTail } from '../live/use-tail.ts'
import { LiveList } from '../overview/live-list.tsx'
import { NeedsPerson } from '../overview/needs-person.tsx'
import { Plots } from '../overview/plots.tsx'
import { Changes, Limits, TopConsumers } from '../overview/tables.tsx'
import { Tiles } from '../overview/tiles.tsx'
import { Badge } from '../parts/controls.tsx'
import { ChoiceMenu } from '../parts/menu.tsx'
import { Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/')
const ranges = [5, 10, 30, 60].map((minutes) => ({ value: String(minutes), label: `Last ${minutes} min` }))

/** What changed and what to do, not only what is. */
export function OverviewPage(): ReactNode {
  const { minutes = 10 } = route.useSearch()
  const navigate = useNavigate()
  const { data, error, dataUpdatedAt, refetch } = useQuery(overviewRead(minutes))
  const live = useTail('')
  return (
    <>
      <PageHead
        title="Overview"
        actions={
          <ChoiceMenu
            label="Time range"
            value={String(minutes)}
            choices={ranges}
            onChoose={(value) => void navigate({ to: '/', search: value === '10' ? {} : { minutes: Number(value) } })}
          >
            Last {minutes} min
          </ChoiceMenu>
        }
      >
        <Freshness updatedAtMs={dataUpdatedAt} failed={error !== null} />
        <span className="text-[12px] text-muted">last {minutes} minutes</span>
      </PageHead>
      <PageBody>
        {data === undefined ? (
          error === null ? (
            <Loading rows={8} />
          ) : (
            <Problem error={error} onRetry={() => void refetch()} />
          )
        ) : (
          <div className="space-y-3">
            <NeedsPerson incidents={data.incidents} />
            <Tiles overview={data} minutes={minutes} />
            <div className="grid gap-3 xl:grid-cols-[2fr_1fr]">
              <Plots series={data.series} everyMs={data.everyMs} />
              <Changes changes={data.changes} minutes={minutes} />
            </div>
            <div className="grid gap-3 xl:grid-cols-[minmax(340px,1fr)_2fr]">
              <div className="space-y-3">
                <TopConsumers consumers={data.consumers} />
                <Limits limits={data.limits} />
              </div>
              <LiveList tail={live.tail} state={live.state} />
            </div>
          </div>
        )}
      </PageBody>
    </>
  )
}

const staleMs = 5_000

/** Whether what is shown is of now. */
function Freshness({ updatedAtMs, failed }: { updatedAtMs: number; failed: boolean }): ReactNode {
  const [nowMs, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  if (updatedAtMs === 0) return null
  const ageMs = nowMs - updatedAtMs
  if (ageMs < staleMs && !failed)
    return (
      <Badge tone="ok" icon="dot">
        live
      </Badge>
    )
  return (
    <Badge tone="warn" icon="warning">
      last data {span(ageMs)} ago, reconnecting
    </Badge>
  )
}
