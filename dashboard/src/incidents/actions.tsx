import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { send } from '../api/client.ts'
import type { Incident } from '../api/types.ts'
import { useKeys } from '../app/keyboard.ts'
import { useMayChange } from '../app/session.ts'
import { BlockDialog } from '../parts/block-dialog.tsx'
import { Button, Key, TextArea } from '../parts/controls.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Problem } from '../parts/states.tsx'
import { say, sayError } from '../parts/toasts.tsx'

type Act = 'ack' | 'resolve' | 'snooze' | 'note'

const snoozeMs = 4 * 3_600_000
const done: Readonly<Record<Act, string>> = {
  ack: 'is yours',
  resolve: 'is resolved; what goes on opens it again',
  snooze: 'rests for 4 h',
  note: 'has your note',
}

/** What can be done about an incident. */
export function IncidentActions({ incident }: { incident: Incident }): ReactNode {
  const { id, state, actor, title } = incident
  const client = useQueryClient()
  const mayChange = useMayChange()
  const [asking, setAsking] = useState<'resolve' | 'note' | null>(null)
  const [blocked, setBlocked] = useState<string | null>(null)
  const act = useMutation({
    mutationFn: ({ kind, note }: { kind: Act; note?: string }) =>
      send<Incident>('POST', `/v1/incidents/${encodeURIComponent(id)}/${kind}`, {
        ...(note === undefined || note === '' ? {} : { note }),
        ...(kind === 'snooze' ? { forMs: snoozeMs } : {}),
      }),
    onSuccess: async (changed, { kind }) => {
      say(`${id} ${done[kind]}`)
      client.setQueryData(['incident', id], changed)
      setAsking(null)
      await client.invalidateQueries()
    },
    onError: sayError,
  })
  useKeys({ a: () => (mayChange && state === 'open' ? act.mutate({ kind: 'ack' }) : undefined) })
  if (!mayChange) return null
  const isOver = state === 'resolved'
  return (
    <>
      {state === 'open' ? (
        <Button look="main" disabled={act.isPending} onClick={() => act.mutate({ kind: 'ack' })}>
          Acknowledge <Key>a</Key>
        </Button>
      ) : null}
      {actor.kind === 'network' && !isOver ? (
        <Button look="bad" icon="refused" onClick={() => setBlocked(actor.value)}>
          Block network…
        </Button>
      ) : null}
      {isOver || state === 'snoozed' ? null : (
        <Button icon="pause" disabled={act.isPending} onClick={() => act.mutate({ kind: 'snooze' })}>
          Snooze 4 h
        </Button>
      )}
      <Button onClick={() => setAsking('note')}>Add a note…</Button>
      {isOver ? null : (
        <Button icon="ok" onClick={() => setAsking('resolve')}>
          Resolve…
        </Button>
      )}
      <NoteDialog
        asking={asking}
        error={act.error}
        busy={act.isPending}
        onClose={() => setAsking(null)}
        onNote={(kind, note) => act.mutate({ kind, note })}
      />
      <BlockDialog network={blocked} because={`${id}: ${title}`} onClose={() => setBlocked(null)} />
    </>
  )
}

interface NoteDialogProps {
  readonly asking: 'resolve' | 'note' | null
  readonly error: unknown
  readonly busy: boolean
  readonly onClose: () => void
  readonly onNote: (kind: 'resolve' | 'note', note: string) => void
}

function NoteDialog({ asking, error, busy, onClose, onNote }: NoteDialogProps): ReactNode {
  const [note, setNote] = useState('')
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (asking !== null) onNote(asking, note.trim())
  }
  return (
    <Dialog
      open={asking !== null}
      onClose={onClose}
      title={asking === 'resolve' ? 'Resolve the incident' : 'Add a note'}
    >
      <form className="space-y-3" onSubmit={submit}>
        <TextArea
          label={
            asking === 'resolve' ? 'What it was, and what was done (stands in its story)' : 'Note (stands in its story)'
          }
          required
          autoFocus
          rows={4}
          maxLength={2000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        {error === null || error === undefined ? null : <Problem error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" disabled={busy || note.trim() === ''}>
            {asking === 'resolve' ? 'Resolve' : 'Add'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
