import { equalBytes } from './bytes.ts'
import type { FaultList } from './log-faults.ts'
import { spanOf } from './log-files.ts'
import { hashBytes } from './merkle.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'

/** Reports each run of hashes of a stored tile that differ from the right ones. */
export function reportWrongHashes(
  stored: readonly Uint8Array[],
  { address, right }: { address: TileAddress; right: readonly (Uint8Array | null)[] },
  faults: FaultList,
): void {
  const each = tileWidth ** Number(address.level)
  const begin = address.index * tileWidth
  for (const run of runsOf(stored.map((hash, at) => !equalBytes(hash, right[at] ?? hash)))) {
    const place = {
      from: (begin + run.from) * each,
      to: (begin + run.to) * each,
      file: tilePath(address),
      offset: run.from * hashBytes,
    }
    faults.add({ kind: 'tile', ...place, detail: 'The hashes are not those of what is below' })
  }
}

/** The runs of true, each as a half-open range. */
export function runsOf(flags: readonly boolean[]): readonly { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (const [at, flag] of flags.entries()) {
    const last = runs.at(-1)
    if (flag && last?.to === at) last.to = at + 1
    else if (flag) runs.push({ from: at, to: at + 1 })
  }
  return runs
}

/** Reports a file of which one knows only that it is wrong. */
export function reportWhole(faults: FaultList, address: TileAddress): void {
  const kind = address.level === 'entries' ? 'bundle' : 'tile'
  faults.add({
    kind,
    ...spanOf(address),
    file: tilePath(address),
    detail: 'The file as a whole does not lead to the hash above',
  })
}
