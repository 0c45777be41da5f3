import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { getText } from '../api/client.ts'
import { count } from '../lib/format.ts'
import { saveFile } from '../lib/save-file.ts'
import { Badge, Button } from '../parts/controls.tsx'
import { errorText } from '../parts/states.tsx'
import { sayError } from '../parts/toasts.tsx'

/** The receipt of a record: checked here, by the browser itself, or kept as a file that any stranger can check. */
export function ProofPart({ requestId, seq }: { requestId: string; seq: number }): ReactNode {
  const proofOf = (): Promise<string> => getText(`/ledger/access/proof/${seq}`)
  const check = useMutation({
    mutationFn: async () => {
      const { checkReceipt } = await import('../ledger/receipt.ts')
      return await checkReceipt(new TextEncoder().encode(await proofOf()), 'access')
    },
  })
  const download = (): void => {
    proofOf().then((text) => saveFile(`${requestId}.tlog-proof`, text), sayError)
  }
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2">
      {check.data === undefined ? (
        <Button icon="shield" disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? 'Checking…' : 'Check its proof here'}
        </Button>
      ) : (
        <Badge tone="ok" icon="ok">
          included: record {count(check.data.index)} of {count(check.data.size)} that were signed
        </Badge>
      )}
      <Button icon="download" onClick={download}>
        Download proof
      </Button>
      {check.error === null ? null : (
        <Badge tone="bad" icon="failed">
          {errorText(check.error).message}
        </Badge>
      )}
    </div>
  )
}
