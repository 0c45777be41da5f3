import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { lastCheckpoint, openHandLog, verify } from '../test/hand-log.ts'
import { memoryDir, temporaryDir } from '../test/support.ts'
import {
  batchHeaderBytes,
  decodeBatchHeader,
  digestOf,
  noDigest,
  walHeaderBytes,
  walRecordsMax,
  writeBatchHeader,
} from '../wal-format.ts'

/** Every published file that does not depend on when something was signed. */
function treeOf(dir: string): Map<string, string> {
  const tile = join(dir, 'access', 'tile')
  const files = existsSync(tile) ? readdirSync(tile, { recursive: true, withFileTypes: true }) : []
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  return new Map(paths.toSorted().map((path) => [path.slice(dir.length), readFileSync(path, 'hex')]))
}

test('turn() publishes a log that a verifier finds intact, at every size around a tile', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  for (const count of [1, 254, 1, 1, 255, 1, 300]) {
    log.write(count)
    await log.keep()
    assert.equal(log.keeper.checkpoint?.size, log.size)
    const report = await verify(folder.dir)
    assert.deepEqual(
      [report.verdict, report.size, report.entriesChecked, report.faults],
      ['intact', log.size, log.size, []],
    )
  }
})

test('turn() publishes the same files however the records were split into batches and turns', async () => {
  const plan = fc.array(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(plan, async (turns) => {
      using split = temporaryDir(memoryDir)
      using whole = temporaryDir(memoryDir)
      using one = openHandLog(split.dir)
      for (const batches of turns) {
        one.write(...batches)
        await one.keep()
      }
      using other = openHandLog(whole.dir)
      other.write(one.size)
      await other.keep()
      assert.deepEqual(treeOf(split.dir), treeOf(whole.dir))
      assert.equal(one.keeper.checkpoint?.root, other.keeper.checkpoint?.root)
    }),
    { numRuns: 15 },
  )
})

test('turn() signs no more often than it should, and at once in the last turn', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir, { everyMs: 1000 })
  log.write(3)
  await log.keep()
  log.write(300)
  log.clock.nowMs += 999
  while (await log.keeper.turn());
  assert.equal(lastCheckpoint(folder.dir)?.size, 3)
  assert.ok(existsSync(join(folder.dir, 'access', 'tile', '0', '000')), 'bundles do not wait for the checkpoint')
  log.clock.nowMs += 1
  await log.keeper.turn()
  assert.equal(lastCheckpoint(folder.dir)?.size, 303)
  log.write(1)
  await log.keeper.turn({ isLast: true })
  assert.equal(lastCheckpoint(folder.dir)?.size, 304)
})

test('turn() puts an old checkpoint in its place anew', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(3)
  await log.keep()
  rmSync(join(folder.dir, 'access', 'checkpoint'))
  log.clock.nowMs += 599_000
  await log.keeper.turn()
  assert.equal(existsSync(join(folder.dir, 'access', 'checkpoint')), false)
  log.clock.nowMs += 1_000
  await log.keeper.turn()
  assert.equal(existsSync(join(folder.dir, 'access', 'checkpoint')), true)
})

test('a restart goes on with the same tree, whatever was written behind the last checkpoint', async () => {
  using folder = temporaryDir(memoryDir)
  const sizes = [10, 700, 256, 1]
  let size = 0
  for (const count of sizes) {
    using log = openHandLog(folder.dir)
    assert.equal(log.size, size)
    log.write(count)
    await log.keep()
    log.write(600) // bundles of these are written, and not signed
    log.clock.nowMs += 1
    while (await log.keeper.turn());
    size = log.size
  }
  // Whatever lies behind the checkpoint is written anew.
  writeFileSync(join(folder.dir, 'access', 'tile', '0', '011'), 'nonsense')
  using log = openHandLog(folder.dir)
  await log.keep()
  assert.equal(lastCheckpoint(folder.dir)?.size, size)
  assert.equal((await verify(folder.dir)).verdict, 'intact')
})

test('turn() deletes write-ahead files that are sealed, keeps the newest two, and records are read from bundles', async () => {
  using folder = temporaryDir(memoryDir)
  const walDir = join(folder.dir, 'access', 'wal')
  {
    using log = openHandLog(folder.dir)
    const batches = Array.from({ length: walRecordsMax / 4096 }, () => 4096)
    log.write(...batches, ...batches, ...batches)
    assert.equal(readdirSync(walDir).length, 3)
    while (await log.keeper.turn());
    assert.equal(readdirSync(walDir).length, 2)
    assert.equal(lastCheckpoint(folder.dir)?.size, 3 * walRecordsMax)
  }
  using log = openHandLog(folder.dir)
  log.write(10)
  await log.keep()
  const report = await verify(folder.dir)
  assert.deepEqual([report.verdict, report.entriesChecked], ['intact', 3 * walRecordsMax + 10])
})

