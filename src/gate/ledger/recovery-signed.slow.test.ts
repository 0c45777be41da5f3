import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { checkpointLogOf, readCheckpointLogEnd } from './checkpoint-log.ts'
import { recoveryDirOf, writeOpenMark } from './files.ts'
import { recoverLog } from './recovery.ts'
import { identityOf, lastCheckpoint, openHandLog, verify } from './test/hand-log.ts'
import { memoryDir, temporaryDir } from './test/support.ts'
import { logDirOf } from './tree-files.ts'
import { walRecordsMax } from './wal-format.ts'

/** A log of so many records, signed after each of the given batches, and closed. */
async function makeLog(dir: string, batches: readonly number[], more: { mark?: string } = {}): Promise<void> {
  using log = openHandLog(dir, more)
  for (const count of batches) {
    log.write(count)
    await log.keep()
  }
}

function recover(dir: string): ReturnType<typeof recoverLog> {
  return recoverLog(dir, 'access', identityOf(dir).key)
}

const inLog = (dir: string, ...path: string[]): string => join(logDirOf(dir, 'access'), ...path)

function walPath(dir: string): string {
  return inLog(dir, 'wal', readdirSync(inLog(dir, 'wal')).toSorted().at(-1) ?? '')
}

function flip(path: string, at: number, bit = 0): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  writeFileSync(path, bytes)
}

const refused = (why: RegExp) => (error: Error & { code?: string }) =>
  error.code === 'ledger_corrupt' && why.test(error.message)

test('recoverLog() goes on with the tree of the last checkpoint and what follows it', async () => {
  for (const size of [1, 255, 256, 257, 600]) {
    using folder = temporaryDir(memoryDir)
    await makeLog(folder.dir, [size])
    using whole = temporaryDir(memoryDir)
    {
      using log = openHandLog(folder.dir)
      log.write(300)
      using other = openHandLog(whole.dir)
      other.write(size + 300)
    }
    assert.deepEqual(recover(folder.dir).position.peaks, recover(whole.dir).position.peaks)
  }
})

test('a byte that is flipped anywhere under a checkpoint is found by recovery or by the scrub', async () => {
  using original = temporaryDir(memoryDir)
  await makeLog(original.dir, [200, 100, 270])
  const files = [
    'checkpoint',
    'checkpoints.log',
    'origin',
    'vkey',
    'tile/entries/000',
    'tile/entries/001',
    'tile/0/000',
    'tile/0/001',
    `wal/${readdirSync(inLog(original.dir, 'wal'))[0] ?? ''}`,
  ]
  const soundBytes = (file: string): number =>
    file.startsWith('wal/') ? recover(original.dir).position.offset : statSync(inLog(original.dir, file)).size
  const bytesOf = new Map(files.map((file) => [file, soundBytes(file)]))
  // Line ends of the one-line files, and the reserved bytes of the file header, hold nothing.
  const isIdle = (file: string, at: number): boolean =>
    (file === 'origin' || file === 'vkey') && at + 1 === bytesOf.get(file)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat(7),
      async (file, place, bit) => {
        const at = Math.floor(place * (bytesOf.get(file) ?? 0))
        fc.pre(!isIdle(file, at))
        using folder = temporaryDir(memoryDir)
        cpSync(original.dir, folder.dir, { recursive: true })
        flip(inLog(folder.dir, file), at, bit)
        let found: string
        try {
          recover(folder.dir)
          found = (await verify(folder.dir)).verdict
        } catch (error) {
          found = (error as { code?: string }).code ?? String(error)
        }
        assert.ok(['tampered', 'ledger_corrupt'].includes(found), `bit ${bit} of byte ${at} of ${file}: ${found}`)
      },
    ),
    { numRuns: 120 },
  )
})

test('recoverLog() refuses records that differ from the signed ones though every checksum is right', async () => {
  for (const size of [100, 300]) {
    using folder = temporaryDir(memoryDir)
    using other = temporaryDir(memoryDir)
    await makeLog(folder.dir, [size])
    await makeLog(other.dir, [size], { mark: 'y' })
    cpSync(walPath(other.dir), walPath(folder.dir))
    assert.throws(
      () => recover(folder.dir),
      refused(
        size < 256 ? /do not have the root that was signed/ : /record 0 is not the one that the tree was built over/,
      ),
    )
  }
})

test('recoverLog() refuses a log that ends before its checkpoint, and cuts nothing of it', async () => {
  using folder = temporaryDir(memoryDir)
  await makeLog(folder.dir, [40, 3])
  const path = walPath(folder.dir)
  const whole = readFileSync(path)
  const end = recover(folder.dir).position.offset
  truncateSync(path, end - 1)
  const cut = readFileSync(path)
  assert.throws(
    () => recover(folder.dir),
    refused(/it ends before record 40, but a checkpoint of 43 records was signed/),
  )
  assert.deepEqual(readFileSync(path), cut)
  rmSync(path)
  assert.throws(() => recover(folder.dir), refused(/it ends before record 0, but a checkpoint of 43/))
  writeFileSync(path, whole)
  recover(folder.dir)
})

