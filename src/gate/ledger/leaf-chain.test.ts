import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../crypto/mod.ts'
import { leafHash } from '../../tlog/mod.ts'
import { LeafChain, leavesInBlock, nextLink, noLink } from './leaf-chain.ts'
import { allocateLeafHeads, LeafHeadWriter, readLeafHead } from './leaf-head.ts'

test('add() chains the leaves by bundles, from any size on', () => {
  fc.assert(
    fc.property(fc.nat(600), fc.integer({ min: 1, max: 700 }), (from, count) => {
      const chain = new LeafChain(from)
      let link = noLink
      let leaves: Uint8Array[] = []
      for (let seq = from; seq < from + count; seq++) {
        const entry = [seq & 255, seq >> 8]
        leaves.push(leafHash(sha256, Uint8Array.from(entry)))
        if ((seq + 1) % 256 === 0) {
          link = nextLink(link, Buffer.concat(leaves))
          leaves = []
        }
        const bytes = Buffer.from([7, 9, ...entry, 11])
        chain.add(bytes, 2, entry.length)
        assert.deepEqual([bytes[0], bytes[1], bytes.at(-1)], [7, 9, 11], 'the bytes around it are left as they were')
      }
      assert.equal(chain.size, from + count)
      assert.equal(leavesInBlock(from, chain.size), leaves.length)
      assert.deepEqual(Buffer.from(chain.block), Buffer.concat([link, ...leaves]))
    }),
    { numRuns: 40 },
  )
})

test('readLeafHead() gives what was published, null before the first file', () => {
  const heads = allocateLeafHeads(2)
  const empty = { size: 0, start: { size: 0, peaks: [] }, link: noLink, leaves: Buffer.alloc(0), file: null }
  assert.deepEqual(readLeafHead(heads, 1), empty)
  const start = { size: 7, peaks: [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) }
  const chain = new LeafChain(7)
  for (let i = 0; i < 4; i++) chain.add(Buffer.from([0, i]), 1, 1)
  const file = { firstSeq: 0, inode: 12 }
  new LeafHeadWriter(heads, 1, start).publish({ size: 11, block: chain.block, file })
  assert.deepEqual(readLeafHead(heads, 1), {
    size: 11,
    start,
    link: noLink,
    leaves: Buffer.from(chain.block.subarray(32)),
    file,
  })
  assert.deepEqual(readLeafHead(heads, 0), empty)
})

test('readLeafHead() never mixes two publications of another thread', { timeout: 30_000 }, async () => {
  const heads = allocateLeafHeads(1)
  const source = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ LeafHeadWriter }) => {
      const writer = new LeafHeadWriter(workerData.heads, 0, { size: 0, peaks: [] })
      for (let byte = 0; Atomics.load(workerData.stop, 0) === 0; byte = (byte + 1) % 250) {
        writer.publish({ size: 2 ** 20 - 1, block: Buffer.alloc(256 * 32, byte), file: { firstSeq: byte, inode: byte } })
      }
    })`
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(source, {
    eval: true,
    workerData: { module: new URL('leaf-head.ts', import.meta.url).href, heads, stop },
  })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  let seen = 0
  while (seen < 2000) {
    const { file, link, leaves } = readLeafHead(heads, 0)
    if (file === null) await new Promise((resolve) => setTimeout(resolve, 1))
    else {
      seen++
      assert.equal(file.inode, file.firstSeq)
      assert.equal(leaves.length, 255 * 32)
      for (const byte of [...link, ...leaves]) assert.ok(byte === file.firstSeq)
    }
  }
  Atomics.store(stop, 0, 1)
  await ended
})