const walOf = (dir: string): string => join(dir, 'access', 'wal', readdirSync(join(dir, 'access', 'wal'))[0] ?? '')

test('turn() refuses to sign when the records on disk are not those that the ledger hashed', async () => {
  using folder = temporaryDir(memoryDir)
  using other = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  using foreign = openHandLog(other.dir, { mark: 'y' })
  log.write(300)
  foreign.write(300)
  // The same file (inode) with other, sound batches in it.
  writeFileSync(walOf(folder.dir), readFileSync(walOf(other.dir)))
  await assert.rejects(log.keep(), { code: 'ledger_corrupt' })
  assert.equal(lastCheckpoint(folder.dir), null)
})

test('turn() refuses a record that was exchanged after it was hashed: in a full bundle, or behind the last one', async () => {
  for (const seq of [100, 255, 256, 600, 768, 799]) {
    using folder = temporaryDir(memoryDir)
    openHandLogWith(folder.dir, 100)
    using log = openHandLog(folder.dir)
    log.write(100, 1, 599)
    const bytes = readFileSync(walOf(folder.dir))
    bytes.write('N', bytes.indexOf(`"n":${seq},`) + 1)
    reseal(bytes)
    writeFileSync(walOf(folder.dir), bytes)
    await assert.rejects(log.keep(), { code: 'ledger_corrupt' }, `record ${seq}`)
    assert.equal(lastCheckpoint(folder.dir), null)
  }
})

test('turn() refuses a record that was exchanged between recovery and the first turn', async () => {
  using folder = temporaryDir(memoryDir)
  openHandLogWith(folder.dir, 300)
  using log = openHandLog(folder.dir)
  log.write(1)
  const bytes = readFileSync(walOf(folder.dir))
  bytes.write('N', bytes.indexOf('"n":280,') + 1)
  reseal(bytes)
  writeFileSync(walOf(folder.dir), bytes)
  await assert.rejects(log.keep(), { code: 'ledger_corrupt' })
})

/** Writes records and signs none of them. */
function openHandLogWith(dir: string, count: number): void {
  using log = openHandLog(dir)
  log.write(count)
}

/** Makes the batches of a file sound again, as somebody who can write it would. */
function reseal(file: Buffer): void {
  let prev = noDigest
  for (let at = walHeaderBytes; at < file.length;) {
    const header = decodeBatchHeader(file.subarray(at))
    if (header === null) return
    const batch = file.subarray(at, at + batchHeaderBytes + header.payloadBytes)
    writeBatchHeader(batch, { records: header.records, firstSeq: header.firstSeq, prev })
    prev = digestOf(batch)
    at += batch.length
  }
}

test('turn() notices that the open file is no longer the one at its path', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(3)
  await log.keep()
  const [name = ''] = readdirSync(join(folder.dir, 'access', 'wal'))
  const path = join(folder.dir, 'access', 'wal', name)
  cpSync(path, `${path}.copy`)
  renameSync(`${path}.copy`, path)
  await assert.rejects(
    log.keeper.turn(),
    (error: Error & { code?: string }) => error.code === 'ledger_corrupt' && error.message.includes(path),
  )
})

test('turn() tries again after a write that failed, and publishes the same', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(700)
  mkdirSync(join(folder.dir, 'access', 'tile', '0', '001.new'), { recursive: true }) // no file can be made where a folder is
  await assert.rejects(log.keep())
  assert.equal(log.keeper.mayTryAgain, true)
  assert.equal(lastCheckpoint(folder.dir), null)
  rmSync(join(folder.dir, 'access', 'tile', '0', '001.new'), { recursive: true })
  await log.keep()
  assert.equal(log.keeper.checkpoint?.size, 700)
  assert.equal((await verify(folder.dir)).verdict, 'intact')
})

test('turn() ends for good when checkpoints.log was changed under it', async () => {
  for (const change of ['longer', 'shorter', 'edited', 'replaced', 'gone'] as const) {
    using folder = temporaryDir(memoryDir)
    using log = openHandLog(folder.dir)
    log.write(3)
    await log.keep()
    log.write(1)
    await log.keep()
    const path = join(folder.dir, 'access', 'checkpoints.log')
    const bytes = readFileSync(path)
    const middle = bytes.length - 20
    if (change === 'longer') writeFileSync(path, Buffer.concat([bytes, Buffer.of(1)]))
    if (change === 'shorter') writeFileSync(path, bytes.subarray(0, bytes.length / 2))
    if (change === 'edited') writeFileSync(path, bytes.with(middle, (bytes[middle] ?? 0) ^ 1))
    if (change === 'gone' || change === 'replaced') rmSync(path)
    if (change === 'replaced') writeFileSync(path, bytes)
    log.write(1)
    await assert.rejects(log.keep(), { code: 'ledger_corrupt' }, change)
    assert.equal(log.keeper.mayTryAgain, false)
  }
})
