import { equalBytes } from './bytes.ts'
import { appendLeaf, appendNode, emptyRange, rangeRoot, type CompactRange } from './compact-range.ts'
import type { Anchors, WalkStep } from './log-anchors.ts'
import { checkBundle, type BundleUnderCheck } from './log-bundle.ts'
import { findEdge, type Edge, type EdgeTile } from './log-edge.ts'
import type { FaultList } from './log-faults.ts'
import { spanOf, type LogFiles, type StoredBundle, type StoredTile } from './log-files.ts'
import { judge, type Subtree } from './log-judge.ts'
import type { RecordCheck } from './log-records.ts'
import { reportWhole, reportWrongHashes } from './log-wrong.ts'
import { leafHash, rootOf, type Sha256 } from './merkle.ts'
import { tilePath, tileWidth, type TileAddress } from './tile-path.ts'

/** All that a walk over a log needs. */
export interface WalkOptions {
  readonly hash: Sha256
  readonly files: LogFiles
  readonly faults: FaultList
  readonly records: RecordCheck
  readonly anchors: readonly Anchors[]
  readonly size: number
  readonly root: Uint8Array
  /** See `EdgeSource`. */
  readonly derivesPartials: boolean
  /** Records from here on must be there; those before may be pruned. */
  readonly keptFrom: number
  /** Ends the walk with a throw. */
  readonly signal: AbortSignal | null
}

/** What a walk has found, beside faults. */
export interface WalkResult {
  /** Entries that were read and that the tree bears out. */
  readonly entriesChecked: number
  /** Records before this one are pruned. */
  readonly prunedTo: number
}

interface Walk extends WalkOptions {
  range: CompactRange | null
  entriesChecked: number
  prunedTo: number
  /** Only a beginning can be pruned: false from the first bundle on that is there. */
  isAtBeginning: boolean
  missingInRow: number
}

/** So many files may be missing one after the other before the rest is reported as one; a log cannot claim a size and keep us. */
const missingInRowMax = 1024

/** Ends the walk early, after the fault that says so was added. */
class WalkEnded extends Error {}

/**
 * Goes over all tiles and bundles from left to right, and finds for each place which of three witnesses is the odd one: the
 * hash above, the tile, and what is below. Holds one tile of each level and one bundle at a time.
 */
export async function walkLog(options: WalkOptions): Promise<WalkResult> {
  const walk: Walk = {
    ...options,
    range: emptyRange(),
    entriesChecked: 0,
    prunedTo: 0,
    isAtBeginning: true,
    missingInRow: 0,
  }
  const edge = await findEdge(options)
  await passAnchors(walk, { before: walk.range, leaves: [], from: 0, to: 0 })
  try {
    const below: Hashes[] = []
    for (const tile of edge.tiles) below.push(await walkEdgeTile(walk, tile, edge))
    if (!edge.isProven) reportUnproven(walk, edge, below)
  } catch (error) {
    if (!(error instanceof WalkEnded)) throw error
  }
  reportPruned(walk)
  for (const anchors of walk.anchors) await anchors.end(walk.size)
  return { entriesChecked: walk.entriesChecked, prunedTo: walk.prunedTo }
}

/** The tiles did not lead to the signed root: says where they differ from what is below, and whether that does. */
function reportUnproven({ range, root, size, hash, faults }: Walk, { tiles }: Edge, below: readonly Hashes[]): void {
  for (const [at, { address, hashes }] of tiles.entries()) {
    if (hashes !== null) reportWrongHashes(hashes, { address, right: below[at] ?? [] }, faults)
  }
  if (range !== null && equalBytes(rangeRoot(hash, range), root)) return
  const detail = 'The records do not lead to the signed root, and neither do the tiles'
  faults.add({ kind: 'root', from: 0, to: size, detail })
}

/** A log of which nothing is left was not pruned: it is gone. */
function reportPruned({ prunedTo, isAtBeginning, size, faults }: Walk): void {
  if (prunedTo === 0) return
  const kind = isAtBeginning && prunedTo >= size ? 'missing' : 'pruned'
  faults.add({ kind, from: 0, to: prunedTo, detail: `The records before number ${prunedTo} are gone` })
}

