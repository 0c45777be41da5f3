import { readBundle, type BundleReading } from './entry-bundle.ts'
import { messageOf } from './errors.ts'
import type { FaultList } from './log-faults.ts'
import { hashBytes } from './merkle.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'

/**
 * Reads a file of the log whole, by its path below the log's folder; null when there is none. `bytesMax` is the most that the
 * file can rightly have: a longer one need not be read further, only be handed out longer than that. Its own deadline is the
 * reader's; a throw is reported and the verification goes on.
 */
export type ReadFile = (path: string, bytesMax: number) => Promise<Uint8Array | null>

/** The hashes of a tile, or why there are none: it is absent, or it is there and was reported as broken. */
export type StoredTile = { readonly hashes: readonly Uint8Array[] } | 'absent' | 'broken'

/** What a bundle holds, or why there is nothing. */
export type StoredBundle = BundleReading | 'absent' | 'broken'

/** The log's files, as the walk needs them. */
export interface LogFiles {
  readTile(address: TileAddress): Promise<StoredTile>
  readBundle(address: TileAddress): Promise<StoredBundle>
}

/** Most bytes of a full bundle. */
const bundleBytesMax = tileWidth * (2 + 65_535)

/** Reads tiles and bundles, reports files that cannot be read or have the wrong length, and takes a full one for a partial one. */
export function openLogFiles(read: ReadFile, faults: FaultList): LogFiles {
  return {
    readTile: async (address) => {
      const bytes = await readOrReplacement(address, tileWidth * hashBytes)
      if (typeof bytes === 'string') return bytes
      if (bytes.content.length !== bytes.width * hashBytes) {
        report(address, `The tile has ${bytes.content.length} bytes instead of ${bytes.width * hashBytes}`)
        return 'broken'
      }
      return {
        hashes: Array.from({ length: address.width }, (_, at) =>
          bytes.content.subarray(at * hashBytes, (at + 1) * hashBytes),
        ),
      }
    },
    readBundle: async (address) => {
      const bytes = await readOrReplacement(address, bundleBytesMax)
      if (typeof bytes === 'string') return bytes
      const reading = readBundle(bytes.content, bytes.width)
      if (bytes.width === address.width) return reading
      const isWhole = reading.entries.length >= address.width
      return {
        entries: reading.entries.slice(0, address.width),
        offsets: reading.offsets.slice(0, address.width),
        damage: isWhole ? null : reading.damage,
      }
    },
  }

  /** A log that has grown since its checkpoint may have replaced the partial file by the full one. */
  async function readOrReplacement(
    address: TileAddress,
    bytesMax: number,
  ): Promise<{ content: Uint8Array; width: number } | 'absent' | 'broken'> {
    const exact = await readOne(address, bytesMax)
    if (exact !== 'absent' || address.width === tileWidth) return exact
    return readOne({ ...address, width: tileWidth }, bytesMax)
  }

  async function readOne(
    address: TileAddress,
    bytesMax: number,
  ): Promise<{ content: Uint8Array; width: number } | 'absent' | 'broken'> {
    try {
      const content = await read(tilePath(address), bytesMax)
      return content === null ? 'absent' : { content, width: address.width }
    } catch (error) {
      report(address, `Cannot be read: ${messageOf(error)}`, 'unreadable')
      return 'broken'
    }
  }

  function report(address: TileAddress, detail: string, kind: 'tile' | 'unreadable' = 'tile'): void {
    faults.add({ kind, ...spanOf(address), file: tilePath(address), detail })
  }
}

/** The records that a file stands for. */
export function spanOf({ level, index, width }: TileAddress): { from: number; to: number } {
  const each = tileWidth ** (level === 'entries' ? 0 : level)
  const from = index * tileWidth * each
  return { from, to: from + width * each }
}
