import { type ReactNode, useState } from 'react'
import { bytes, count, dateTime, span } from '../lib/format.ts'
import { Button, TextField } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Problem } from '../parts/states.tsx'
import type { KnownLog, LogName } from './known-logs.ts'
import { useVerify, type Verification } from './use-verify.ts'
import type { Verified } from './verify-messages.ts'

/** Verifies a whole log in this browser, and says what was found. */
export function VerifyPanel({ log }: { log: LogName }): ReactNode {
  const { verification, start } = useVerify(log)
  const [vkey, setVkey] = useState('')
  const isRunning = verification.kind === 'running'
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-end gap-2">
        <Button look="main" icon="shield" disabled={isRunning} onClick={() => start(vkey.trim())}>
          {isRunning ? 'Verifying…' : 'Verify now in this browser'}
        </Button>
        <details className="min-w-0 flex-1">
          <summary className="cursor-pointer py-1 text-[12px] text-muted">with a key that I kept elsewhere</summary>
          <div className="mt-1">
            <TextField
              label="Key of the log"
              className="machine"
              placeholder="name+id+base64"
              value={vkey}
              onChange={(event) => setVkey(event.target.value)}
              hint="Without it the log’s own key is used: that finds damage, but not somebody who replaced both."
            />
          </div>
        </details>
      </div>
      <div aria-live="polite">
        <Result verification={verification} />
      </div>
    </div>
  )
}

function Result({ verification }: { verification: Verification }): ReactNode {
  switch (verification.kind) {
    case 'idle':
      return null
    case 'running':
      return <Progress {...verification} />
    case 'failed':
      return <Problem error={new Error(verification.why)} />
    case 'other-key':
      return <OtherKey {...verification} />
    case 'done':
      return <Found {...verification} />
  }
}

function Progress({ done, total }: { done: number; total: number }): ReactNode {
  const share = total === 0 ? 0 : Math.min(1, done / total)
  return (
    <div>
      <div
        role="progressbar"
        aria-label="Verified"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        className="h-2 overflow-hidden rounded bg-raise"
      >
        <div className="h-full bg-accent" style={{ width: `${share * 100}%` }} />
      </div>
      <p className="mt-1 text-[12px] text-muted">
        {total === 0
          ? 'Reading the checkpoint…'
          : `${Math.floor(share * 100)} % · ${count(done)} of ${count(total)} bundles of records read and hashed`}
      </p>
    </div>
  )
}

const verdicts = {
  intact: { icon: 'ok', tone: 'text-ok', word: 'Intact' },
  partial: { icon: 'warning', tone: 'text-warn', word: 'Right as far as it is there' },
  tampered: { icon: 'failed', tone: 'text-bad', word: 'Not what was signed' },
} as const

function Found({
  verified,
  before,
  keyGiven,
}: {
  verified: Verified
  before: KnownLog | null
  keyGiven: boolean
}): ReactNode {
  const { icon, tone, word } = verdicts[verified.verdict]
  const { size, root, entriesChecked, prunedTo, elapsedMs, signers } = verified
  return (
    <div className="rounded-md border border-line p-3" data-verdict={verified.verdict}>
      <p className={`flex items-center gap-2 text-[15px] font-semibold ${tone}`}>
        <Icon name={icon} size={16} /> {word}
        <span className="text-[13px] font-normal text-muted">
          {size === null
            ? 'there is no checkpoint that can be believed'
            : `${count(entriesChecked)} of ${count(size)} records read and proven in ${elapsedMs < 10_000 ? `${(elapsedMs / 1000).toFixed(1)} s` : span(elapsedMs)}, ${bytes(verified.bytes)}`}
        </span>
      </p>
      {prunedTo === 0 ? null : <p className="text-muted">The records before number {count(prunedTo)} are pruned.</p>}
      {root === null ? null : (
        <dl className="mt-2 grid grid-cols-[72px_1fr] gap-x-2 text-[12px]">
          <dt className="text-muted">root</dt>
          <dd className="machine break-all">{root}</dd>
          <dt className="text-muted">signed by</dt>
          <dd className="machine break-all">{signers.join(', ')}</dd>
          <dt className="text-muted">key</dt>
          <dd>{keyText(before, keyGiven)}</dd>
        </dl>
      )}
      {verified.faults.length === 0 ? null : <Faults verified={verified} />}
    </div>
  )
}

function keyText(before: KnownLog | null, keyGiven: boolean): string {
  const held =
    before === null || before.checkpoint === ''
      ? ''
      : `; it holds all ${count(before.size)} records that it had when this browser verified it on ${dateTime(before.verifiedAtMs)}`
  if (keyGiven) return `the one that you gave${held}`
  if (before === null) return 'the log’s own, which this browser sees for the first time and remembers from now on'
  return `the log’s own, the same as when this browser first saw it on ${dateTime(before.firstSeenMs)}${held}`
}

function Faults({ verified: { faults, faultsTotal } }: { verified: Verified }): ReactNode {
  return (
    <div className="mt-3 max-h-80 overflow-auto">
      <table className="w-full text-left">
        <thead className="text-[12px] text-muted">
          <tr>
            <th scope="col" className="pr-3">
              Fault
            </th>
            <th scope="col" className="pr-3">
              Records
            </th>
            <th scope="col" className="pr-3">
              File
            </th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {faults.map(({ kind, from, to, file, offset, detail }) => (
            <tr key={`${kind} ${from} ${file ?? ''} ${detail}`} className="border-t border-line align-top">
              <td className="py-1 pr-3 font-semibold text-bad">{kind}</td>
              <td className="machine py-1 pr-3 whitespace-nowrap">
                {from === to ? '–' : to - from === 1 ? count(from) : `${count(from)}–${count(to - 1)}`}
              </td>
              <td className="machine py-1 pr-3 break-all">
                {file ?? '–'}
                {offset === null ? null : <span className="text-muted"> at byte {count(offset)}</span>}
              </td>
              <td className="py-1 break-words">{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {faultsTotal > faults.length ? (
        <p className="mt-1 text-muted">and {count(faultsTotal - faults.length)} more</p>
      ) : null}
    </div>
  )
}

function OtherKey({ vkey, before }: { vkey: string; before: KnownLog }): ReactNode {
  return (
    <div role="alert" className="rounded-md bg-bad-soft p-3 text-bad">
      <p className="font-semibold">The log shows another key than the one that this browser knows.</p>
      <p className="machine mt-1 break-all">now: {vkey}</p>
      <p className="machine break-all">
        since {dateTime(before.firstSeenMs)}: {before.vkey}
      </p>
      <p className="mt-1">
        If the key was changed on purpose, verify with the new key that you got elsewhere. If not, somebody shows you
        another log.
      </p>
    </div>
  )
}
