import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { signEd25519, verifyEd25519 } from '../../crypto/mod.ts'
import { type LogIdentity, openLogIdentity } from './log-identity.ts'
import { memoryDir, temporaryDir } from './test/support.ts'
import { logDirOf } from './tree-files.ts'

function open(dir: string, node = 'node-1'): LogIdentity {
  mkdirSync(logDirOf(dir, 'audit'), { recursive: true })
  return openLogIdentity(dir, 'audit', { node, keysDir: dir })
}

test('openLogIdentity() keeps name and key from the first start on, whatever the node is called later', () => {
  using folder = temporaryDir(memoryDir)
  const first = open(folder.dir)
  assert.equal(first.origin, 'node-1/gatehouse/audit')
  const again = open(folder.dir, 'node-2')
  assert.deepEqual([again.origin, again.key], [first.origin, first.key])
  const message = Buffer.from('x')
  assert.equal(verifyEd25519(first.key.publicKey, message, signEd25519(again.privateKey, message)), true)
  assert.equal(readFileSync(join(logDirOf(folder.dir, 'audit'), 'origin'), 'utf8'), 'node-1/gatehouse/audit\n')
  assert.equal(statSync(join(folder.dir, 'ledger-audit.key')).mode & 0o777, 0o600)
})

test('openLogIdentity() refuses a name that no signature can carry', () => {
  using folder = temporaryDir(memoryDir)
  assert.throws(() => open(folder.dir, 'my node'), { code: 'invalid_argument' })
})

test('openLogIdentity() makes no new key where one is gone or was exchanged', () => {
  using folder = temporaryDir(memoryDir)
  open(folder.dir)
  const keyPath = join(folder.dir, 'ledger-audit.key')
  const key = readFileSync(keyPath)
  rmSync(keyPath)
  assert.throws(() => open(folder.dir), { code: 'data_folder_unusable' })
  using other = temporaryDir(memoryDir)
  open(other.dir)
  writeFileSync(keyPath, readFileSync(join(other.dir, 'ledger-audit.key')), { mode: 0o600 })
  assert.throws(() => open(folder.dir), { code: 'ledger_corrupt' })
  writeFileSync(keyPath, key.subarray(0, -1))
  assert.throws(() => open(folder.dir), { code: 'data_folder_unusable' })
  writeFileSync(keyPath, key)
  open(folder.dir)
})
