import { equalBytes } from './bytes.ts'
import type { FaultList } from './log-faults.ts'
import { reportWhole, reportWrongHashes } from './log-wrong.ts'
import { rootOf, type Sha256 } from './merkle.ts'
import type { TileAddress } from './tile-path.ts'

/** A subtree whose root one knows from above. */
export interface Subtree {
  /** Of the tile whose hashes lie below this root. */
  readonly address: TileAddress
  /** Null where the tile above is gone. */
  readonly expected: Uint8Array | null
  /** Whether `expected` leads to the signed root. */
  readonly isProven: boolean
}

/** What the tile and the entries say the hashes of 256 records are. */
export interface Witnesses {
  readonly stored: readonly Uint8Array[] | null
  readonly read: readonly Uint8Array[] | null
}

/** Which hashes are right. */
export interface Verdict {
  /** The leaf hashes that are believed; null where none can be. */
  readonly leaves: readonly Uint8Array[] | null
  /** What the entries are compared with where nothing can be believed. */
  readonly suspect: readonly Uint8Array[] | null
  readonly root: Uint8Array | null
}

/** Hears the three witnesses (the hash above, the tile, the entries), and reports those that are wrong as a whole. */
export function judge(
  { address, expected, isProven }: Subtree,
  { stored, read }: Witnesses,
  { hash, faults }: { hash: Sha256; faults: FaultList },
): Verdict {
  const areSame = stored !== null && read !== null && stored.every((one, at) => equalBytes(one, read[at] ?? one))
  const readRoot = read === null ? null : rootOf(hash, read)
  const storedRoot = areSame || stored === null ? readRoot : rootOf(hash, stored)
  if (read !== null && isSame(readRoot, expected)) {
    if (stored !== null) reportWrongHashes(stored, { address, right: read }, faults)
    return { leaves: read, suspect: null, root: expected }
  }
  if (stored !== null && isSame(storedRoot, expected)) return { leaves: stored, suspect: null, root: expected }
  if (areSame && !isProven) return { leaves: read, suspect: null, root: readRoot }
  if (stored !== null && expected !== null) reportWhole(faults, address)
  if (read !== null && expected !== null && (areSame || stored === null))
    reportWhole(faults, { ...address, level: 'entries' })
  return { leaves: null, suspect: stored, root: readRoot ?? storedRoot }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && equalBytes(a, b)
}
