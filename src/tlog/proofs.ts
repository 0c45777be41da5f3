import { equalBytes } from './bytes.ts'
import { TlogError } from './errors.ts'
import { assertSpan, coveringNodes, foldRight, hashBytes, nodeHash, type NodeId, type Sha256 } from './merkle.ts'

/** Looks up the roots of perfect subtrees, in the order asked for. */
export type HashReader = (nodes: readonly NodeId[]) => Promise<readonly Uint8Array[]>

/** For each hash of a proof the perfect subtrees that it is folded from; most hashes are one of them. */
export type ProofPlan = readonly (readonly NodeId[])[]

/** A leaf in a tree, and the tree's root. */
export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leaf: Uint8Array
  readonly root: Uint8Array
}

/** Two trees of which the second is said to contain the first. */
export interface ConsistencyClaim {
  readonly size1: number
  readonly size2: number
  readonly root1: Uint8Array
  readonly root2: Uint8Array
}

/** Which hashes prove that the leaf is in the tree (RFC 6962 section 2.1.1), from the leaf's sibling up. */
export function planInclusion(index: number, size: number): ProofPlan {
  assertSpan(index, size)
  if (index === size) throw new TlogError('out_of_range', `Leaf ${index} is not in a tree of ${size}`)
  const spans: [number, number][] = []
  let [begin, end] = [0, size]
  while (end - begin > 1) {
    const middle = begin + powerBelow(end - begin)
    if (index < middle) {
      spans.push([middle, end])
      end = middle
    } else {
      spans.push([begin, middle])
      begin = middle
    }
  }
  return spans.toReversed().map(([from, to]) => coveringNodes(from, to))
}

/**
 * Which hashes prove that the tree of `size2` begins with the tree of `size1` (RFC 6962 section 2.1.2). There is no proof
 * from size 0: the empty tree is a beginning of every tree, and the caller says so before he asks.
 */
export function planConsistency(size1: number, size2: number): ProofPlan {
  assertSpan(size1, size2)
  if (size1 === 0) throw new TlogError('out_of_range', 'Nothing has to be proven of the empty tree')
  const spans: [number, number][] = []
  let [begin, end] = [0, size2]
  while (size1 !== end) {
    const middle = begin + powerBelow(end - begin)
    if (size1 <= middle) {
      spans.push([middle, end])
      end = middle
    } else {
      spans.push([begin, middle])
      begin = middle
    }
  }
  // When the first tree is a whole left part of the second, its root is known to the verifier and is left out.
  if (begin > 0) spans.push([begin, end])
  return spans.toReversed().map(([from, to]) => coveringNodes(from, to))
}

/** The largest power of two below n, for n of at least 2. */
function powerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** The hashes of a proof. What the reader hands out is not checked here: the proof is checked by whoever receives it. */
export async function buildProof(hash: Sha256, plan: ProofPlan, read: HashReader): Promise<readonly Uint8Array[]> {
  const hashes = await read(plan.flat())
  let at = 0
  return plan.map((nodes) => foldRight(hash, hashes.slice(at, (at += nodes.length))))
}

/** True exactly if the proof leads from the leaf at this index to the root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  hash: Sha256,
  { index, size, leaf, root }: InclusionClaim,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let at: Step = { node: index, last: size - 1 }
  let computed = leaf
  for (const sibling of proof) {
    if (at.last === 0) return false
    computed = isRightOrLast(at) ? nodeHash(hash, sibling, computed) : nodeHash(hash, computed, sibling)
    at = climb(at)
  }
  return at.last === 0 && equalBytes(computed, root)
}

/**
 * True exactly if the proof shows that the second tree begins with the first (RFC 9162 section 2.1.4.2). False for a first
 * size of 0: that case has no proof and is decided by the caller, who knows whether he accepts an empty beginning.
 */
export function verifyConsistency(
  hash: Sha256,
  { size1, size2, root1, root2 }: ConsistencyClaim,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(size1) || !isSize(size2) || size1 === 0 || size1 > size2 || !areHashes([root1, root2, ...proof]))
    return false
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2)
  let at = skipRights({ node: size1 - 1, last: size2 - 1 })
  // Nothing left of the first tree: its root is the first hash, and stands not in the proof.
  const [start, ...rest] = at.node === 0 ? [root1, ...proof] : proof
  if (start === undefined) return false
  let [first, second] = [start, start]
  for (const sibling of rest) {
    if (at.last === 0) return false
    if (isRightOrLast(at)) {
      first = nodeHash(hash, sibling, first)
      second = nodeHash(hash, sibling, second)
    } else {
      second = nodeHash(hash, second, sibling)
    }
    at = climb(at)
  }
  return at.last === 0 && equalBytes(first, root1) && equalBytes(second, root2)
}

/** A node, beside the last node of its row ("fn" and "sn" of RFC 9162). */
interface Step {
  readonly node: number
  readonly last: number
}

function isRightOrLast({ node, last }: Step): boolean {
  return node % 2 === 1 || node === last
}

/** One row up; a last node without sibling has risen unchanged, so its rows are passed at once. */
function climb(step: Step): Step {
  let at = step
  if (isRightOrLast(at)) while (at.node % 2 === 0 && at.node !== 0) at = rowUp(at)
  return rowUp(at)
}

/** Up to the largest perfect subtree that ends with this node. */
function skipRights(step: Step): Step {
  let at = step
  while (at.node % 2 === 1) at = rowUp(at)
  return at
}

function rowUp({ node, last }: Step): Step {
  return { node: Math.floor(node / 2), last: Math.floor(last / 2) }
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashBytes)
}
