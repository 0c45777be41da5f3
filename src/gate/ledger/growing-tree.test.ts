import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../crypto/mod.ts'
import { appendLeaf, emptyRange, leafHash } from '../../tlog/mod.ts'
import { GrowingTree } from './growing-tree.ts'
import { allocateTreeHeads, readTreeHead, TreeHeadWriter } from './tree-head.ts'

test('add() grows the same tree as the compact range of tlog, from any size on', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 40 }),
      (from, entries) => {
        let range = emptyRange()
        for (let i = 0; i < from; i++) range = appendLeaf(sha256, range, leafHash(sha256, Uint8Array.of(i & 255)))
        const tree = new GrowingTree(
          from,
          range.nodes.map((node) => node.hash),
        )
        for (const entry of entries) {
          range = appendLeaf(sha256, range, leafHash(sha256, entry))
          const bytes = Buffer.from([7, 9, ...entry, 11])
          tree.add(bytes, 2, entry.length)
          assert.deepEqual([bytes[0], bytes[1], bytes.at(-1)], [7, 9, 11], 'the bytes around it are left as they were')
        }
        assert.equal(tree.size, range.end)
        assert.deepEqual(
          tree.peaks.map((peak) => Buffer.from(peak, 'latin1')),
          range.nodes.map((node) => Buffer.from(node.hash)),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('readTreeHead() gives what was published, null before the first file', () => {
  const heads = allocateTreeHeads(2)
  assert.deepEqual(readTreeHead(heads, 1), { size: 0, peaks: [], file: null })
  const peaks = [1, 2, 3].map((byte) => Buffer.alloc(32, byte))
  new TreeHeadWriter(heads, 1).publish({
    size: 7,
    peaks: peaks.map((peak) => peak.toString('latin1')),
    file: { firstSeq: 0, inode: 12 },
  })
  assert.deepEqual(readTreeHead(heads, 1), { size: 7, peaks, file: { firstSeq: 0, inode: 12 } })
  assert.equal(readTreeHead(heads, 0).size, 0)
})

test('readTreeHead() never mixes two publications of another thread', { timeout: 30_000 }, async () => {
  const heads = allocateTreeHeads(1)
  const source = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ TreeHeadWriter }) => {
      const writer = new TreeHeadWriter(workerData.heads, 0)
      for (let byte = 0; Atomics.load(workerData.stop, 0) === 0; byte = (byte + 1) % 250) {
        writer.publish({ size: 2 ** 20 - 1, peaks: Array(20).fill(String.fromCharCode(byte).repeat(32)), file: { firstSeq: byte, inode: byte } })
      }
    })`
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(source, {
    eval: true,
    workerData: { module: new URL('tree-head.ts', import.meta.url).href, heads, stop },
  })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  let seen = 0
  while (seen < 2000) {
    const { file, peaks } = readTreeHead(heads, 0)
    if (file === null) await new Promise((resolve) => setTimeout(resolve, 1))
    else {
      seen++
      assert.equal(file.inode, file.firstSeq)
      for (const peak of peaks) assert.ok(peak.every((byte) => byte === file.firstSeq))
    }
  }
  Atomics.store(stop, 0, 1)
  await ended
})
