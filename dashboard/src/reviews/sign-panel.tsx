import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { send } from '../api/client.ts'
import type { RunView } from '../api/types.ts'
import { useMayChange, useSession } from '../app/session.ts'
import { dateTime, plural } from '../lib/format.ts'
import { Button, Panel, TextArea, TextField } from '../parts/controls.tsx'
import { Problem } from '../parts/states.tsx'
import { say } from '../parts/toasts.tsx'

/** The end of a review: what is signed cannot be changed. */
export function SignPanel({ run }: { run: RunView }): ReactNode {
  const mayChange = useMayChange()
  if (run.signOff !== null) return <Signed signOff={run.signOff} />
  if (!mayChange) return null
  return (
    <Panel title="Sign">
      <SignForm run={run} />
    </Panel>
  )
}

function Signed({ signOff }: { signOff: NonNullable<RunView['signOff']> }): ReactNode {
  const { name, actor, atMs, statement, note, limitations, manifestDigest } = signOff
  return (
    <Panel title="Signed">
      <p className="text-[15px] font-semibold text-ok">
        Signed by {name} ({actor}) on {dateTime(atMs)}
      </p>
      <p className="mt-1">{statement}</p>
      {note === '' ? null : <p className="mt-1 text-muted">{note}</p>}
      {limitations.length === 0 ? null : (
        <ul className="mt-1 list-disc pl-5 text-warn">
          {limitations.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      <p className="machine mt-2 break-all text-faint">
        digest of all that was signed, also in the audit log: {manifestDigest}
      </p>
    </Panel>
  )
}

function SignForm({ run }: { run: RunView }): ReactNode {
  const client = useQueryClient()
  const session = useSession()
  const [name, setName] = useState(session?.name ?? '')
  const [note, setNote] = useState('')
  const sign = useMutation({
    mutationFn: () =>
      send<RunView>('POST', `/v1/reviews/${encodeURIComponent(run.id)}/sign`, {
        name: name.trim(),
        ...(note.trim() === '' ? {} : { note: note.trim() }),
      }),
    onSuccess: async (next) => {
      client.setQueryData(['review', run.id], next)
      say(`${run.id} is signed`)
      await client.invalidateQueries({ queryKey: ['reviews'] })
    },
  })
  const { open } = run.items
  const limitations = run.results?.trust.limitations ?? []
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    sign.mutate()
  }
  return (
    <form className="grid gap-3 md:grid-cols-2" onSubmit={submit}>
      <TextField
        label="Name of the signer"
        required
        maxLength={120}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextArea label="Note" maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      <div className="flex flex-wrap items-center gap-3 md:col-span-2">
        <Button type="submit" look="main" icon="ok" disabled={open > 0 || sign.isPending || name.trim() === ''}>
          Sign for good
        </Button>
        <span className="text-muted">
          {open > 0 ? `${plural(open, 'item')} must be decided first.` : 'Every item is decided.'}
          {limitations.length === 0 ? '' : ` It will say: ${limitations.join('; ')}.`}
        </span>
      </div>
      {sign.error === null ? null : <Problem error={sign.error} />}
    </form>
  )
}
