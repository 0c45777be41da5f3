import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../test/strangers/sample-log.ts'
import { coveringNodes, rootOf } from './merkle.ts'
import { buildProof, planConsistency, planInclusion, verifyConsistency, verifyInclusion } from './proofs.ts'
import { someLeaves } from './test/reference.ts'
import { parseTilePath, tilePath } from './tile-path.ts'
import { emptyEdge, growTiles, partialTiles, splitTile, tileHashReader, tileWidthIn, type TileReader } from './tiles.ts'

/** Just over a full tile of the first level would be 65,536 leaves; hashes need not be real for that. */
const leaves = someLeaves(sha256, 1500)

function storeOf(size: number): Map<string, Uint8Array> {
  const { edge, full } = growTiles(sha256, emptyEdge(), leaves.slice(0, size))
  return new Map([...full, ...partialTiles(edge)].map(({ address, bytes }) => [tilePath(address), bytes]))
}

function readerOf(store: ReadonlyMap<string, Uint8Array>): TileReader {
  return async (address) => store.get(tilePath(address)) ?? null
}

test('growTiles() writes the hashes that the specification defines', () => {
  for (const [path, bytes] of storeOf(1500)) {
    const { level, index, width } = parseTilePath(path)
    const each = 256 ** Number(level)
    for (const [at, hash] of splitTile(bytes, width).entries()) {
      const begin = (index * 256 + at) * each
      assert.deepEqual(hash, rootOf(sha256, leaves.slice(begin, begin + each)))
    }
  }
})

test('growTiles() writes the same tiles however the leaves are split', () => {
  const cuts = fc
    .array(fc.integer({ min: 0, max: 700 }), { maxLength: 6 })
    .map((list) => [...list, 700].toSorted((a, b) => a - b))
  fc.assert(
    fc.property(cuts, (ends) => {
      let edge = emptyEdge()
      const store = new Map<string, Uint8Array>()
      for (const end of ends) {
        const grown = growTiles(sha256, edge, leaves.slice(edge.size, end))
        for (const { address, bytes } of grown.full) store.set(tilePath(address), bytes)
        edge = grown.edge
      }
      for (const { address, bytes } of partialTiles(edge)) store.set(tilePath(address), bytes)
      assert.deepEqual(store, storeOf(700))
    }),
    { numRuns: 30 },
  )
})

test('growTiles() fills three levels', () => {
  const one = sha256(new Uint8Array(1))
  const { edge, full } = growTiles(
    sha256,
    emptyEdge(),
    Array.from({ length: 65_536 + 300 }, () => one),
  )
  assert.equal(full.filter(({ address }) => address.level === 0).length, 257)
  assert.deepEqual(
    full.filter(({ address }) => address.level === 1).map(({ address }) => tilePath(address)),
    ['tile/1/000'],
  )
  assert.deepEqual(
    partialTiles(edge).map(({ address }) => tilePath(address)),
    ['tile/0/257.p/44', 'tile/1/001.p/1', 'tile/2/000.p/1'],
  )
})

test('tileWidthIn() gives the widths of the example in the specification', () => {
  const widths = [
    { level: 0, index: 272 },
    { level: 0, index: 273 },
    { level: 0, index: 274 },
    { level: 1, index: 0 },
    { level: 1, index: 1 },
    { level: 2, index: 0 },
    { level: 3, index: 0 },
  ].map((address) => tileWidthIn(70_000, address))
  assert.deepEqual(widths, [256, 112, 0, 256, 17, 1, 0])
})

test('tileHashReader() finds every node of the tree', async () => {
  const size = 1400
  const read = tileHashReader(sha256, size, readerOf(storeOf(size)))
  for (const [begin, end] of [
    [0, 1400],
    [3, 1399],
    [255, 257],
    [511, 1024],
  ] as const) {
    const nodes = coveringNodes(begin, end)
    const expected = nodes.map(({ level, index }) =>
      rootOf(sha256, leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
    )
    assert.deepEqual(await read(nodes), expected)
  }
})

test('tileHashReader() serves proofs', async () => {
  const root2 = rootOf(sha256, leaves)
  const read = tileHashReader(sha256, 1500, readerOf(storeOf(1500)))
  for (const at of [1, 255, 256, 257, 1023, 1499]) {
    const root1 = rootOf(sha256, leaves.slice(0, at))
    const growth = await buildProof(sha256, planConsistency(at, 1500), read)
    assert.ok(verifyConsistency(sha256, { size1: at, size2: 1500, root1, root2 }, growth))
    const inclusion = await buildProof(sha256, planInclusion(at, 1500), read)
    assert.ok(verifyInclusion(sha256, { index: at, size: 1500, leaf: leaves[at] ?? root1, root: root2 }, inclusion))
  }
})

test('tileHashReader() takes a full tile where the partial one is gone', async () => {
  const store = storeOf(1500)
  assert.equal(store.has('tile/0/003.p/232'), false)
  assert.deepEqual(await tileHashReader(sha256, 1000, readerOf(store))([{ level: 0, index: 999 }]), [leaves[999]])
})

test('tileHashReader() says which tile is missing, and refuses one of another length', async () => {
  const node = { level: 0, index: 300 }
  await assert.rejects(tileHashReader(sha256, 700, async () => null)([node]), { code: 'tile_missing' })
  await assert.rejects(tileHashReader(sha256, 700, async () => new Uint8Array(8191))([node]), { code: 'malformed' })
  await assert.rejects(tileHashReader(sha256, 300, async () => null)([node]), { code: 'out_of_range' })
})
