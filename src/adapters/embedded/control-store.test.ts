import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  changeOf,
  controlStoreConformance,
  sampleConsumer,
  sampleCredential,
  samplePolicy,
} from '../../../test/conformance/control-store.ts'
import { hasCode } from '../../core/mod.ts'
import { openEmbeddedControlStore } from './control-store.ts'
import { sampleSealer } from './test/sample-sealer.ts'

function folder(): Disposable & { readonly path: string } {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-control-'))
  return { path: join(dir, 'control.db'), [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

controlStoreConformance('openEmbeddedControlStore()', async () => {
  const { path, [Symbol.dispose]: remove } = folder()
  const store = openEmbeddedControlStore(path, sampleSealer)
  return {
    store,
    reopen: async () => openEmbeddedControlStore(path, sampleSealer),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      remove()
    },
  }
})

test('openEmbeddedControlStore() lets nobody else read the database or its journal', async () => {
  using at = folder()
  writeFileSync(at.path, '', { mode: 0o644 })
  await using store = openEmbeddedControlStore(at.path, sampleSealer)
  await store.commit(changeOf(1, { consumers: [sampleConsumer('acme')] }))
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(at.path + suffix).mode & 0o777, 0o600, suffix)
})

test('openEmbeddedControlStore() shows no name, hint, setting, event or document in its files', async () => {
  using at = folder()
  await using store = openEmbeddedControlStore(at.path, sampleSealer)
  const acme = sampleConsumer('canary-consumer', { id: 'c-1' })
  const event = { kind: 'key.created', atMs: 1, actor: 'canary-actor', details: { id: 'canary-event' } } as const
  await store.commit(
    changeOf(1, {
      policy: { ...samplePolicy, trustedHops: ['203.0.113.99/32'] },
      consumers: [acme],
      credentials: [sampleCredential('c1', acme, { hint: 'canary-hint', scopes: ['canary:scope'] })],
    }),
    [event],
  )
  await store.putSetting('name', 'canary-setting')
  await store.putDocuments([{ collection: 'incidents', id: '1', value: { who: 'canary-document' } }], [event])
  for (const suffix of ['', '-wal']) {
    const bytes = readFileSync(at.path + suffix)
    for (const secret of ['canary', '203.0.113.99']) assert.ok(!bytes.includes(secret), `${secret} in ${suffix}`)
  }
})

test('openEmbeddedControlStore() keeps a write-ahead log', async () => {
  using at = folder()
  await using store = openEmbeddedControlStore(at.path, sampleSealer)
  await store.commit(changeOf(1))
  using other = new DatabaseSync(at.path)
  assert.deepEqual({ ...other.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
  assert.ok(statSync(`${at.path}-wal`).size > 0)
})

test('openEmbeddedControlStore() refuses a database of a newer version, of another program, and what is none', () => {
  using newer = folder()
  void openEmbeddedControlStore(newer.path, sampleSealer)[Symbol.asyncDispose]()
  using database = new DatabaseSync(newer.path)
  database.exec('PRAGMA user_version = 99')
  using foreign = folder()
  using stranger = new DatabaseSync(foreign.path)
  stranger.exec('CREATE TABLE things (id INTEGER)')
  using noise = folder()
  writeFileSync(noise.path, 'not a database, and long enough to be looked at '.repeat(100))
  for (const [path, why] of [
    [newer.path, /newer version/],
    [foreign.path, /another program/],
    [noise.path, /not a database/],
    ['/nonexistent/control.db', /ENOENT/],
  ] as const) {
    assert.throws(
      () => openEmbeddedControlStore(path, sampleSealer),
      (error: Error) => hasCode(error, 'store_unreadable') && why.test(error.message),
    )
  }
})

test('openEmbeddedControlStore() gives a store of its own release to a second process, whose old revision then loses', async () => {
  using at = folder()
  await using one = openEmbeddedControlStore(at.path, sampleSealer)
  await using two = openEmbeddedControlStore(at.path, sampleSealer)
  await one.commit(changeOf(1, { consumers: [sampleConsumer('one')] }))
  await assert.rejects(two.commit(changeOf(1, { consumers: [sampleConsumer('two')] })), (error) =>
    hasCode(error, 'conflict'),
  )
  assert.deepEqual(await two.load(), await one.load())
})

test(
  'openEmbeddedControlStore() loses no acknowledged change and keeps no half of one when its process is killed',
  { timeout: 60_000 },
  async () => {
    using at = folder()
    for (let round = 0; round < 3; round++) {
      const writer = spawn(
        process.execPath,
        [fileURLToPath(new URL('./test/commit-forever.ts', import.meta.url)), at.path],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let output = ''
      writer.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
        if (output.split('\n').length > 30) writer.kill('SIGKILL')
      })
      await once(writer, 'close')
      const acknowledged = Number(output.split('\n').slice(0, -1).at(-1))
      await using store = openEmbeddedControlStore(at.path, sampleSealer)
      const { revision, consumers, credentials } = await store.load()
      assert.ok(revision >= acknowledged && acknowledged > 0, `${revision} kept of ${acknowledged}`)
      assert.equal(consumers.length, revision)
      assert.equal(credentials.length, revision)
      using database = new DatabaseSync(at.path, { readOnly: true })
      assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    }
  },
)
