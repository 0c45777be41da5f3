import { concatBytes } from './bytes.ts'
import { TlogError } from './errors.ts'
import { hashBytes, rootOf, type NodeId, type Sha256 } from './merkle.ts'
import type { HashReader } from './proofs.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'

/**
 * Reads one tile; null when there is none of exactly this width. Called once for each tile that a look-up touches. The bytes
 * are checked for their length and for nothing else.
 */
export type TileReader = (address: TileAddress) => Promise<Uint8Array | null>

/** What one must keep to go on writing tiles: the size, and for each level the hashes of its last, unfinished tile. */
export interface TileEdge {
  readonly size: number
  /** `levels[l]` holds 0 to 255 hashes; together they are the right edge of the tree. */
  readonly levels: readonly (readonly Uint8Array[])[]
}

/** A tile with its content. */
export interface Tile {
  readonly address: TileAddress
  readonly bytes: Uint8Array
}

/** How many hashes the tile has in a tree of this size: 0 where it has none, 256 where it is full. */
export function tileWidthIn(size: number, { level, index }: Pick<TileAddress, 'level' | 'index'>): number {
  const row = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level))
  return Math.min(tileWidth, Math.max(0, row - index * tileWidth))
}

/** The hashes of a tile of this width; refuses any other length. */
export function splitTile(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  if (bytes.length !== width * hashBytes) {
    throw new TlogError('malformed', `A tile of width ${width} has ${width * hashBytes} bytes, not ${bytes.length}`)
  }
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes))
}

/** An empty tree's edge. */
export function emptyEdge(): TileEdge {
  return { size: 0, levels: [] }
}

/** The edge after these leaves, and the tiles that became full on the way, each level's before the level above. */
export function growTiles(
  hash: Sha256,
  edge: TileEdge,
  leaves: readonly Uint8Array[],
): { edge: TileEdge; full: readonly Tile[] } {
  const levels = edge.levels.map((hashes) => [...hashes])
  const full: Tile[] = []
  for (const [at, leaf] of leaves.entries()) appendToLevel(leaf, { level: 0, size: edge.size + at + 1 })
  return { edge: { size: edge.size + leaves.length, levels }, full }

  function appendToLevel(root: Uint8Array, { level, size }: { level: number; size: number }): void {
    const hashes = (levels[level] ??= [])
    hashes.push(root)
    if (hashes.length < tileWidth) return
    const index = size / tileWidth ** (level + 1) - 1
    full.push({ address: { level, index, width: tileWidth }, bytes: concatBytes(hashes) })
    const parent = rootOf(hash, hashes)
    levels[level] = []
    appendToLevel(parent, { level: level + 1, size })
  }
}

/** The partial tiles of a tree, as they must be served beside a checkpoint of its size. */
export function partialTiles({ size, levels }: TileEdge): readonly Tile[] {
  return levels.flatMap((hashes, level) => {
    const index = Math.floor(size / tileWidth ** (level + 1))
    return hashes.length === 0 ? [] : [{ address: { level, index, width: hashes.length }, bytes: concatBytes(hashes) }]
  })
}

/**
 * Looks up nodes of a tree of this size in its tiles; where a partial tile is gone it takes the full one that replaced it.
 * Throws `tile_missing` when there is neither.
 */
export function tileHashReader(hash: Sha256, size: number, read: TileReader): HashReader {
  return async (nodes) => {
    const tiles = new Map<string, readonly Uint8Array[]>()
    const roots: Uint8Array[] = []
    for (const node of nodes) {
      const { address, first, count } = placeOf(node, size)
      const path = tilePath(address)
      const hashes = tiles.get(path) ?? (await readTile(address, read))
      tiles.set(path, hashes)
      roots.push(rootOf(hash, hashes.slice(first, first + count)))
    }
    return roots
  }
}

/** The hashes below a node lie side by side in one tile, because a tile spans eight rows of a perfect subtree. */
function placeOf({ level, index }: NodeId, size: number): { address: TileAddress; first: number; count: number } {
  const tileLevel = Math.floor(level / 8)
  const count = 2 ** (level % 8)
  const tileIndex = Math.floor((index * count) / tileWidth)
  const first = index * count - tileIndex * tileWidth
  const width = tileWidthIn(size, { level: tileLevel, index: tileIndex })
  if (first + count > width)
    throw new TlogError('out_of_range', `Node ${index} of row ${level} is not in a tree of ${size}`)
  return { address: { level: tileLevel, index: tileIndex, width }, first, count }
}

async function readTile(address: TileAddress, read: TileReader): Promise<readonly Uint8Array[]> {
  const exact = await read(address)
  if (exact !== null) return splitTile(exact, address.width)
  const full = address.width === tileWidth ? null : await read({ ...address, width: tileWidth })
  if (full === null) throw new TlogError('tile_missing', `Cannot read ${tilePath(address)}`)
  return splitTile(full, tileWidth).slice(0, address.width)
}
