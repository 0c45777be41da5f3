import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Policy } from '../core/mod.ts'
import { openAtRest } from '../crypto/mod.ts'
import { openSnapshotFile } from './snapshot-file.ts'

const policy = { apis: [] as Policy['apis'], issuers: [] as Policy['issuers'], roles: null } as Policy
const snapshot = { revision: 7, policy, consumers: [], credentials: [], networks: [] }

test('write() that fails fails its callers, and none after them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'snapshot-'))
  const file = openSnapshotFile(dir, openAtRest(new Uint8Array(32)).sealer('snapshot'))
  mkdirSync(join(dir, 'snapshot'))
  await assert.rejects(file.write(snapshot), { code: 'data_folder_unusable' })
  rmdirSync(join(dir, 'snapshot'))
  await file.write(snapshot)
  assert.deepEqual(file.read(), snapshot)
  rmSync(dir, { recursive: true })
})
