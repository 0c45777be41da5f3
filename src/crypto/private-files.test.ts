import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { hasCode } from '../core/mod.ts'
import { ensurePrivateDir, loadOrCreateKeyFile, writeFileAtomic } from './private-files.ts'

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'crypto-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

/** Refused with the code, the path and a word of the remedy. */
function refuses(path: string, remedy: RegExp, act: () => unknown): void {
  assert.throws(act, (error) => {
    assert.ok(hasCode(error, 'data_folder_unusable') && error instanceof Error)
    assert.ok(error.message.includes(path))
    assert.match(error.message, remedy)
    return true
  })
}

test('writeFileAtomic() replaces the whole file, sets its mode and leaves nothing else', (t) => {
  const dir = folder(t)
  const path = join(dir, 'rules')
  writeFileAtomic(path, Buffer.from('a longer first content'), 0o644)
  assert.equal(modeOf(path), 0o644)
  writeFileAtomic(path, Buffer.from('second'), 0o600)
  assert.equal(readFileSync(path, 'utf8'), 'second')
  assert.equal(modeOf(path), 0o600)
  assert.deepEqual(readdirSync(dir), ['rules'])
})

test('writeFileAtomic() leaves the old file and no temporary one when it fails', (t) => {
  const dir = folder(t)
  const path = join(dir, 'taken')
  mkdirSync(path)
  refuses(path, /cannot be written/, () => writeFileAtomic(path, Buffer.from('x'), 0o600))
  refuses(join(dir, 'no', 'file'), /cannot be written/, () =>
    writeFileAtomic(join(dir, 'no', 'file'), Buffer.from('x'), 0o600),
  )
  assert.deepEqual(readdirSync(dir), ['taken'])
})

test('loadOrCreateKeyFile() creates a secret once and gives the same one from then on', (t) => {
  const path = join(folder(t), 'pepper')
  const secret = loadOrCreateKeyFile(path, { bytes: 32 })
  assert.equal(secret.length, 32)
  assert.equal(secret.buffer.byteLength, 32)
  assert.equal(modeOf(path), 0o600)
  assert.deepEqual(loadOrCreateKeyFile(path, { bytes: 32 }), secret)
  assert.notDeepEqual(loadOrCreateKeyFile(`${path}2`, { bytes: 32 }), secret)
})

test('loadOrCreateKeyFile() gives all who create at the same time one secret', async (t) => {
  const dir = folder(t)
  const rounds = 30
  const turns = new Int32Array(new SharedArrayBuffer(4))
  // Each worker is a little later than the one before, and the more so the later the round: all orders of their steps occur.
  const program = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { loadOrCreateKeyFile } from '${new URL('private-files.ts', import.meta.url).href}'
    const { turns, dir, worker, rounds } = workerData
    const secrets = []
    for (let round = 1; round <= rounds; round++) {
      Atomics.add(turns, 0, 1)
      const deadline = performance.now() + 10_000
      while (Atomics.load(turns, 0) < round * 3 && performance.now() < deadline);
      const start = performance.now() + worker * round * 0.05
      while (performance.now() < start);
      secrets.push(Buffer.from(loadOrCreateKeyFile(dir + '/' + round, { bytes: 32 })).toString('hex'))
    }
    parentPort.postMessage(secrets)`
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
  const workers = [0, 1, 2].map((worker) => new Worker(url, { workerData: { turns, dir, worker, rounds } }))
  const answers = await Promise.all(workers.map((worker) => once(worker, 'message')))
  const kept = Array.from({ length: rounds }, (_, i) => readFileSync(join(dir, String(i + 1)), 'hex'))
  for (const [secrets] of answers) assert.deepEqual(secrets, kept)
  await Promise.all(workers.map((worker) => worker.terminate()))
})

test('loadOrCreateKeyFile() refuses a secret that others may read', (t) => {
  const path = join(folder(t), 'pepper')
  loadOrCreateKeyFile(path, { bytes: 32 })
  for (const mode of [0o640, 0o604, 0o644, 0o620]) {
    chmodSync(path, mode)
    refuses(path, /chmod 600/, () => loadOrCreateKeyFile(path, { bytes: 32 }))
  }
})

test('loadOrCreateKeyFile() refuses a secret of another size and never replaces it', (t) => {
  const path = join(folder(t), 'pepper')
  writeFileSync(path, 'short', { mode: 0o600 })
  refuses(path, /must hold 32 bytes, holds 5/, () => loadOrCreateKeyFile(path, { bytes: 32 }))
  assert.equal(readFileSync(path, 'utf8'), 'short')
})

test('loadOrCreateKeyFile() follows no link and reads no folder', (t) => {
  const dir = folder(t)
  writeFileSync(join(dir, 'elsewhere'), 'x'.repeat(32), { mode: 0o600 })
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'pepper'))
  refuses(join(dir, 'pepper'), /plain file/, () => loadOrCreateKeyFile(join(dir, 'pepper'), { bytes: 32 }))
  mkdirSync(join(dir, 'folder'), { mode: 0o700 })
  refuses(join(dir, 'folder'), /plain file/, () => loadOrCreateKeyFile(join(dir, 'folder'), { bytes: 32 }))
})

test('ensurePrivateDir() makes the folder with those above it, for its owner alone, and takes it again', (t) => {
  const path = join(folder(t), 'a', 'b')
  ensurePrivateDir(path)
  ensurePrivateDir(path)
  assert.equal(modeOf(path), 0o700)
})

test('ensurePrivateDir() closes an empty folder and refuses an open one that holds something', (t) => {
  const path = folder(t)
  chmodSync(path, 0o755)
  ensurePrivateDir(path)
  assert.equal(modeOf(path), 0o700)
  writeFileSync(join(path, 'file'), '')
  chmodSync(path, 0o755)
  refuses(path, /chmod 700/, () => ensurePrivateDir(path))
})

test('ensurePrivateDir() refuses a file in the place of the folder', (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, '')
  refuses(path, /cannot be made/, () => ensurePrivateDir(path))
})
