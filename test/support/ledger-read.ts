import { join } from 'node:path'
import { type AccessEvent, decodeAccessEvent } from '../../src/core/mod.ts'
import { openLedgerReader } from '../../src/gate/ledger/mod.ts'

/** By request id, the terminal records of a data folder. */
export async function readTerminals(dataDir: string): Promise<ReadonlyMap<string, AccessEvent[]>> {
  using reader = openLedgerReader(join(dataDir, 'ledger'))
  const terminals = new Map<string, AccessEvent[]>()
  for (let seq = 0; ;) {
    const batch = reader.read(seq, { bytesMax: 1 << 20, recordsMax: 10_000 })
    if (batch.length === 0) return terminals
    for (const record of batch) {
      const event = decodeAccessEvent(record.bytes)
      if (event.kind === 'request') terminals.set(event.id, [...(terminals.get(event.id) ?? []), event])
    }
    seq += batch.length
  }
}
