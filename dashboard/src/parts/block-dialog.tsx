import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { blockNetwork, type BlockWish, effectRead, releaseNetwork } from '../api/networks.ts'
import { isNetwork } from '../lib/address.ts'
import { clockSeconds, count, plural, span } from '../lib/format.ts'
import { Button, TextArea, TextField } from './controls.tsx'
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
  return (
    <Dialog
      open={network !== null}
      onClose={onClose}
      title={network === '' || network === null ? 'Block a network' : `Block ${network}`}
    >
      {network === null ? null : <BlockForm network={network} because={because} onDone={onClose} />}
    </Dialog>
  )
}

function BlockForm({ network, because, onDone }: { network: string; because: string; onDone: () => void }): ReactNode {
  const client = useQueryClient()
  const [cidr, setCidr] = useState(network)
  const [reason, setReason] = useState(because)
  const [forMs, setForMs] = useState<number>(hourMs)
  const refresh = (): void => void client.invalidateQueries()
  const release = (id: string): void => {
    releaseNetwork(id).then(() => {
      say(`${cidr} is no longer blocked`)
      refresh()
    }, sayError)
  }
  const block = useMutation({
    mutationFn: (wish: BlockWish) => blockNetwork(wish),
    onSuccess: (rule) => {
      say(`${rule.cidr} is blocked for ${span(forMs)}`, { label: 'Undo', act: () => release(rule.id) })
      refresh()
      onDone()
    },
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    block.mutate({ cidr: cidr.trim(), forMs, reason: reason.trim() })
  }
  const isKnown = isNetwork(cidr.trim())
  return (
    <form className="space-y-3" onSubmit={submit}>
      {network === '' ? (
        <TextField
          label="Address or network"
          className="machine"
          placeholder="203.0.113.0/28"
          autoFocus
          value={cidr}
          onChange={(event) => setCidr(event.target.value)}
        />
      ) : null}
      {isKnown ? <EffectText cidr={cidr.trim()} /> : null}
      <fieldset>
        <legend className="heading mb-1">For how long</legend>
        <div className="flex gap-4">
          {durations.map((ms) => (
            <label key={ms} className="flex items-center gap-1.5">
              <input
                type="radio"
                name="forMs"
                checked={forMs === ms}
                onChange={() => setForMs(ms)}
                className="accent-accent"
              />
              {span(ms)}
            </label>
          ))}
        </div>
      </fieldset>
      <TextArea
        label="Why (stands in the audit log)"
        required
        maxLength={500}
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

function EffectText({ cidr }: { cidr: string }): ReactNode {
  const { data, error } = useQuery(effectRead(cidr))
  if (error !== null) return <Problem error={error} />
  if (data === undefined) return <Loading rows={2} />
  if (data.lookedAt === 0 || data.sinceMs === null)
    return <p className="text-muted">There are no recent records to hold it against.</p>
  return (
    <div className="rounded-md bg-raise px-3 py-2">
      <p>
        It would have refused <b>{count(data.hit)}</b> of the last {plural(data.lookedAt, 'request')} (since{' '}
        {clockSeconds(data.sinceMs)})
        {data.hit === 0 ? '.' : `, of which ${count(data.served)} ${data.served === 1 ? 'was' : 'were'} served.`}
      </p>
      {data.consumers.length === 0 ? null : (
        <p className="mt-1 flex items-center gap-1.5 text-warn">
          <Icon name="warning" /> {plural(data.consumers.length, 'consumer')} among them:{' '}
          {data.consumers.slice(0, 6).join(', ')}
          {data.consumers.length > 6 ? ' …' : ''}
        </p>
      )}
    </div>
  )
}
