import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../test/strangers/sample-log.ts'
import { nodeHash, rootOf, type NodeId } from './merkle.ts'
import { buildProof, planConsistency, planInclusion, verifyConsistency, verifyInclusion } from './proofs.ts'
import { someLeaves, withFlippedBit } from './test/reference.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'

const leaves = someLeaves(sha256, 400)
const roots = leaves.map((_, at) => rootOf(sha256, leaves.slice(0, at + 1)))
const emptyRoot = rootOf(sha256, [])
const sizes = fc.integer({ min: 1, max: leaves.length })

function rootAt(size: number): Uint8Array {
  return roots[size - 1] ?? emptyRoot
}

async function readNodes(nodes: readonly NodeId[]): Promise<readonly Uint8Array[]> {
  return nodes.map(({ level, index }) => rootOf(sha256, leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)))
}

/** Vectors spell an absent hash or list as null, and hashes of other lengths as they are. */
interface Case {
  readonly leafIdx: number
  readonly treeSize: number
  readonly leafHash: string | null
  readonly root: string | null
  readonly size1: number
  readonly size2: number
  readonly root1: string | null
  readonly root2: string | null
  readonly proof: readonly (string | null)[] | null
  readonly wantErr: boolean
  readonly desc: string
}

function bytesOf(text: string | null): Uint8Array {
  return Buffer.from(text ?? '', 'base64')
}

/** Some cases compare placeholders as if they were roots; roots have 32 bytes here, so they are hashed to that first. */
function rootLike(text: string | null): Uint8Array {
  const bytes = bytesOf(text)
  return bytes.length === 32 || bytes.length === 0 ? bytes : sha256(bytes)
}

test('verifyInclusion() decides all 98 published cases as published', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const files = globSync('rfc6962-merkle/inclusion/**/*.json', { cwd: folder })
  assert.equal(files.length, 98)
  for (const file of files) {
    const one: Case = readJson<Case>(folder, file)
    const { leafIdx, treeSize, leafHash, root, proof, wantErr, desc } = one
    const claim = { index: leafIdx, size: treeSize, leaf: bytesOf(leafHash), root: bytesOf(root) }
    assert.equal(verifyInclusion(sha256, claim, (proof ?? []).map(bytesOf)), !wantErr, `${file}: ${desc}`)
  }
})

test('verifyConsistency() decides all 98 published cases as published', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const files = globSync('rfc6962-merkle/consistency/**/*.json', { cwd: folder })
  assert.equal(files.length, 98)
  for (const file of files) {
    const one: Case = readJson<Case>(folder, file)
    const { size1, size2, root1, root2, proof, wantErr, desc } = one
    const claim = { size1, size2, root1: rootLike(root1), root2: rootLike(root2) }
    assert.equal(verifyConsistency(sha256, claim, (proof ?? []).map(bytesOf)), !wantErr, `${file}: ${desc}`)
  }
})

test('buildProof() proves every leaf of every tree to 40', async () => {
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const proof = await buildProof(sha256, planInclusion(index, size), readNodes)
      assert.ok(verifyInclusion(sha256, { index, size, leaf: leaves[index] ?? emptyRoot, root: rootAt(size) }, proof))
    }
  }
})

test('buildProof() proves every growth to 40', async () => {
  for (let size2 = 1; size2 <= 40; size2++) {
    for (let size1 = 1; size1 <= size2; size1++) {
      const proof = await buildProof(sha256, planConsistency(size1, size2), readNodes)
      assert.ok(verifyConsistency(sha256, { size1, size2, root1: rootAt(size1), root2: rootAt(size2) }, proof))
    }
  }
})

test('verifyInclusion() refuses every change of a claim or its proof', async () => {
  const cases = fc
    .tuple(sizes, fc.nat(), fc.nat(), fc.nat(3))
    .map(([size, at, bit, what]) => ({ size, index: at % size, bit, what }))
  await fc.assert(
    fc.asyncProperty(cases, async ({ size, index, bit, what }) => {
      const proof = await buildProof(sha256, planInclusion(index, size), readNodes)
      const claim = { index, size, leaf: leaves[index] ?? emptyRoot, root: rootAt(size) }
      assert.ok(verifyInclusion(sha256, claim, proof))
      const { change, hashes } = changeOf(claim, proof, { bit, what })
      assert.ok(!verifyInclusion(sha256, { ...claim, ...change }, hashes))
      assert.ok(!verifyInclusion(sha256, claim, [...proof, emptyRoot]))
      if (proof.length > 0) assert.ok(!verifyInclusion(sha256, claim, proof.slice(0, -1)))
    }),
  )
})

