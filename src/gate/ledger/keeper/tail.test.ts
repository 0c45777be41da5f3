import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../../crypto/mod.ts'
import { emptyEdge, encodeBundle, growTiles, leafHash, rootOf, tileWidth } from '../../../tlog/mod.ts'
import { hashEntries, rootOfTile, tileOfBundle } from './hash-entries.ts'
import { Tail } from './tail.ts'

const entry = fc.uint8Array({ maxLength: 600 })

function latin1(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1')
}

test('hashEntries() gives the leaves that tlog gives, and leaves the bytes as they were', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const bytes = Buffer.from(encodeBundle(entries))
      const before = Buffer.from(bytes)
      const leaves: string[] = []
      const end = hashEntries(bytes, { from: 0, count: entries.length }, (leaf) => leaves.push(leaf))
      assert.equal(end, bytes.length)
      assert.deepEqual(
        leaves,
        entries.map((one) => latin1(leafHash(sha256, one))),
      )
      assert.deepEqual(bytes, before)
    }),
  )
})

test('hashEntries() answers null for entries that are cut off', () => {
  const bytes = Buffer.from(encodeBundle([Buffer.from('one'), Buffer.from('two')]))
  for (let end = 0; end < bytes.length; end++)
    assert.equal(
      hashEntries(Buffer.from(bytes.subarray(0, end)), { from: 0, count: 2 }, () => {}),
      null,
    )
})

test('tileOfBundle() and rootOfTile() make what tlog makes of a full bundle, and nothing of any other', () => {
  const entries = Array.from({ length: tileWidth }, (_, at) => Buffer.alloc(at * 3, at))
  const bundle = Buffer.from(encodeBundle(entries))
  const leaves = entries.map((one) => leafHash(sha256, one))
  const [expected] = growTiles(sha256, emptyEdge(), leaves).full
  const tile = tileOfBundle(bundle)
  assert.deepEqual(tile, Buffer.from(expected?.bytes ?? []))
  assert.deepEqual(rootOfTile(tile ?? Buffer.alloc(0)), Buffer.from(rootOf(sha256, leaves)))
  assert.equal(tileOfBundle(bundle.subarray(0, -1)), null)
  assert.equal(tileOfBundle(Buffer.concat([bundle, Buffer.of(0, 0)])), null)
})

test('a tail gives the bundles of its entries in order, however they came, and hashes what is left', () => {
  const batches = fc.array(fc.array(entry, { minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(batches, fc.nat(5), (plan, repeated) => {
      const tail = new Tail()
      const all = plan.flat()
      const bundles: Buffer[] = []
      let before: readonly Uint8Array[] = []
      for (const batch of plan) {
        // A batch may begin with entries that are there already.
        const skipped = before.slice(-repeated)
        const payload = Buffer.from(encodeBundle([...skipped, ...batch]))
        tail.append(payload, { skip: skipped.length, entries: skipped.length + batch.length })
        before = batch
        const some = Math.min(tail.entries, 200)
        if (tail.hashed.length < some) tail.leaves(some)
        for (let bundle = tail.bundle(); bundle !== null; bundle = tail.bundle()) {
          bundles.push(Buffer.from(bundle))
          tail.dropBundle(bundle)
        }
      }
      const full = Math.floor(all.length / tileWidth)
      assert.equal(bundles.length, full)
      for (const [at, bundle] of bundles.entries())
        assert.deepEqual(bundle, Buffer.from(encodeBundle(all.slice(at * tileWidth, (at + 1) * tileWidth))))
      assert.deepEqual(
        tail.leaves(tail.entries),
        all.slice(full * tileWidth).map((one) => latin1(leafHash(sha256, one))),
      )
    }),
    { numRuns: 40 },
  )
})
