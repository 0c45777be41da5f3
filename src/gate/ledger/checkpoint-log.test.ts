import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import test from 'node:test'
import { sha256, signEd25519 } from '../../crypto/mod.ts'
import { formatCheckpoint, formatNote, noteMessage, noteSignature } from '../../tlog/mod.ts'
import {
  CheckpointLog,
  checkpointLogOf,
  readCheckpointLogEnd,
  sampleCheckpoints,
  type SignedState,
} from './checkpoint-log.ts'
import type { LogIdentity } from './log-identity.ts'
import { identityOf } from './test/hand-log.ts'
import { memoryDir, temporaryDir } from './test/support.ts'
import { logDirOf } from './tree-files.ts'

function state({ key, privateKey }: LogIdentity, size: number, root = `root ${size}`): SignedState {
  const hash = sha256(Buffer.from(root))
  const text = formatCheckpoint({ origin: key.name, size, root: hash, extensions: [] })
  const note = formatNote(text, [noteSignature(key, signEd25519(privateKey, noteMessage(text)))])
  return { size, root: hash, note: Buffer.from(note) }
}

test('append() is read again, by the end of the file alone however long it is', () => {
  using folder = temporaryDir(memoryDir)
  const identity = identityOf(folder.dir)
  const logDir = logDirOf(folder.dir, 'access')
  const start = readCheckpointLogEnd(logDir, identity.key)
  assert.deepEqual(start, { last: null, lastAt: 0, end: 0, tornEnd: null })
  using log = new CheckpointLog(logDir, start)
  let size = 0
  for (const target of [1, 2, 7000]) {
    while (size < target) log.append(state(identity, ++size))
    const end = readCheckpointLogEnd(logDir, identity.key)
    assert.deepEqual([end.last?.size, end.end, end.tornEnd], [size, statSync(checkpointLogOf(logDir)).size, null])
    assert.deepEqual(end.last?.note, log.last?.note)
  }
  assert.ok(statSync(checkpointLogOf(logDir)).size > 1_100_000)
  const sample = sampleCheckpoints(logDir, identity.key)
  assert.deepEqual(sample.at(0), state(identity, 1).note)
  assert.deepEqual(sample.at(-1), state(identity, 7000).note)
})

test('append() takes no smaller size, and no other root for the same size', () => {
  using folder = temporaryDir(memoryDir)
  const identity = identityOf(folder.dir)
  const logDir = logDirOf(folder.dir, 'access')
  using log = new CheckpointLog(logDir, readCheckpointLogEnd(logDir, identity.key))
  log.append(state(identity, 9))
  const before = readFileSync(checkpointLogOf(logDir))
  assert.throws(() => log.append(state(identity, 8)), { code: 'ledger_corrupt' })
  assert.throws(() => log.append(state(identity, 9, 'another')), { code: 'ledger_corrupt' })
  assert.deepEqual(readFileSync(checkpointLogOf(logDir)), before)
  log.append(state(identity, 9))
  log.append(state(identity, 10))
})

test('readCheckpointLogEnd() refuses entries that contradict each other, and damage before a later entry', () => {
  using folder = temporaryDir(memoryDir)
  const identity = identityOf(folder.dir)
  const logDir = logDirOf(folder.dir, 'access')
  mkdirSync(logDir, { recursive: true })
  const entryOf = (size: number, root?: string): Buffer => {
    using other = temporaryDir(memoryDir)
    mkdirSync(other.dir, { recursive: true })
    using log = new CheckpointLog(other.dir, { last: null, lastAt: 0, end: 0, tornEnd: null })
    log.append(state(identity, size, root))
    return readFileSync(checkpointLogOf(other.dir))
  }
  const path = checkpointLogOf(logDir)
  appendFileSync(path, entryOf(5))
  appendFileSync(path, entryOf(5, 'another'))
  assert.throws(
    () => readCheckpointLogEnd(logDir, identity.key),
    (error: Error) => /at offset \d+: .* that it contradicts/.test(error.message),
  )
  using damaged = temporaryDir(memoryDir)
  mkdirSync(damaged.dir, { recursive: true })
  const second = entryOf(6)
  second[30] = (second[30] ?? 0) ^ 1
  appendFileSync(checkpointLogOf(damaged.dir), Buffer.concat([entryOf(5), second, entryOf(7)]))
  assert.throws(() => readCheckpointLogEnd(damaged.dir, identity.key), { code: 'ledger_corrupt' })
})
