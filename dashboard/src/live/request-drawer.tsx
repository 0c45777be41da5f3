import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { requestRead } from '../api/reads.ts'
import type { AccessEvent, ShownRequest } from '../api/types.ts'
import { useMayChange } from '../app/session.ts'
import { networkOf } from '../lib/address.ts'
import { bytes, clock, count, dateTime, duration, utc } from '../lib/format.ts'
import { BlockDialog } from '../parts/block-dialog.tsx'
import { Badge, Button, buttonClass } from '../parts/controls.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { endOf } from '../parts/outcome.tsx'
import { Loading, Problem } from '../parts/states.tsx'
import { term } from './filter.ts'
import { ProofPart } from './proof-part.tsx'
import { curlOf, traceOf, type TraceStep } from './trace.ts'

/** One request beside the list: why it ended so, who it was, its proof, and what next. */
export function RequestDrawer({ id, onClose }: { id: string; onClose: () => void }): ReactNode {
  const { data, error, refetch } = useQuery(requestRead(id))
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys
    <aside
      aria-label="Request"
      className="flex w-full shrink-0 flex-col overflow-auto border-l border-line bg-surface p-4 lg:w-[400px]"
      tabIndex={0}
    >
      <div className="mb-2 flex items-start justify-between gap-2">
        {data === undefined ? <h2 className="machine truncate">{id}</h2> : <Head event={data.event} />}
        <Button look="quiet" icon="close" className="px-1.5" aria-label="Close the request" onClick={onClose} />
      </div>
      {error !== null ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <Details request={data} />
      )}
    </aside>
  )
}

function Head({ event }: { event: AccessEvent }): ReactNode {
  const { icon, tone, text } = endOf(event)
  return (
    <div className="min-w-0">
      <h2 className="text-[14px] font-semibold break-all">
        {event.method} {event.path}
        {event.query === '' ? null : <span className="text-muted">?{event.query}</span>}
      </h2>
      <p className="mt-1 flex flex-wrap items-center gap-2">
        <Badge tone={tone} icon={icon}>
          {event.status === 0 ? '' : `${event.status} `}
          {text}
        </Badge>
      </p>
      <p className="mt-1 text-[12px] text-muted">
        <span title={utc(event.receivedAtMs)}>
          {dateTime(event.receivedAtMs).slice(0, 10)} {clock(event.receivedAtMs)}
        </span>{' '}
        · {duration(event.durationUs)}
        {event.upstreamFirstByteUs === null ? null : ` (first byte ${duration(event.upstreamFirstByteUs)})`}
      </p>
    </div>
  )
}

function Details({ request }: { request: ShownRequest }): ReactNode {
  const { event, seq, opened, amended } = request
  return (
    <div className="space-y-4">
      <Part title={event.outcome === 'served' ? 'How it was decided' : 'Why it ended so'}>
        <ul>
          {traceOf(event).map((step) => (
            <Step key={`${step.name} ${step.text}`} {...step} />
          ))}
        </ul>
        {event.wouldRefuse === null ? null : (
          <p className="mt-1 text-anomaly">Observe mode: enforcing would have refused it ({event.wouldRefuse}).</p>
        )}
        {event.note === '' ? null : <p className="mt-1 text-muted">The caller was not told: {event.note}</p>}
        {event.unknown.length === 0 ? null : <p className="mt-1 text-warn">Not known: {event.unknown.join(', ')}</p>}
      </Part>
      <Who event={event} />
      <Part title="Record">
        <p className="text-muted">
          number <span className="machine text-text">{count(seq)}</span> of the access log · rules of revision{' '}
          {event.revision} · {bytes(event.requestBytes)} in, {bytes(event.responseBytes)} out
        </p>
        {opened === null ? null : <p className="text-muted">its answer began with record {count(opened.seq)}</p>}
        {amended.map((one) => (
          <p key={one.seq} className="text-muted">
            amended by record {count(one.seq)}: {one.event.reason ?? one.event.note}
          </p>
        ))}
        <ProofPart requestId={event.id} seq={seq} />
      </Part>
      <Next event={event} />
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section>
      <h3 className="heading mb-1">{title}</h3>
      {children}
    </section>
  )
}

const stepLooks = {
  passed: { icon: 'ok', tone: 'text-ok', word: 'passed' },
  stopped: { icon: 'failed', tone: 'text-bad', word: 'stopped here' },
  observed: { icon: 'rise', tone: 'text-anomaly', word: 'would have stopped' },
} as const

function Step({ state, name, text }: TraceStep): ReactNode {
  const { icon, tone, word } = stepLooks[state]
  return (
    <li className="grid grid-cols-[104px_1fr] gap-2 border-b border-line py-1">
      <span className={`flex items-center gap-1.5 ${tone}`}>
        <Icon name={icon} size={12} />
        {name}
        <span className="sr-only">{word}</span>
      </span>
      <span className="text-[12px] break-words text-muted">{text}</span>
    </li>
  )
}

function Who({ event }: { event: AccessEvent }): ReactNode {
  const { consumer, clientIp, userAgent, trustedHop, peer } = event
  return (
    <Part title="Who">
      <p>
        {consumer ?? 'anonymous'} · <span className="machine">{clientIp}</span>
        {trustedHop === null ? null : <span className="text-muted"> (said by {peer})</span>}
      </p>
      <p className="text-[12px] break-words text-muted">{userAgent ?? 'no user agent'}</p>
    </Part>
  )
}

function Next({ event }: { event: AccessEvent }): ReactNode {
  const mayChange = useMayChange()
  const [blocked, setBlocked] = useState<string | null>(null)
  const network = networkOf(event.clientIp)
  return (
    <Part title="Next">
      <div className="flex flex-wrap gap-2">
        <Link to="/live" search={{ q: term('ip', network) }} className={buttonClass()}>
          All from {network}
        </Link>
        {event.consumer === null ? null : (
          <Link to="/live" search={{ q: term('consumer', event.consumer) }} className={buttonClass()}>
            All of {event.consumer}
          </Link>
        )}
        {event.route === null ? null : (
          <Link to="/live" search={{ q: term('route', event.route) }} className={buttonClass()}>
            All on this route
          </Link>
        )}
        <CopyButton text={curlOf(event)} label="Copy as curl">
          Copy as curl
        </CopyButton>
        <CopyButton text={event.id} label="Copy the request id">
          Request id
        </CopyButton>
        <CopyButton text={`${location.origin}/live?r=${event.id}`} label="Copy a link to this request">
          Link
        </CopyButton>
        {mayChange ? (
          <Button look="bad" icon="refused" onClick={() => setBlocked(network)}>
            Block {network}…
          </Button>
        ) : null}
      </div>
      <p className="machine mt-3 break-all text-faint">{event.id}</p>
      <BlockDialog network={blocked} onClose={() => setBlocked(null)} />
    </Part>
  )
}
