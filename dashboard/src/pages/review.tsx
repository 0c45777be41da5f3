import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { getText } from '../api/client.ts'
import { reviewRead } from '../api/reads.ts'
import type { RunView } from '../api/types.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { count, dateTime, plural } from '../lib/format.ts'
import { saveFile } from '../lib/save-file.ts'
import { Button, Panel } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, isAbsent, Loading, Problem } from '../parts/states.tsx'
import { sayError } from '../parts/toasts.tsx'
import { ReviewChecks, ReviewDifferences, ReviewTrust } from '../reviews/findings.tsx'
import { ReviewItems } from '../reviews/items.tsx'
import { periodText } from '../reviews/period.ts'
import { RunBadge } from '../reviews/run-badge.tsx'
import { SignPanel } from '../reviews/sign-panel.tsx'

const route = getRouteApi('/reviews/$id')

/** One review: whether it can be trusted, what was found, what was decided, and the signature. */
export function ReviewPage(): ReactNode {
  const { id } = route.useParams()
  const { data, error, refetch } = useQuery(reviewRead(id))
  return (
    <>
      <PageHead
        title={
          <span className="flex items-center gap-1">
            <Link to="/reviews" className="font-normal text-muted hover:text-text">
              Reviews
            </Link>
            <Icon name="right" className="text-faint" />{' '}
            {data === undefined ? id : `${data.plan} ${periodText(data.period)}`}
          </span>
        }
        {...(data?.results === undefined || data.results === null ? {} : { actions: <Downloads id={id} /> })}
      >
        {data === undefined ? null : (
          <>
            <RunBadge run={data} />
            <span className="text-[12px] text-muted">
              due {dateTime(data.dueAtMs)}
              {data.results === null
                ? ''
                : ` · ${count(data.items.total - data.items.open)} of ${plural(data.items.total, 'item')} decided`}
            </span>
          </>
        )}
      </PageHead>
      <PageBody>
        {data !== undefined ? (
          <Body run={data} />
        ) : error === null ? (
          <Loading rows={8} />
        ) : isAbsent(error) ? (
          <Empty title={`There is no review ${id}`} />
        ) : (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
      </PageBody>
    </>
  )
}

function Downloads({ id }: { id: string }): ReactNode {
  const download = (format: 'html' | 'json'): void => {
    getText(`/v1/reviews/${encodeURIComponent(id)}/report?format=${format}`).then(
      (text) => saveFile(`${id}.${format}`, text, format === 'html' ? 'text/html;charset=utf-8' : 'application/json'),
      sayError,
    )
  }
  return (
    <>
      <Button icon="download" onClick={() => download('html')}>
        Report
      </Button>
      <Button icon="download" onClick={() => download('json')}>
        JSON
      </Button>
    </>
  )
}

function Body({ run }: { run: RunView }): ReactNode {
  const { results, state, waiting, lateReason } = run
  if (results === null)
    return (
      <div className="panel">
        {state === 'missed' ? (
          <Empty title="This review was missed">{waiting}</Empty>
        ) : (
          <Empty title="It is being collected">
            {waiting === '' ? 'It reads the records of its period; this page follows.' : `It waits: ${waiting}`}
          </Empty>
        )}
      </div>
    )
  return (
    <div className="space-y-3">
      {lateReason === '' ? null : <p className="rounded-md bg-warn-soft px-3 py-2 text-warn">Late: {lateReason}</p>}
      <ReviewTrust results={results} />
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <ReviewChecks results={results} />
        <ReviewDifferences results={results} />
      </div>
      <Panel
        title="To decide"
        aside={`${count(run.items.open)} open of ${count(run.items.total)} — no “approve all” here`}
      >
        <ReviewItems run={run} />
      </Panel>
      <SignPanel run={run} />
    </div>
  )
}
