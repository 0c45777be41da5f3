import { writeFileSync } from 'node:fs'
import { GatehouseError, messageOf } from '../core/mod.ts'
import type { AdminClient } from './admin-client.ts'
import type { Terminal } from './terminal.ts'

export interface ProofTask {
  readonly client: AdminClient
  readonly terminal: Terminal
  readonly requestId: string
  /** Null: `<request-id>.tlog-proof` here; `-` is standard output. */
  readonly out: string | null
}

/** `proof`: writes the receipt of a request, and says how somebody checks it who does not trust this Gatehouse. */
export async function proof({ client, terminal, requestId, out }: ProofTask): Promise<void> {
  const text = await client.text(`/v1/events/${encodeURIComponent(requestId)}/proof`)
  if (out === '-') return terminal.out(text)
  const path = out ?? `${requestId.replaceAll(/[^\w-]/g, '')}.tlog-proof`
  try {
    writeFileSync(path, text, { mode: 0o600 })
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot write '${path}': ${messageOf(cause)}`, { cause })
  }
  const origin = text.slice(text.indexOf('\n\n') + 2).split('\n')[0] ?? ''
  terminal.err(`Wrote ${path}: a c2sp.org/tlog-proof@v1 with the record, for the log ${origin}.
Give it to whoever is to check it, and the log's key with it, by another way: GET /ledger/access/vkey, or ledger/access/vkey in the data folder.

  with Gatehouse  gatehouse verify --proof ${path} --vkey vkey
  in a browser    import { verifyReceipt } from 'gatehouse/verify'
  with others     see docs/guide/verify.md: Go, openssl and sha256sum are enough
`)
}
