import { equalBytes } from './bytes.ts'
import { appendNode, emptyRange, rangeRoot } from './compact-range.ts'
import type { FaultList } from './log-faults.ts'
import { spanOf, type LogFiles } from './log-files.ts'
import { reportWrongHashes } from './log-wrong.ts'
import { leafHash, rootOf, type Sha256 } from './merkle.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'
import { tileWidthIn } from './tiles.ts'

/** The unfinished tile of one level: what its hashes should be, as far as one can tell. */
export interface EdgeTile {
  readonly address: TileAddress
  /** Null where nothing is left to tell. */
  readonly hashes: readonly Uint8Array[] | null
}

/** The right edge of a tree: its unfinished tiles from the highest level down, which together give the root. */
export interface Edge {
  readonly tiles: readonly EdgeTile[]
  /** Whether the hashes lead to the signed root, and so are exactly those that were signed. */
  readonly isProven: boolean
}

/** What is needed to find the edge. */
export interface EdgeSource {
  readonly hash: Sha256
  readonly files: LogFiles
  readonly faults: FaultList
  readonly size: number
  readonly root: Uint8Array
  /** Unfinished tiles follow from what is below them; if this is true their absence is no fault. */
  readonly derivesPartials: boolean
}

/**
 * Finds the hashes of the edge that lead to the signed root: those stored, or, where a tile is absent or wrong, those that
 * follow from the level below. Reports every edge tile that is missing, or differs from the proven one.
 */
export async function findEdge(source: EdgeSource): Promise<Edge> {
  const stored: EdgeTile[] = []
  for (const address of edgeAddresses(source.size)) stored.push({ address, hashes: await readStored(address, source) })
  if (leadsToRoot(stored, source)) return { tiles: stored, isProven: true }
  const derived: EdgeTile[] = []
  for (const { address } of stored) derived.push({ address, hashes: await derive(address, source) })
  const present = stored.map((tile, at) => (tile.hashes === null ? (derived[at] ?? tile) : tile))
  const edge = chooseEdge({ stored, present, others: derived }, source)
  if (edge.isProven) return edge
  // What was derived from a wrong tile is as wrong as that: one level further down the right hashes may still be.
  const deeper: EdgeTile[] = []
  for (const { address } of stored) deeper.push({ address, hashes: await deriveDeeper(address, source) })
  return chooseEdge({ stored, present, others: deeper }, source)
}

/** The levels whose last tile is unfinished, from the highest down. */
function edgeAddresses(size: number): readonly TileAddress[] {
  const addresses: TileAddress[] = []
  for (let level = 0; size >= tileWidth ** level; level++) {
    const index = Math.floor(size / tileWidth ** (level + 1))
    const width = tileWidthIn(size, { level, index })
    if (width > 0) addresses.unshift({ level, index, width })
  }
  return addresses
}

async function readStored(
  address: TileAddress,
  { files, faults, derivesPartials }: EdgeSource,
): Promise<readonly Uint8Array[] | null> {
  const tile = await files.readTile(address)
  if (tile === 'absent' && !derivesPartials) {
    faults.add({ kind: 'missing', ...spanOf(address), file: tilePath(address), detail: 'The tile is missing' })
  }
  return typeof tile === 'string' ? null : tile.hashes
}

/** What the tile must be if all below it is right. */
async function derive(
  { level, index, width }: TileAddress,
  { hash, files }: EdgeSource,
): Promise<readonly Uint8Array[] | null> {
  if (level === 0 || level === 'entries') {
    const bundle = await files.readBundle({ level: 'entries', index, width })
    if (typeof bundle === 'string' || bundle.damage !== null) return null
    return bundle.entries.map((entry) => leafHash(hash, entry))
  }
  const hashes: Uint8Array[] = []
  for (let at = 0; at < width; at++) {
    const tile = await files.readTile({ level: level - 1, index: index * tileWidth + at, width: tileWidth })
    if (typeof tile === 'string') return null
    hashes.push(rootOf(hash, tile.hashes))
  }
  return hashes
}

/** What the tile must be if all that lies two levels below it is right; null where nothing lies there. */
async function deriveDeeper(
  { level, index, width }: TileAddress,
  source: EdgeSource,
): Promise<readonly Uint8Array[] | null> {
  if (level === 0 || level === 'entries') return null
  const hashes: Uint8Array[] = []
  for (let at = 0; at < width; at++) {
    const below = await derive({ level: level - 1, index: index * tileWidth + at, width: tileWidth }, source)
    if (below === null) return null
    hashes.push(rootOf(source.hash, below))
  }
  return hashes
}

interface EdgeWitnesses {
  readonly stored: readonly EdgeTile[]
  /** The stored ones, and in place of those that are absent what follows from below. */
  readonly present: readonly EdgeTile[]
  /** What else the tiles may be. */
  readonly others: readonly EdgeTile[]
}

/** Takes the first choice that leads to the root, and reports where what is stored differs; unproven, it is what is stored. */
function chooseEdge({ stored, present, others }: EdgeWitnesses, source: EdgeSource): Edge {
  const proven = choicesOf(present, others).find((choice) => leadsToRoot(choice, source))
  for (const [at, { address, hashes }] of (proven === undefined ? [] : stored).entries()) {
    const right = proven?.[at]?.hashes
    if (hashes !== null && right) reportWrongHashes(hashes, { address, right }, source.faults)
  }
  return { tiles: proven ?? present, isProven: proven !== undefined }
}

/** More places than these are not tried in all combinations. */
const spotsMax = 8

/** What is there; with one level of the others; all of the others; and, where few hashes differ, every combination of them. */
function choicesOf(present: readonly EdgeTile[], others: readonly EdgeTile[]): readonly (readonly EdgeTile[])[] {
  const levels = others.map((tile, at) => present.with(at, tile))
  const spots = present.flatMap(({ hashes }, level) =>
    (hashes ?? []).flatMap((one, at) => {
      const other = others[level]?.hashes?.[at] ?? one
      return equalBytes(one, other) ? [] : [{ level, at, other }]
    }),
  )
  const combinations =
    spots.length > spotsMax
      ? []
      : Array.from({ length: 2 ** spots.length }, (_, mask) =>
          mixed(
            present,
            spots.filter((_spot, bit) => (mask >> bit) % 2 === 1),
          ),
        )
  return [present, ...levels, others, ...combinations]
}

interface Spot {
  readonly level: number
  readonly at: number
  readonly other: Uint8Array
}

function mixed(present: readonly EdgeTile[], spots: readonly Spot[]): readonly EdgeTile[] {
  return present.map((tile, level) => {
    const hashes = [...(tile.hashes ?? [])]
    for (const spot of spots) if (spot.level === level) hashes[spot.at] = spot.other
    return tile.hashes === null ? tile : { ...tile, hashes }
  })
}

function leadsToRoot(tiles: readonly EdgeTile[], { hash, root }: EdgeSource): boolean {
  let range = emptyRange()
  for (const { address, hashes } of tiles) {
    if (hashes === null) return false
    for (const one of hashes) range = appendNode(hash, range, { level: 8 * Number(address.level), hash: one })
  }
  return equalBytes(rangeRoot(hash, range), root)
}
