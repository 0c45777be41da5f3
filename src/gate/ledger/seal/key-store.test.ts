import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { wrapKey } from '../../../crypto/mod.ts'
import { root } from '../test/sealing.ts'
import { memoryDir, temporaryDir } from '../test/support.ts'
import { encodeRow, rowFileHeaderBytes, rowFileName } from './key-rows.ts'
import { openKeyStore, openWritableKeyStore, type KeyStore } from './key-store.ts'
import { deriveRootKeys } from './root-keys.ts'

const secretOf = (start: number, count: number): Buffer => Buffer.alloc(32, start * 16 + count)
const rowOf = (start: number, count: number): Buffer =>
  encodeRow({
    maker: start * 256 + 2,
    count,
    month: 202611,
    wrapped: wrapKey(root.wrapping, secretOf(start, count)),
    subject: `s${count}`,
  })
const has = (store: KeyStore, start: number, count: number): boolean =>
  store.find({ maker: start * 256 + 2, count }) !== null

/** Three starts with three rows each. */
function filled(dir: string): void {
  for (let start = 1; start <= 3; start++) {
    const { path } = openWritableKeyStore({ dir, root })
    for (let count = 0; count < 3; count++) appendFileSync(path, rowOf(start, count))
  }
}

test('a restart finds the keys of all starts before it, and counts on', () => {
  using folder = temporaryDir(memoryDir)
  filled(folder.dir)
  const store = openWritableKeyStore({ dir: folder.dir, root })
  assert.equal(store.start, 4)
  for (let start = 1; start <= 3; start++)
    for (let count = 0; count < 4; count++) assert.equal(has(store, start, count), count < 3, `${start}/${count}`)
  assert.equal(has(store, 9, 0), false)
  for (const name of readdirSync(folder.dir)) assert.equal(statSync(join(folder.dir, name)).mode & 0o777, 0o600)
})

test('a store that is open sees the rows that are written meanwhile, and starts that come after it', () => {
  using folder = temporaryDir(memoryDir)
  const writer = openWritableKeyStore({ dir: folder.dir, root })
  const reader = openKeyStore({ dir: folder.dir, root })
  for (let count = 0; count < 3; count++) {
    assert.equal(has(reader, 1, count), false)
    appendFileSync(writer.path, rowOf(1, count))
    assert.ok(has(reader, 1, count) && has(writer, 1, count))
  }
  const next = openWritableKeyStore({ dir: folder.dir, root })
  appendFileSync(next.path, rowOf(2, 0))
  assert.ok(has(reader, 2, 0))
})

test('a last row that a crash cut off is dropped, wherever it was cut, and the rows before it are kept', () => {
  using folder = temporaryDir(memoryDir)
  filled(folder.dir)
  const path = join(folder.dir, rowFileName(3))
  const saved = `${folder.dir}-saved`
  copyFileSync(path, saved)
  const whole = statSync(path).size
  const last = rowOf(3, 2).length
  for (let cut = 1; cut <= last; cut++) {
    rmSync(join(folder.dir, rowFileName(4)), { force: true })
    copyFileSync(saved, path)
    truncateSync(path, whole - cut)
    const store = openWritableKeyStore({ dir: folder.dir, root })
    assert.ok(has(store, 3, 1) && has(store, 1, 2))
    assert.equal(has(store, 3, 2), false)
    assert.equal(statSync(path).size, whole - last)
  }
})

test('damage before a whole row is refused, with its place', () => {
  using folder = temporaryDir(memoryDir)
  filled(folder.dir)
  const path = join(folder.dir, rowFileName(2))
  const whole = readFileSync(path)
  const second = rowFileHeaderBytes + rowOf(2, 0).length
  for (let at = second; at < second + rowOf(2, 1).length; at++) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 4
    writeFileSync(path, bytes)
    assert.throws(
      () => openKeyStore({ dir: folder.dir, root }),
      (error: Error & { code?: string }) =>
        error.code === 'store_unreadable' && error.message.includes(path) && error.message.includes(`at ${second}`),
    )
  }
})

test('another root key is refused before anything is read with it, and says what to do', () => {
  using folder = temporaryDir(memoryDir)
  filled(folder.dir)
  const other = deriveRootKeys(Buffer.alloc(32, 8))
  for (const open of [openKeyStore, openWritableKeyStore])
    assert.throws(() => open({ dir: folder.dir, root: other }), {
      code: 'store_unreadable',
      message: /another root key: restore keys\/root/,
    })
  assert.equal(openWritableKeyStore({ dir: folder.dir, root }).start, 4)
})

test('a row that was wrapped under another key, or changed with its checksum, is refused when it is used', () => {
  using folder = temporaryDir(memoryDir)
  const { path } = openWritableKeyStore({ dir: folder.dir, root })
  const wrapped = wrapKey(Buffer.alloc(32, 1), secretOf(1, 0))
  appendFileSync(path, encodeRow({ maker: 258, count: 0, month: 202611, wrapped, subject: 's' }))
  const store = openKeyStore({ dir: folder.dir, root })
  assert.throws(() => has(store, 1, 0), { code: 'store_unreadable' })
})

test('a file that was only begun is no obstacle', () => {
  using folder = temporaryDir(memoryDir)
  filled(folder.dir)
  for (const bytes of [0, 1, 63, 64]) {
    rmSync(join(folder.dir, rowFileName(5)), { force: true })
    writeFileSync(join(folder.dir, rowFileName(4)), Buffer.alloc(bytes), { mode: 0o600 })
    const store = openWritableKeyStore({ dir: folder.dir, root })
    assert.equal(store.start, 5)
    assert.ok(has(store, 3, 2))
  }
})