/** Hashes of a tile as what is below has them; null where nothing tells. */
type Hashes = readonly (Uint8Array | null)[]

async function walkEdgeTile(walk: Walk, tile: EdgeTile, { isProven }: Edge): Promise<Hashes> {
  const { level, index, width } = tile.address
  if (level === 0 || level === 'entries') return walkEdgeBundle(walk, tile, isProven)
  const below: (Uint8Array | null)[] = []
  for (let at = 0; at < width; at++) {
    const address = { level: level - 1, index: index * tileWidth + at, width: tileWidth }
    below.push(await walkSubtree(walk, { address, expected: tile.hashes?.[at] ?? null, isProven }))
  }
  return below
}

/** The last, unfinished bundle. Its hashes are part of the edge, so there is no hash above to compare them with. */
async function walkEdgeBundle(walk: Walk, { address, hashes }: EdgeTile, isProven: boolean): Promise<Hashes> {
  const bundleAddress: TileAddress = { ...address, level: 'entries' }
  const bundle = await walk.files.readBundle(bundleAddress)
  const before = walk.range
  let leaves = hashes
  if (typeof bundle === 'string') {
    if (bundle === 'absent') reportMissing(walk, bundleAddress)
  } else {
    bundleSeen(walk)
    const read = bundle.entries.map((entry) => leafHash(walk.hash, entry))
    if (!isProven && bundle.damage === null) leaves = read
    check(walk, { address: bundleAddress, reading: bundle, leaves: read, right: isProven ? hashes : null, isProven })
  }
  walk.range =
    leaves === null || before === null
      ? null
      : leaves.reduce((range, leaf) => appendLeaf(walk.hash, range, leaf), before)
  await passAnchors(walk, { before, leaves, ...spanOf(address) })
  return leaves ?? []
}

/** Walks what lies below one hash, and answers the hash that it should be, null where nothing tells. */
async function walkSubtree(walk: Walk, subtree: Subtree): Promise<Uint8Array | null> {
  return subtree.address.level === 0 ? walkBundle(walk, subtree) : walkTile(walk, subtree)
}

async function walkTile(walk: Walk, subtree: Subtree): Promise<Uint8Array | null> {
  const { address, expected } = subtree
  const tile = await walk.files.readTile(address)
  if (tile === 'absent') {
    if (await isPrunedUnit(walk, subtree)) return passPruned(walk, subtree)
    reportMissing(walk, address)
  }
  const stored = typeof tile === 'string' ? null : tile.hashes
  const agrees = stored !== null && expected !== null && equalBytes(rootOf(walk.hash, stored), expected)
  const below: (Uint8Array | null)[] = []
  for (let at = 0; at < tileWidth; at++) {
    const child = { level: Number(address.level) - 1, index: address.index * tileWidth + at, width: tileWidth }
    below.push(
      await walkSubtree(walk, { address: child, expected: stored?.[at] ?? null, isProven: subtree.isProven && agrees }),
    )
  }
  if (agrees) return expected
  const computed = wholeRoot(walk.hash, below)
  if (stored !== null) reportTile(walk, subtree, { stored, computed, below })
  return subtree.isProven ? expected : (computed ?? expected)
}

function wholeRoot(hash: Sha256, hashes: Hashes): Uint8Array | null {
  const known = hashes.filter((one) => one !== null)
  return known.length === hashes.length ? rootOf(hash, known) : null
}

/** A tile that does not lead to the hash above: it is wrong where it differs from what is below, unless that is wrong as well. */
function reportTile(
  { faults }: Walk,
  { address, expected, isProven }: Subtree,
  { stored, computed, below }: TileWitnesses,
): void {
  const isBelowWrong = computed === null || (isProven && expected !== null && !equalBytes(computed, expected))
  if (isBelowWrong) reportWhole(faults, address)
  else reportWrongHashes(stored, { address, right: below }, faults)
}

