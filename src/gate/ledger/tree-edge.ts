import { sha256 } from '../../crypto/mod.ts'
import {
  appendNode,
  type CompactRange,
  emptyRange,
  hashBytes,
  rootOf,
  splitTile,
  type TileEdge,
  tileWidth,
} from '../../tlog/mod.ts'
import { fullTilePath, readLogFile } from './tree-files.ts'

/**
 * The edge of a tree whose records all lie in full bundles, from the full tiles on disk: each level's last, unfinished tile
 * follows from the roots of the full ones below it. Calls back for each tile that is missing or has the wrong length, and
 * answers null then.
 */
export function loadEdge(logDir: string, size: number, onFault: (path: string, why: string) => void): TileEdge | null {
  const levels: (readonly Uint8Array[])[] = size === 0 ? [] : [[]]
  let isWhole = true
  let below = Math.floor(size / tileWidth)
  for (let level = 0; below > 0; level++) {
    const hashes: Uint8Array[] = []
    for (let index = below - (below % tileWidth); index < below; index++) {
      const root = tileRoot(logDir, { level, index }, onFault)
      if (root !== null) hashes.push(root)
    }
    isWhole &&= hashes.length === below % tileWidth
    levels.push(hashes)
    below = Math.floor(below / tileWidth)
  }
  return isWhole ? { size, levels } : null
}

/** The root over one full tile. */
function tileRoot(
  logDir: string,
  { level, index }: { readonly level: number; readonly index: number },
  onFault: (path: string, why: string) => void,
): Uint8Array | null {
  const path = fullTilePath(level, index)
  const bytes = readLogFile(logDir, path)
  if (bytes === null || bytes.length !== tileWidth * hashBytes) {
    onFault(path, bytes === null ? 'the tile is missing' : `the tile has ${bytes.length} bytes`)
    return null
  }
  return rootOf(sha256, splitTile(bytes, tileWidth))
}

/** The same edge as the fewest perfect subtrees. */
export function rangeOfEdge(edge: TileEdge): CompactRange {
  return rangeOfBundles(bundleEdge(edge))
}

/** The edge as one over bundles: each is a leaf, and what was level 1 is level 0. */
export function bundleEdge({ size, levels }: TileEdge): TileEdge {
  return { size: size / tileWidth, levels: levels.slice(1) }
}

/** The records of an edge over bundles as the fewest perfect subtrees. */
export function rangeOfBundles({ levels }: TileEdge): CompactRange {
  let range = emptyRange()
  for (let level = levels.length - 1; level >= 0; level--)
    for (const hash of levels[level] ?? []) range = appendNode(sha256, range, { level: 8 * (level + 1), hash })
  return range
}
