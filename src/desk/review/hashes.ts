import { hasCode, messageOf } from '../../core/mod.ts'
import {
  appendLeaf,
  encodeHex,
  leafHash,
  parseBundle,
  parseCheckpoint,
  parseNote,
  rangeRoot,
  type Sha256,
  type TileAddress,
  tilePath,
  tileWidth,
  tileWidthIn,
} from '../../tlog/mod.ts'
import type { ReviewLedger } from './ledger.ts'
import { type Pin, rangeOfFirst } from './pin.ts'

/** Whether the records of a pin, as they lie on the disk, are those under its root; and a sentence that says so. */
export async function hashesToRoot(
  { log, from, to, root }: Pick<Pin, 'log' | 'from' | 'to' | 'root'>,
  { ledger, hash }: { readonly ledger: ReviewLedger; readonly hash: Sha256 },
): Promise<{ readonly holds: boolean; readonly text: string }> {
  if (from === to) return { holds: true, text: 'There are none' }
  try {
    let range = await rangeOfFirst(from, log, ledger)
    while (range.end < to) {
      const index = Math.floor(range.end / tileWidth)
      const entries = await bundleAt(log, index, ledger)
      const first = range.end - index * tileWidth
      const wanted = entries.slice(first, to - index * tileWidth)
      if (wanted.length === 0) return { holds: false, text: `The ledger has no record ${range.end} on its disk` }
      for (const entry of wanted) range = appendLeaf(hash, range, leafHash(hash, entry))
    }
    return encodeHex(rangeRoot(hash, range)) === root
      ? { holds: true, text: `${to - from} records were read from the disk, and hash to the root that was signed` }
      : { holds: false, text: `The records ${from} to before ${to} on the disk are not those that were signed` }
  } catch (error) {
    // A bundle that is no bundle; that there is no gate is told to the caller.
    if (!hasCode(error, 'malformed')) throw error
    return { holds: false, text: `The records on the disk cannot be read: ${messageOf(error)}` }
  }
}

/** The entries of a bundle, as many as there are by the newest checkpoint; none where it is not there. */
async function bundleAt(log: Pin['log'], index: number, ledger: ReviewLedger): Promise<readonly Uint8Array[]> {
  // A full bundle is there for good; a partial one only until a newer checkpoint comes.
  for (let look = 0; look < looksMax; look++) {
    const checkpoint = await ledger.ledgerFile(log, 'checkpoint')
    if (checkpoint === null) return []
    const { size } = parseCheckpoint(parseNote(checkpoint).text)
    const place = { level: 'entries', index } as const
    const address: TileAddress = { ...place, width: tileWidthIn(size, place) }
    const bytes = address.width === 0 ? null : await ledger.ledgerFile(log, tilePath(address))
    if (bytes !== null) return parseBundle(bytes, address.width)
  }
  return []
}

const looksMax = 10