test('recoverLog() cuts a torn batch behind the checkpoint', async () => {
  using folder = temporaryDir(memoryDir)
  await makeLog(folder.dir, [40])
  {
    using log = openHandLog(folder.dir)
    log.write(3)
  }
  const end = recover(folder.dir).position.offset
  truncateSync(walPath(folder.dir), end - 1)
  const { position, notices } = recover(folder.dir)
  assert.deepEqual([position.nextSeq, notices.length], [40, 1])
})

test('recoverLog() refuses a missing or cut tile of the edge, and names every one', async () => {
  using folder = temporaryDir(memoryDir)
  await makeLog(folder.dir, [700])
  rmSync(inLog(folder.dir, 'tile/0/000'))
  truncateSync(inLog(folder.dir, 'tile/0/001'), 100)
  assert.throws(() => recover(folder.dir), refused(/tile\/0\/000 at offset 0: .*tile\/0\/001 at offset 0: /))
})

test('recoverLog() refuses a ledger that was set back behind a checkpoint that was shown', async () => {
  using folder = temporaryDir(memoryDir)
  using older = temporaryDir(memoryDir)
  await makeLog(folder.dir, [40])
  cpSync(folder.dir, older.dir, { recursive: true })
  await makeLog(folder.dir, [3])
  cpSync(inLog(folder.dir, 'checkpoint'), inLog(older.dir, 'checkpoint'))
  assert.throws(() => recover(older.dir), refused(/it is of 43 records, but 40 were the last .* set back/))
})

test('recoverLog() refuses a checkpoint of another root, or by another key', async () => {
  using folder = temporaryDir(memoryDir)
  using foreign = temporaryDir(memoryDir)
  await makeLog(folder.dir, [40])
  await makeLog(foreign.dir, [40], { mark: 'y' })
  for (const file of ['checkpoint', 'checkpoints.log']) {
    using copy = temporaryDir(memoryDir)
    cpSync(folder.dir, copy.dir, { recursive: true })
    cpSync(inLog(foreign.dir, file), inLog(copy.dir, file))
    assert.throws(() => recover(copy.dir), refused(/has not signed it/), file)
  }
})

test('a crash at any byte of an entry of checkpoints.log is cut, kept, and never leaves two roots for one size', async () => {
  using original = temporaryDir(memoryDir)
  await makeLog(original.dir, [5])
  using before = temporaryDir(memoryDir)
  cpSync(original.dir, before.dir, { recursive: true })
  await makeLog(original.dir, [3])
  const whole = readFileSync(checkpointLogOf(logDirOf(original.dir, 'access')))
  const { lastAt } = readCheckpointLogEnd(logDirOf(original.dir, 'access'), identityOf(original.dir).key)
  for (let bytes = lastAt; bytes <= whole.length; bytes += 7) {
    using folder = temporaryDir(memoryDir)
    cpSync(original.dir, folder.dir, { recursive: true })
    // The crash came before the checkpoint was shown.
    cpSync(inLog(before.dir, 'checkpoint'), inLog(folder.dir, 'checkpoint'))
    truncateSync(checkpointLogOf(logDirOf(folder.dir, 'access')), bytes)
    using log = openHandLog(folder.dir)
    assert.equal(log.recovered.notices.length, bytes === lastAt || bytes === whole.length ? 0 : 1)
    assert.equal(readdirSync(logDirOf(folder.dir, 'access')).includes('recovery'), log.recovered.notices.length > 0)
    await log.keep()
    assert.equal(lastCheckpoint(folder.dir)?.size, 8)
    log.write(2)
    await log.keep()
    assert.equal((await verify(folder.dir)).verdict, 'intact')
  }
  assert.ok(recoveryDirOf(original.dir, 'access').length > 0)
})

test('a checkpoint that was recorded and not shown is shown at the next start', async () => {
  using folder = temporaryDir(memoryDir)
  await makeLog(folder.dir, [5])
  const shown = readFileSync(inLog(folder.dir, 'checkpoint'))
  rmSync(inLog(folder.dir, 'checkpoint'))
  using log = openHandLog(folder.dir)
  assert.deepEqual(readFileSync(inLog(log.dir, 'checkpoint')), shown)
})

test('recoverLog() reads sealed files no more, and finds the begun answers of the mark in bundles', async () => {
  using folder = temporaryDir(memoryDir)
  const file = Array.from({ length: walRecordsMax / 4096 }, () => 4096)
  {
    using log = openHandLog(folder.dir)
    log.write(...file, ...file, ...file, 10)
    await log.keep()
    assert.equal(readdirSync(inLog(folder.dir, 'wal')).length, 2)
  }
  writeOpenMark(folder.dir, 'access', { at: 3 * walRecordsMax, open: [5, walRecordsMax + 9] })
  const { position, open } = recover(folder.dir)
  assert.equal(position.nextSeq, 3 * walRecordsMax + 10)
  assert.deepEqual(open, []) // none of these records begins an answer; that they are read is seen by their bundle's check
  flip(inLog(folder.dir, 'tile/entries/000'), 400)
  assert.throws(() => recover(folder.dir), refused(/tile\/entries\/000 at offset/))
})
