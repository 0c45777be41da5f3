import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../test/strangers/sample-log.ts'
import {
  appendLeaf,
  decodeRange,
  emptyRange,
  encodeRange,
  mergeRanges,
  rangeRoot,
  type CompactRange,
} from './compact-range.ts'
import { coveringNodes, leafHash, nodeHash, rootOf } from './merkle.ts'
import { decodeHex, encodeHex } from './text.ts'
import { definedRoot, someLeaves } from './test/reference.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'

const leaves = someLeaves(sha256, 600)
const sizes = fc.integer({ min: 0, max: 600 })

test('rootOf() gives the published roots and inner nodes', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const constants = readJson<{
    leaf_inputs_hex: string[]
    root_hashes_hex_by_size: string[]
    node_hashes_level_order_hex: string[]
  }>(folder, 'rfc6962-merkle/tree-constants.json')
  const inputs = constants.leaf_inputs_hex.map((input) => leafHash(sha256, decodeHex(input)))
  const roots = constants.root_hashes_hex_by_size.map((_, size) => encodeHex(rootOf(sha256, inputs.slice(0, size))))
  assert.deepEqual(roots, constants.root_hashes_hex_by_size)
  const rows = [inputs, pairs(inputs), pairs(pairs(inputs)), pairs(pairs(pairs(inputs)))]
  assert.deepEqual(rows.flat().map(encodeHex), constants.node_hashes_level_order_hex)
})

function pairs(row: readonly Uint8Array[]): readonly Uint8Array[] {
  return row.flatMap((left, at) => (at % 2 === 0 ? [nodeHash(sha256, left, row[at + 1] ?? left)] : []))
}

test('rootOf() is the tree hash that RFC 6962 defines, for every size to 70', () => {
  for (let size = 0; size <= 70; size++) {
    assert.deepEqual(rootOf(sha256, leaves.slice(0, size)), definedRoot(sha256, leaves.slice(0, size)))
  }
})

test('coveringNodes() covers every range without gaps by the fewest subtrees', () => {
  const ends = fc.oneof(sizes, fc.integer({ min: 2 ** 53 - 700, max: 2 ** 53 - 1 }), fc.maxSafeNat())
  fc.assert(
    fc.property(ends, ends, (a, b) => {
      const [begin, end] = [Math.min(a, b), Math.max(a, b)]
      let at = begin
      const nodes = coveringNodes(begin, end)
      for (const [place, { level, index }] of nodes.entries()) {
        assert.equal(index * 2 ** level, at)
        assert.ok(Number.isSafeInteger(index))
        const left = nodes[place - 1]
        assert.ok(left?.level !== level || index % 2 === 0, 'siblings are one node')
        at += 2 ** level
      }
      assert.equal(at, end)
    }),
  )
})

function grow(from: number, to: number): CompactRange {
  return leaves.slice(from, to).reduce((range, leaf) => appendLeaf(sha256, range, leaf), emptyRange(from))
}

test('appendLeaf() and mergeRanges() give the same range for every way to split the leaves', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 2, maxLength: 5 }), (cuts) => {
      const [begin = 0, ...ends] = cuts.toSorted((a, b) => a - b)
      const end = ends.at(-1) ?? begin
      let merged = emptyRange(begin)
      for (const cut of ends) merged = mergeRanges(sha256, merged, grow(merged.end, cut))
      assert.deepEqual(merged, grow(begin, end))
      assert.deepEqual(
        merged.nodes.map(({ level, index }) => ({ level, index })),
        coveringNodes(begin, end),
      )
      assert.deepEqual(decodeRange(encodeRange(merged)), merged)
    }),
    { numRuns: 50 },
  )
})

test('rangeRoot() is the root of the leaves so far', () => {
  let range = emptyRange()
  for (const [size, leaf] of leaves.slice(0, 260).entries()) {
    assert.deepEqual(rangeRoot(sha256, range), rootOf(sha256, leaves.slice(0, size)))
    range = appendLeaf(sha256, range, leaf)
  }
})

test('decodeRange() refuses every other length and order', () => {
  const bytes = encodeRange(leaves.slice(0, 77).reduce((range, leaf) => appendLeaf(sha256, range, leaf), emptyRange()))
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decodeRange(bytes.subarray(0, length)), { code: 'malformed' })
  assert.throws(() => decodeRange(Buffer.concat([bytes, Buffer.alloc(32)])), { code: 'malformed' })
  assert.throws(() => decodeRange(Buffer.from(`${'00'.repeat(7)}02${'00'.repeat(7)}01`, 'hex')), { code: 'malformed' })
  assert.throws(() => decodeRange(Buffer.from(`${'00'.repeat(8)}${'ff'.repeat(8)}`, 'hex')), { code: 'malformed' })
})

test('mergeRanges() and rangeRoot() refuse ranges that do not fit', () => {
  assert.throws(() => mergeRanges(sha256, emptyRange(3), emptyRange(4)), { code: 'out_of_range' })
  assert.throws(() => rangeRoot(sha256, emptyRange(3)), { code: 'out_of_range' })
})
