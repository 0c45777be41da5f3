import { equalBytes } from './bytes.ts'
import type { BundleReading } from './entry-bundle.ts'
import type { FaultList } from './log-faults.ts'
import type { RecordCheck } from './log-records.ts'
import { runsOf } from './log-wrong.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'

/** A bundle that was read, and the hashes that its entries must have. */
export interface BundleUnderCheck {
  readonly address: TileAddress
  readonly reading: BundleReading
  /** The hashes of the entries that could be read. */
  readonly leaves: readonly Uint8Array[]
  /** The hashes that they should have; null where nothing tells. */
  readonly right: readonly Uint8Array[] | null
  /** Whether those hashes can be believed. */
  readonly isProven: boolean
}

/**
 * Reports every run of entries that are not those of the hashes, and damage of the bundle; hands the others to the check of
 * records if the hashes can be believed. Answers how many entries the hashes bear out.
 */
export function checkBundle(
  { address, reading, leaves, right, isProven }: BundleUnderCheck,
  faults: FaultList,
  records: RecordCheck,
): number {
  const file = tilePath(address)
  const begin = address.index * tileWidth
  const isWrong = Array.from({ length: address.width }, (_, at) => {
    const leaf = leaves[at]
    const other = right?.[at]
    return leaf === undefined || (other !== undefined && !equalBytes(leaf, other))
  })
  for (const run of runsOf(isWrong)) {
    const isUnread = run.from >= leaves.length
    const offset = isUnread ? (reading.damage?.offset ?? null) : (reading.offsets[run.from] ?? null)
    const detail =
      run.to > leaves.length ? damageOf(reading) : 'The entries are not those whose hashes lead to the signed root'
    faults.add({ kind: 'bundle', from: begin + run.from, to: begin + run.to, file, offset, detail })
  }
  if (leaves.length === address.width && reading.damage !== null) {
    faults.add({
      kind: 'bundle',
      from: begin,
      to: begin + address.width,
      file,
      offset: reading.damage.offset,
      detail: reading.damage.detail,
    })
  }
  if (!isProven) return 0
  let count = 0
  for (const [at, entry] of reading.entries.entries()) {
    if (isWrong[at] === true) continue
    count += 1
    records.check(entry, { index: begin + at, file, offset: reading.offsets[at] ?? 0 })
  }
  return count
}

function damageOf({ damage }: BundleReading): string {
  return damage === null ? 'The entries cannot be read' : damage.detail
}
