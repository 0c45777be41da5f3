import { concatBytes, encodeUint, readUint64 } from './bytes.ts'
import { TlogError } from './errors.ts'
import { assertHash, coveringNodes, foldRight, hashBytes, nodeHash, type NodeId, type Sha256 } from './merkle.ts'

/** A perfect subtree with its root. */
export interface PerfectNode extends NodeId {
  readonly hash: Uint8Array
}

/**
 * All that one must keep of the leaves `begin` to before `end` to go on growing the tree: the roots of the fewest perfect
 * subtrees that cover them, at most about twice 53. A value: appending gives a new range and leaves the old one as it was.
 */
export interface CompactRange {
  readonly begin: number
  readonly end: number
  readonly nodes: readonly PerfectNode[]
}

/** Nothing yet, at the place where the next leaf will stand. */
export function emptyRange(begin = 0): CompactRange {
  return { begin, end: begin, nodes: [] }
}

/** The range with one leaf more. */
export function appendLeaf(hash: Sha256, range: CompactRange, leaf: Uint8Array): CompactRange {
  return appendNode(hash, range, { level: 0, hash: leaf })
}

/** The range with `2^level` leaves more, given as the root of the perfect subtree over them; its place must fit the level. */
export function appendNode(
  hash: Sha256,
  range: CompactRange,
  { level, hash: root }: { level: number; hash: Uint8Array },
): CompactRange {
  assertHash(root, 'A node')
  const index = range.end / 2 ** level
  const end = range.end + 2 ** level
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(end)) {
    throw new TlogError('out_of_range', `A subtree of level ${level} cannot begin at leaf ${range.end}`)
  }
  const nodes = [...range.nodes]
  let node: PerfectNode = { level, index, hash: root }
  for (let left = nodes.at(-1); left !== undefined && areSiblings(left, node); left = nodes.at(-1)) {
    nodes.pop()
    node = { level: node.level + 1, index: left.index / 2, hash: nodeHash(hash, left.hash, node.hash) }
  }
  nodes.push(node)
  return { begin: range.begin, end, nodes }
}

function areSiblings(left: NodeId, right: NodeId): boolean {
  return left.level === right.level && left.index % 2 === 0 && left.index + 1 === right.index
}

/** Both ranges as one; the second must begin where the first ends. */
export function mergeRanges(hash: Sha256, left: CompactRange, right: CompactRange): CompactRange {
  if (left.end !== right.begin)
    throw new TlogError('out_of_range', `Ranges are not adjacent: ${left.end} and ${right.begin}`)
  return right.nodes.reduce((range, node) => appendNode(hash, range, node), left)
}

/** The root of the tree of `range.end` leaves; the range must begin at leaf 0. */
export function rangeRoot(hash: Sha256, range: CompactRange): Uint8Array {
  if (range.begin !== 0) throw new TlogError('out_of_range', `A range from leaf ${range.begin} has no root of its own`)
  const hashes = range.nodes.map((node) => node.hash)
  return foldRight(hash, hashes)
}

/** `u64be begin || u64be end || hashes`: which subtrees they are follows from the two numbers. */
export function encodeRange(range: CompactRange): Uint8Array {
  return concatBytes([encodeUint(range.begin, 8), encodeUint(range.end, 8), ...range.nodes.map((node) => node.hash)])
}

/** The inverse of `encodeRange`; the number of hashes must be exactly the right one. */
export function decodeRange(bytes: Uint8Array): CompactRange {
  if (bytes.length < 16) throw new TlogError('malformed', `A compact range has at least 16 bytes, not ${bytes.length}`)
  const [begin, end] = [readUint64(bytes, 0), readUint64(bytes, 8)]
  if (end < begin) throw new TlogError('malformed', `A compact range ends at ${end} before it begins at ${begin}`)
  const ids = coveringNodes(begin, end)
  if (bytes.length !== 16 + ids.length * hashBytes) {
    throw new TlogError(
      'malformed',
      `A compact range from ${begin} to ${end} has ${ids.length} hashes, these are ${bytes.length - 16} bytes`,
    )
  }
  return {
    begin,
    end,
    nodes: ids.map((id, at) => ({ ...id, hash: bytes.slice(16 + at * hashBytes, 16 + (at + 1) * hashBytes) })),
  }
}
