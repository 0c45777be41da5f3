import { GatehouseError, messageOf } from '../core/mod.ts'
import { TlogError, verifyReceipt } from '../verify.ts'
import { exitCodes } from './exit-codes.ts'
import { painter, type Terminal } from './terminal.ts'
import { readGiven, readVkeys } from './verify-subject.ts'

export interface ReceiptTask {
  /** The `.tlog-proof`. */
  readonly proof: string
  /** File with the record's bytes; null: the one that the receipt carries. */
  readonly record: string | null
  readonly vkeys: readonly string[]
  readonly json: boolean
}

/** `verify --proof`: 0 when the record is in the log of one of the keys, else 6 with the reason. */
export async function verifyReceiptFile(
  { proof, record, vkeys, json }: ReceiptTask,
  terminal: Terminal,
): Promise<number> {
  const keys = readVkeys(vkeys)
  if (keys.length === 0)
    throw new GatehouseError(
      'invalid_argument',
      'Name the key of the log with --vkey: a receipt cannot vouch for itself',
    )
  const given = {
    proof: readGiven(proof, 'proof'),
    ...(record === null ? {} : { record: readGiven(record, 'record') }),
  }
  let why = ''
  for (const vkey of keys) {
    try {
      const receipt = await verifyReceipt({ ...given, vkey })
      const { record: bytes, ...shown } = receipt
      const time = new Date(receipt.committedUs / 1000).toISOString()
      if (json) terminal.out(`${JSON.stringify({ ok: true, ...shown, recordBytes: bytes.length })}\n`)
      else
        terminal.out(
          `${painter(terminal)('green', '✓')} record ${receipt.index} of ${receipt.origin}, taken at ${time}\n` +
            `  proven by a signed checkpoint of ${receipt.size} records, root ${receipt.root}\n` +
            `  its clear part: ${JSON.stringify(receipt.publicPart)}\n`,
        )
      return exitCodes.ok
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      why = messageOf(error)
    }
  }
  terminal.out(
    json ? `${JSON.stringify({ ok: false, why })}\n` : `${painter(terminal)('red', '✕')} not proven: ${why}\n`,
  )
  return exitCodes.integrity
}