interface TileWitnesses {
  readonly stored: readonly Uint8Array[]
  readonly below: Hashes
  /** The root over what is below; null where a part of it is unknown. */
  readonly computed: Uint8Array | null
}

/** Whether a whole tile of the first level is gone with its bundles, as pruning leaves it. */
async function isPrunedUnit(
  { isAtBeginning, keptFrom, files }: Walk,
  { address, expected }: Subtree,
): Promise<boolean> {
  const { to } = spanOf(address)
  if (!isAtBeginning || expected === null || address.level !== 1 || to > keptFrom) return false
  const last = await files.readBundle({ level: 'entries', index: to / tileWidth - 1, width: tileWidth })
  return last === 'absent'
}

/** One bundle with its tile. */
async function walkBundle(walk: Walk, subtree: Subtree): Promise<Uint8Array | null> {
  walk.signal?.throwIfAborted()
  const { address, expected } = subtree
  const bundleAddress: TileAddress = { ...address, level: 'entries' }
  const tile = await walk.files.readTile(address)
  const bundle = await walk.files.readBundle(bundleAddress)
  if (isPrunedBundle(walk, subtree, { tile, bundle })) return passPruned(walk, subtree)
  if (tile === 'absent') reportMissing(walk, address)
  if (bundle === 'absent') reportMissing(walk, bundleAddress)
  else bundleSeen(walk)
  const stored = typeof tile === 'string' ? null : tile.hashes
  const read = typeof bundle === 'string' ? null : bundle.entries.map((entry) => leafHash(walk.hash, entry))
  const isWhole = typeof bundle !== 'string' && bundle.damage === null
  const verdict = judge(subtree, { stored, read: isWhole ? read : null }, walk)
  if (typeof bundle !== 'string' && read !== null) {
    const { leaves, suspect } = verdict
    check(walk, {
      address: bundleAddress,
      reading: bundle,
      leaves: read,
      right: leaves ?? suspect,
      isProven: leaves !== null,
    })
  }
  const root = subtree.isProven ? expected : verdict.root
  const before = walk.range
  walk.range = root === null || before === null ? null : appendNode(walk.hash, before, { level: 8, hash: root })
  await passAnchors(walk, { before, leaves: verdict.leaves, ...spanOf(address) })
  return root
}

function check(walk: Walk, bundle: BundleUnderCheck): void {
  walk.entriesChecked += checkBundle(bundle, walk.faults, walk.records)
}

function bundleSeen(walk: Walk): void {
  walk.isAtBeginning = false
  walk.missingInRow = 0
}

function isPrunedBundle(
  { isAtBeginning, keptFrom }: Walk,
  { address, expected }: Subtree,
  { tile, bundle }: { tile: StoredTile; bundle: StoredBundle },
): boolean {
  return (
    isAtBeginning && tile === 'absent' && bundle === 'absent' && expected !== null && spanOf(address).to <= keptFrom
  )
}

/** Goes past a subtree of which only the root is left. */
async function passPruned(walk: Walk, { address, expected }: Subtree): Promise<Uint8Array | null> {
  const span = spanOf(address)
  const before = walk.range
  walk.prunedTo = span.to
  walk.range =
    expected === null || before === null
      ? null
      : appendNode(walk.hash, before, { level: 8 * (Number(address.level) + 1), hash: expected })
  await passAnchors(walk, { before, leaves: null, ...span })
  return expected
}

function reportMissing(walk: Walk, address: TileAddress): void {
  const span = spanOf(address)
  const what = address.level === 'entries' ? 'bundle' : 'tile'
  walk.faults.add({ kind: 'missing', ...span, file: tilePath(address), detail: `The ${what} is missing` })
  walk.missingInRow += 1
  if (walk.missingInRow <= missingInRowMax) return
  walk.faults.add({
    kind: 'missing',
    from: span.from,
    to: walk.size,
    detail: 'So many files are missing that the rest was not looked for',
  })
  throw new WalkEnded('Too many files are missing')
}

async function passAnchors({ anchors, range }: Walk, step: Omit<WalkStep, 'after'>): Promise<void> {
  for (const one of anchors) await one.pass({ ...step, after: range })
}
