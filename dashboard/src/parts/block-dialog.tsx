import { useMutation, type UseMutationResult, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { blockNetwork, type BlockWish, effectRead, type NetworkRule, releaseNetwork } from '../api/networks.ts'
import { isNetwork } from '../lib/address.ts'
import { count, dateTime, plural, span } from '../lib/format.ts'
import { Button, TextField } from './controls.tsx'
import { Dialog } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { Loading, Problem } from './states.tsx'
import { say, sayError } from './toasts.tsx'

export interface BlockDialogProps {
  /** Null: closed. An empty text: the network is asked for. */
  readonly network: string | null
  readonly onClose: () => void
  /** What the reason begins with, such as the incident. @default '' */
  readonly because?: string
}

const hourMs = 3_600_000
const durations = [hourMs / 4, hourMs, 4 * hourMs, 24 * hourMs] as const

/** Blocks a network: shows first what that would do, asks why, and ends by itself. */
export function BlockDialog({ network, onClose, because = '' }: BlockDialogProps): ReactNode {
  const title = network === '' || network === null ? 'Block a network' : `Block ${network}`
  return (
    <Dialog open={network !== null} onClose={onClose} title={title}>
      {network === null ? null : <BlockForm network={network} because={because} onDone={onClose} />}
    </Dialog>
  )
}

interface BlockFormProps {
  readonly network: string
  readonly because: string
  readonly onDone: () => void
}

function BlockForm({ network, because, onDone }: BlockFormProps): ReactNode {
  const [text, setText] = useState(network)
  const [reason, setReason] = useState(because)
  const [forMs, setForMs] = useState<number>(hourMs)
  const block = useBlock(onDone)
  const cidr = text.trim()
  const isKnown = isNetwork(cidr)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    block.mutate({ network: cidr, expiresInMs: forMs, reason: reason.trim() })
  }
  return (
    <form className="space-y-3" onSubmit={submit}>
      {network === '' ? (
        <TextField
          label="Address or network"
          className="machine"
          placeholder="203.0.113.0/28"
          autoFocus
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      ) : null}
      {isKnown ? <EffectText cidr={cidr} /> : null}
      <Durations value={forMs} onChange={setForMs} />
      <TextField
        label="Why (stands in the audit log)"
        required
        maxLength={200}
        autoFocus={network !== ''}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {block.error === null ? null : <Problem error={block.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" look="bad" icon="refused" disabled={block.isPending || reason.trim() === '' || !isKnown}>
          Block for {span(forMs)}
        </Button>
      </div>
    </form>
  )
}

/** The act, with a way back for as long as one reads that it was done. */
function useBlock(onDone: () => void): UseMutationResult<NetworkRule, Error, BlockWish> {
  const client = useQueryClient()
  const release = ({ id, cidr }: NetworkRule): void => {
    releaseNetwork(id).then(() => {
      say(`${cidr} is no longer blocked`)
      void client.invalidateQueries()
    }, sayError)
  }
  return useMutation({
    mutationFn: blockNetwork,
    onSuccess: (rule, { expiresInMs }) => {
      say(`${rule.cidr} is blocked for ${span(expiresInMs)}`, { label: 'Undo', act: () => release(rule) })
      void client.invalidateQueries()
      onDone()
    },
  })
}

function Durations({ value, onChange }: { value: number; onChange: (forMs: number) => void }): ReactNode {
  return (
    <fieldset>
      <legend className="heading mb-1">For how long</legend>
      <div className="flex gap-4">
        {durations.map((ms) => (
          <label key={ms} className="flex items-center gap-1.5">
            <input
              type="radio"
              name="forMs"
              checked={value === ms}
              onChange={() => onChange(ms)}
              className="accent-accent"
            />
            {span(ms)}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function EffectText({ cidr }: { cidr: string }): ReactNode {
  const { data, error } = useQuery(effectRead(cidr))
  if (error !== null) return <Problem error={error} />
  if (data === undefined) return <Loading rows={2} />
  if (data.lookedAt === 0) return <p className="text-muted">There are no recent records to hold it against.</p>
  const { hit, served, lookedAt, sinceMs, consumers } = data
  return (
    <div className="rounded-md bg-raise px-3 py-2">
      <p>
        It would have refused <b>{count(hit)}</b> of the last {plural(lookedAt, 'request')} (since {dateTime(sinceMs)})
        {hit === 0 ? '.' : `, of which ${count(served)} ${served === 1 ? 'was' : 'were'} served.`}
      </p>
      {consumers.length === 0 ? null : (
        <p className="mt-1 flex items-center gap-1.5 text-warn">
          <Icon name="warning" /> {plural(consumers.length, 'consumer')} among them: {consumers.slice(0, 6).join(', ')}
          {consumers.length > 6 ? ' …' : ''}
        </p>
      )}
    </div>
  )
}