function changeOf(
  { index, leaf, root }: { index: number; leaf: Uint8Array; root: Uint8Array },
  proof: readonly Uint8Array[],
  { bit, what }: { bit: number; what: number },
): { change: object; hashes: readonly Uint8Array[] } {
  if (what === 0) return { change: { leaf: withFlippedBit(leaf, bit) }, hashes: proof }
  if (what === 1) return { change: { root: withFlippedBit(root, bit) }, hashes: proof }
  // Another index of the same depth leads along another path.
  if (what === 2 || proof.length === 0)
    return { change: { index: index ^ 1 }, hashes: proof.length === 0 ? [leaf] : proof }
  const at = bit % proof.length
  return { change: {}, hashes: proof.with(at, withFlippedBit(proof[at] ?? leaf, bit)) }
}

test('verifyConsistency() refuses every change of a claim or its proof', async () => {
  const cases = fc
    .tuple(sizes, sizes, fc.nat(), fc.boolean())
    .map(([a, b, bit, first]) => ({ size1: Math.min(a, b), size2: Math.max(a, b), bit, first }))
  await fc.assert(
    fc.asyncProperty(cases, async ({ size1, size2, bit, first }) => {
      const proof = await buildProof(sha256, planConsistency(size1, size2), readNodes)
      const claim = { size1, size2, root1: rootAt(size1), root2: rootAt(size2) }
      assert.ok(verifyConsistency(sha256, claim, proof))
      const change = first ? { root1: withFlippedBit(claim.root1, bit) } : { root2: withFlippedBit(claim.root2, bit) }
      assert.ok(!verifyConsistency(sha256, { ...claim, ...change }, proof))
      assert.ok(!verifyConsistency(sha256, claim, [...proof, emptyRoot]))
      const at = proof.length === 0 ? 0 : bit % proof.length
      if (proof.length > 0)
        assert.ok(!verifyConsistency(sha256, claim, proof.with(at, withFlippedBit(proof[at] ?? emptyRoot, bit))))
    }),
  )
})

test('verifyInclusion() and verifyConsistency() refuse a path above the top, though it leads to the root', async () => {
  for (const size of [1, 2, 5, 8]) {
    const above = nodeHash(sha256, emptyRoot, rootAt(size))
    const inclusion = await buildProof(sha256, planInclusion(size - 1, size), readNodes)
    const leaf = leaves[size - 1] ?? emptyRoot
    assert.ok(!verifyInclusion(sha256, { index: size - 1, size, leaf, root: above }, [...inclusion, emptyRoot]))
    const growth = await buildProof(sha256, planConsistency(size, size + 1), readNodes)
    const root2 = nodeHash(sha256, emptyRoot, rootAt(size + 1))
    const claim = { size1: size, size2: size + 1, root1: above, root2 }
    assert.ok(!verifyConsistency(sha256, claim, [...growth, emptyRoot]))
  }
})

test('verifyInclusion() and planInclusion() are exact at 2^53 - 1', () => {
  const size = Number.MAX_SAFE_INTEGER
  const index = size - 1
  const plan = planInclusion(index, size)
  const leaf = leaves[0] ?? emptyRoot
  const proof = plan.map((_, at) => leaves[at + 1] ?? emptyRoot)
  // The last leaf of a tree with all bits set is folded from the right edge: every hash of the proof stands left of it.
  const root = proof.reduce((right, left) => sha256(Buffer.concat([Uint8Array.of(1), left, right])), leaf)
  assert.equal(plan.length, 52)
  assert.ok(verifyInclusion(sha256, { index, size, leaf, root }, proof))
  assert.ok(!verifyInclusion(sha256, { index: index - 1, size, leaf, root }, proof))
  assert.ok(!verifyInclusion(sha256, { index, size: size + 1, leaf, root }, proof))
})

test('planConsistency() has no plan from size 0, which the caller decides', () => {
  assert.throws(() => planConsistency(0, 5), { code: 'out_of_range' })
  assert.equal(verifyConsistency(sha256, { size1: 0, size2: 5, root1: emptyRoot, root2: rootAt(5) }, []), false)
})

test('planInclusion() refuses a leaf that is not in the tree', () => {
  assert.throws(() => planInclusion(5, 5), { code: 'out_of_range' })
  assert.throws(() => planInclusion(-1, 5), { code: 'out_of_range' })
  assert.throws(() => planInclusion(0.5, 5), { code: 'out_of_range' })
})
