import { useMutation } from '@tanstack/react-query'
import { type DragEvent, type ReactNode, type SubmitEvent, useState } from 'react'
import { getText } from '../api/client.ts'
import { count, dateTime } from '../lib/format.ts'
import { saveFile } from '../lib/save-file.ts'
import { Button, TextField } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { errorText } from '../parts/states.tsx'
import { sayError } from '../parts/toasts.tsx'
import { checkAnyReceipt, type FoundReceipt } from './receipt.ts'

const proofBytesMax = 400_000

/** Checks receipts: a file that is dropped here, or the receipt of a record that one names. */
export function ReceiptPanel(): ReactNode {
  const [isOver, setOver] = useState(false)
  const check = useMutation({
    mutationFn: async (proof: Uint8Array): Promise<FoundReceipt> => await checkAnyReceipt(proof),
  })
  const take = (file: File | undefined): void => {
    if (file === undefined) return
    if (file.size > proofBytesMax)
      return sayError(new Error(`${file.name} has ${count(file.size)} bytes, which no receipt has`))
    file.arrayBuffer().then((buffer) => check.mutate(new Uint8Array(buffer)), sayError)
  }
  const onDrop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files[0])
  }
  return (
    <div className="grid gap-x-6 gap-y-3 md:grid-cols-2">
      <label
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
        className={`block cursor-pointer rounded-md border border-dashed p-4 text-center focus-within:outline-2 focus-within:outline-accent ${isOver ? 'border-accent bg-chosen' : 'border-line text-muted'}`}
      >
        <Icon name="download" /> Drop a <code className="machine">.tlog-proof</code> here, or choose one
        <input
          type="file"
          accept=".tlog-proof,text/plain"
          className="sr-only"
          onChange={(event) => take(event.target.files?.[0])}
        />
      </label>
      <FetchProof onProof={(text) => check.mutate(new TextEncoder().encode(text))} />
      <div aria-live="polite" className="empty:hidden md:col-span-2">
        {check.error === null ? null : (
          <p className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad" data-receipt="refused">
            <Icon name="failed" className="mt-1" /> It proves nothing: {errorText(check.error).message}
          </p>
        )}
        {check.data === undefined ? null : <Proven receipt={check.data} />}
      </div>
    </div>
  )
}

/** A record by its request's id or by its place in the access log. */
function FetchProof({ onProof }: { onProof: (text: string) => void }): ReactNode {
  const [name, setName] = useState('')
  const trimmed = name.trim().toLowerCase()
  const path = /^\d{1,15}$/.test(trimmed)
    ? `/ledger/access/proof/${Number(trimmed)}`
    : /^[0-9a-f]{32}$/.test(trimmed)
      ? `/v1/events/${trimmed}/proof`
      : null
  const fetched = useMutation({ mutationFn: (from: string) => getText(from), onError: sayError })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (path !== null) fetched.mutate(path, { onSuccess: onProof })
  }
  return (
    <form className="flex items-end gap-2" onSubmit={submit}>
      <div className="min-w-0 flex-1">
        <TextField
          label="Or a record: request id, or number in the access log"
          className="machine"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <Button type="submit" className="h-8" disabled={path === null || fetched.isPending}>
        Prove it
      </Button>
      <Button
        icon="download"
        className="h-8"
        aria-label="Download its receipt"
        disabled={path === null || fetched.isPending}
        onClick={() => {
          if (path !== null) fetched.mutate(path, { onSuccess: (text) => saveFile(`${trimmed}.tlog-proof`, text) })
        }}
      />
    </form>
  )
}

function Proven({ receipt }: { receipt: FoundReceipt }): ReactNode {
  const { index, size, origin, root, committedUs, publicPart } = receipt
  return (
    <div className="rounded-md border border-line p-3" data-receipt="proven">
      <p className="flex items-center gap-2 font-semibold text-ok">
        <Icon name="ok" /> Proven: record {count(index)} of {count(size)} that were signed
      </p>
      <dl className="mt-2 grid grid-cols-[72px_1fr] gap-x-2 text-[12px]">
        <dt className="text-muted">log</dt>
        <dd className="machine break-all">{origin}</dd>
        <dt className="text-muted">taken</dt>
        <dd>{dateTime(committedUs / 1000)}</dd>
        <dt className="text-muted">root</dt>
        <dd className="machine break-all">{root}</dd>
        <dt className="text-muted">clear part</dt>
        <dd className="machine break-all">{JSON.stringify(publicPart)}</dd>
      </dl>
    </div>
  )
}
