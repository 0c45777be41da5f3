import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readJson, vectorsFolder } from './test/vectors.ts'
import { parseTilePath, tilePath } from './tile-path.ts'

interface PathVectors {
  readonly parse: readonly {
    level: string
    index: string
    err: boolean
    wantLevel: string
    wantIndex: string
    wantP: string
  }[]
  readonly format: readonly { level: number; index: number; p: number; path: string }[]
}

test('parseTilePath() decides the published cases as published, but for indices beyond 2^53 - 1, which it refuses', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  for (const { level, index, err, wantLevel, wantIndex, wantP } of readJson<PathVectors>(
    folder,
    'tlog-tiles/paths.json',
  ).parse) {
    const path = `tile/${level}/${index}`
    if (err || !Number.isSafeInteger(Number(wantIndex)))
      assert.throws(() => parseTilePath(path), { code: 'malformed' }, path)
    else
      assert.deepEqual(parseTilePath(path), {
        level: Number(wantLevel),
        index: Number(wantIndex),
        width: Number(wantP) || 256,
      })
  }
})

test('tilePath() writes the published paths', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  for (const { level, index, p, path } of readJson<PathVectors>(folder, 'tlog-tiles/paths.json').format) {
    assert.equal(tilePath({ level, index, width: p || 256 }), path)
  }
})

test('parseTilePath() is the inverse of tilePath()', () => {
  const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const))
  const index = fc.oneof(fc.nat(2000), fc.maxSafeNat())
  fc.assert(
    fc.property(level, index, fc.integer({ min: 1, max: 256 }), (atLevel, at, width) => {
      const address = { level: atLevel, index: at, width }
      assert.deepEqual(parseTilePath(tilePath(address)), address)
    }),
  )
})

test('parseTilePath() refuses every other spelling', () => {
  const wrong = [
    '',
    'tile/0/x1',
    'tile/0/1',
    'tile/0/x000/001',
    'tile/00/001',
    'tile/0/../001',
    'tile/0/001/',
    '/tile/0/001',
    'tile/0/001.p/0',
  ]
  wrong.push(
    'tile/0/001.p/256',
    'tile/0/001.p/01',
    'tile/0/001.p/-1',
    'tile/64/001',
    'tile/0/0001',
    'tile/0/001\n',
    'tile/Entries/001',
  )
  wrong.push(
    'tile/0/X001/002',
    'tile/0/x001/x002',
    'tile/0/٠٠١',
    'tile/data/001',
    'tile/0/x009/x007/x199/x254/x740/992',
  )
  for (const path of wrong) assert.throws(() => parseTilePath(path), { code: 'malformed' }, path)
})

test('tilePath() refuses what has no path', () => {
  for (const part of [
    { level: 64 },
    { level: -1 },
    { level: 0.5 },
    { index: -1 },
    { index: 2 ** 53 },
    { width: 0 },
    { width: 257 },
  ]) {
    assert.throws(() => tilePath({ level: 0, index: 0, width: 256, ...part }), { code: 'out_of_range' })
  }
})
