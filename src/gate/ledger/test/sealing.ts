import type { AccessEvent } from '../../../core/mod.ts'
import { createRandomPool, type RandomPool } from '../../../crypto/mod.ts'
import { stampRecord } from '../envelope.ts'
import type { DataKey } from '../seal/data-key.ts'
import { deriveRootKeys, type RootKeys } from '../seal/root-keys.ts'
import { rowIdText } from '../seal/key-rows.ts'
import { createRecordOpener, type RecordOpener } from '../seal/record-opener.ts'
import { type SealingSlot, ThreadSealer } from '../seal/thread-sealer.ts'
import { textBytesMax } from '../seal/layout.ts'

export const origins = { access: 'test/gatehouse/access', audit: 'test/gatehouse/audit' } as const
export const root: RootKeys = deriveRootKeys(Buffer.alloc(32, 7))

/** A thread's sealer and an opener that knows its keys, without a ring and without files. */
export interface Bench {
  readonly sealer: ThreadSealer
  readonly opener: RecordOpener
  readonly slot: SealingSlot
  /** Rows of keys that were made, in order. */
  readonly rows: Buffer[]
  /** One sealed record, stamped. */
  seal(event: AccessEvent, seq?: number): Buffer
}

export function openBench(random: RandomPool = createRandomPool()): Bench {
  const slot: SealingSlot = { root, start: 3, boot: '0123456789abcdef', origins }
  let count = 0
  const sealer = new ThreadSealer(slot, { ring: 1, nextCount: () => count++ }, random)
  const keys = new Map<string, DataKey>()
  const rows: Buffer[] = []
  const opener = createRecordOpener({
    root,
    store: { find: (id) => keys.get(rowIdText(id)) ?? null },
    originOf: (log) => origins[log],
  })
  return {
    sealer,
    opener,
    slot,
    rows,
    seal: (event, seq = 0) => {
      const { sealer: sealing, key } = sealer.access(event, textBytesMax)
      if (key.material.unwrittenRow !== null) rows.push(key.material.unwrittenRow)
      key.material.unwrittenRow = null
      keys.set(rowIdText(key.material.id), key.material.key)
      const target = Buffer.alloc(40_000, 0xee)
      const bytes = sealing.write(key, target, 3)
      stampRecord(target, 3, { seq, us: 1_700_000_000_000_000 + seq })
      return target.subarray(3, 3 + bytes)
    },
  }
}
