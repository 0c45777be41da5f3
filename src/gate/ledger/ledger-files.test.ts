import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { sha256, verifyEd25519 } from '../../crypto/mod.ts'
import { leafHash, parseBundle, parseTlogProof, tileWidth, verifyTlogProof } from '../../tlog/mod.ts'
import { openLedgerFiles } from './ledger-files.ts'
import { entryOf, identityOf, openHandLog, verify } from './test/hand-log.ts'
import { memoryDir, temporaryDir } from './test/support.ts'
import { logDirOf } from './tree-files.ts'

/** The record at a place, as it stands in the log. */
function storedEntry(seq: number): Uint8Array {
  const entry = Buffer.from(entryOf(seq))
  entry.writeBigUInt64BE(7n, 12) // the time that the hand-written log gives
  return entry
}

test('read() serves every file of the tree that the checkpoint covers, and nothing beyond it', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  const files = openLedgerFiles(folder.dir)
  assert.equal(files.read('access', 'checkpoint'), null)
  assert.equal(files.read('access', 'tile/entries/000.p/1'), null)
  log.write(300)
  await log.keep()
  log.write(300)
  log.clock.nowMs += 1
  while (await log.keeper.turn());
  const read = (path: string): number => files.read('access', path)?.length ?? -1
  assert.ok(read('checkpoint') > 100)
  assert.ok(read('vkey') > 40)
  assert.deepEqual(
    [read('tile/0/000'), read('tile/0/000.p/9'), read('tile/1/000.p/1'), read('tile/0/001.p/44')],
    [8192, 9 * 32, 32, 44 * 32],
  )
  assert.deepEqual(
    [
      read('tile/0/001'),
      read('tile/0/001.p/45'),
      read('tile/entries/001'),
      read('tile/1/000'),
      read('tile/1/000.p/2'),
      read('tile/2/000.p/1'),
    ],
    [-1, -1, -1, -1, -1, -1],
  )
  for (const [path, first, count] of [
    ['tile/entries/000', 0, tileWidth],
    ['tile/entries/000.p/3', 0, 3],
    ['tile/entries/001.p/44', tileWidth, 44],
  ] as const) {
    const entries = parseBundle(files.read('access', path) ?? new Uint8Array(0), count)
    assert.deepEqual(
      entries.map((entry) => Buffer.from(entry)),
      Array.from({ length: count }, (_, at) => storedEntry(first + at)),
    )
  }
})

test('read() answers null for whatever is no path of a log', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(300)
  await log.keep()
  writeFileSync(join(logDirOf(folder.dir, 'access'), 'secret'), 'x')
  const files = openLedgerFiles(folder.dir)
  for (const path of [
    '',
    'secret',
    '../ledger-access.key',
    'wal/00000000000000000000.wal',
    'checkpoints.log',
    'tile/0/../0/000',
    'tile/0/0',
    'tile/64/000',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    '/checkpoint',
    'tile/entries/000.new',
  ])
    assert.equal(files.read('access', path), null, path)
  assert.equal(files.read('audit', 'checkpoint'), null)
})

test('proofOf() proves every record under the checkpoint, and no other', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  const files = openLedgerFiles(folder.dir)
  assert.equal(await files.proofOf('access', 0), null)
  log.write(700)
  await log.keep()
  const { key } = identityOf(folder.dir)
  for (const seq of [0, 1, 255, 256, 511, 512, 699]) {
    const proof = parseTlogProof(Buffer.from((await files.proofOf('access', seq)) ?? ''))
    assert.deepEqual(proof.extra, new Uint8Array(storedEntry(seq)))
    const trust = { hash: sha256, verify: verifyEd25519, keys: [key], origin: key.name }
    const { checkpoint } = await verifyTlogProof(proof, leafHash(sha256, storedEntry(seq)), trust)
    assert.deepEqual([checkpoint.size, proof.index], [700, seq])
    await assert.rejects(verifyTlogProof(proof, leafHash(sha256, storedEntry(seq + 1)), trust))
  }
  for (const seq of [700, -1, 0.5, Number.NaN]) assert.equal(await files.proofOf('access', seq), null)
})

test('what is served stays a log that verifies while it grows between two looks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }), async (batches) => {
      using folder = temporaryDir(memoryDir)
      using log = openHandLog(folder.dir)
      for (const count of batches) {
        log.write(count)
        await log.keep()
        const report = await verify(folder.dir)
        assert.deepEqual([report.verdict, report.entriesChecked], ['intact', log.size])
      }
    }),
    { numRuns: 15 },
  )
})
