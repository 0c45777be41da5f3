import assert from 'node:assert/strict'
import test from 'node:test'
import { createRandomPool } from './random-pool.ts'

test('copy() uses each random byte once', () => {
  let fills = 0
  const pool = createRandomPool((block) => {
    fills++
    for (let i = 0; i + 4 <= block.length; i += 4) block.writeUInt32BE(fills * 100_000 + i, i)
  })
  const target = Buffer.alloc(24)
  const seen = new Set<number>()
  for (let draw = 0; draw < 3000; draw++) {
    pool.copy(target, 4, 16)
    for (let at = 4; at < 20; at += 4) {
      assert.ok(!seen.has(target.readUInt32BE(at)))
      seen.add(target.readUInt32BE(at))
    }
  }
  assert.ok(fills > 1)
  assert.deepEqual([target.readUInt32BE(0), target.readUInt32BE(20)], [0, 0])
})

test('copy() throws where the target has no room', () => {
  assert.throws(() => createRandomPool().copy(Buffer.alloc(8), 0, 16))
})
