import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { auditRead, statusRead } from '../api/reads.ts'
import type { GateStatus, ShownAudit } from '../api/types.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import type { LogName } from '../ledger/known-logs.ts'
import { ReceiptPanel } from '../ledger/receipt-panel.tsx'
import { VerifyPanel } from '../ledger/verify-panel.tsx'
import { count, dateTime, plural, span, utc } from '../lib/format.ts'
import { Badge, Panel } from '../parts/controls.tsx'
import { Empty, Loading, Problem } from '../parts/states.tsx'

const logs: readonly { readonly log: LogName; readonly name: string; readonly about: string }[] = [
  { log: 'access', name: 'Access log', about: 'every request, with what was decided' },
  { log: 'audit', name: 'Audit log', about: 'everything that was done to this Gatehouse, and by whom' },
]

/** The auditor verifies without trusting us. */
export function LedgerPage(): ReactNode {
  const status = useQuery(statusRead)
  const gate = status.data?.gate ?? null
  return (
    <>
      <PageHead title="Ledger">
        {gate === null ? null : (
          <Badge tone={gate.ledger.state === 'ok' ? 'ok' : 'bad'} icon={gate.ledger.state === 'ok' ? 'ok' : 'warning'}>
            {gate.ledger.state === 'ok' ? 'writing' : gate.ledger.state}
          </Badge>
        )}
        <span className="text-[12px] text-muted">two transparency logs; nothing in them can be changed unseen</span>
      </PageHead>
      <PageBody>
        <div className="grid gap-3 xl:grid-cols-2">
          {logs.map(({ log, name, about }) => (
            <Panel key={log} title={name} aside={about}>
              {status.error !== null ? (
                <Problem error={status.error} onRetry={() => void status.refetch()} />
              ) : status.data === undefined ? (
                <Loading rows={2} />
              ) : gate === null ? (
                <Empty title="No gate is connected">
                  The logs are on its disk; they are shown again when it is there.
                </Empty>
              ) : (
                <LogFigures {...gate.ledger.logs[log]} />
              )}
              <VerifyPanel log={log} />
            </Panel>
          ))}
          <Panel title="Receipts" aside="checked in this browser" className="xl:col-span-2">
            <ReceiptPanel />
          </Panel>
          <Panel
            title="What was done, newest first"
            aside="from the audit log; its heartbeats are left out"
            className="xl:col-span-2"
          >
            <AuditList />
          </Panel>
        </div>
      </PageBody>
    </>
  )
}

type LogStatus = GateStatus['ledger']['logs']['access']

function LogFigures({ size, checkpoint, scrub }: LogStatus): ReactNode {
  return (
    <dl className="mb-3 grid grid-cols-3 gap-3">
      <Figure
        name="Records"
        value={count(size)}
        below={checkpoint === null ? 'none signed yet' : signedText(size - checkpoint.size)}
      />
      <Figure
        name="Last checkpoint"
        value={checkpoint === null ? '–' : `${span(checkpoint.ageMs)} ago`}
        below={checkpoint === null ? '' : `of ${plural(checkpoint.size, 'record')}`}
      />
      <Figure
        name="Read again"
        value={scrub.faults === 0 ? 'no faults' : plural(scrub.faults, 'fault')}
        bad={scrub.faults > 0}
        below={
          scrub.lastRoundAtMs === null
            ? `up to record ${count(scrub.checkedTo)}`
            : `whole log: ${dateTime(scrub.lastRoundAtMs)}`
        }
      />
    </dl>
  )
}

function signedText(behind: number): string {
  return behind <= 0 ? 'all signed' : `${count(behind)} not signed yet`
}

function Figure({
  name,
  value,
  below,
  bad = false,
}: {
  name: string
  value: string
  below: string
  bad?: boolean
}): ReactNode {
  return (
    <div>
      <dt className="heading">{name}</dt>
      <dd className={`text-[18px] leading-7 font-bold ${bad ? 'text-bad' : ''}`}>{value}</dd>
      <dd className="text-[12px] text-muted">{below}</dd>
    </div>
  )
}

function AuditList(): ReactNode {
  const { data, error, refetch } = useQuery(auditRead)
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const items = data.items.filter(({ event }) => event.kind !== 'ledger.heartbeat')
  if (items.length === 0) return <Empty title="Nothing yet" />
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys
    <div className="max-h-[420px] overflow-auto" tabIndex={0} role="region" aria-label="Audit records">
      <ol>
        {items.map((item) => (
          <AuditLine key={item.seq} {...item} />
        ))}
      </ol>
    </div>
  )
}

/** Ids mean nothing to people. */
const unsaid = /^(?:id|finding|\w*[dD]igest|\w+Root|keyId|consumerId)$/

function AuditLine({ seq, event: { kind, atMs, actor, details } }: ShownAudit): ReactNode {
  const told = Object.entries(details).filter(([name]) => !unsaid.test(name))
  return (
    <li className="grid grid-cols-[40px_124px_1fr] gap-x-3 border-t border-line py-1 text-[12px] lg:grid-cols-[40px_124px_180px_1fr]">
      <span className="machine text-right text-faint">{count(seq)}</span>
      <time dateTime={utc(atMs)} title={utc(atMs)} className="machine">
        {dateTime(atMs)}
      </time>
      <span className="font-semibold break-words">{kind}</span>
      <span className="col-span-3 min-w-0 break-words lg:col-span-1">
        by {actor}
        {told.map(([name, value]) => (
          <span key={name}>
            {' '}
            · <span className="text-muted">{name}</span> {valueText(name, value)}
          </span>
        ))}
      </span>
    </li>
  )
}

function valueText(name: string, value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'number' && /(?:At|until|expires)\w*Ms$/i.test(name)) return dateTime(value)
  if (typeof value !== 'object') return String(value)
  return value.length <= 6 ? value.join(' ') : `${value.slice(0, 4).join(' ')} … (${value.length})`
}
