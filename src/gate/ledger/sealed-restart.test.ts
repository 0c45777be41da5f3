import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { GatehouseError } from '../../core/mod.ts'
import { walDirOf } from './files.ts'
import { openLedgerReader } from './mod.ts'
import { keyFoldersOf } from './seal/ledger-keys.ts'
import { openByHand } from './test/hand-ledger.ts'
import { eventOf, eventsOf, idOf, memoryDir, temporaryDir } from './test/support.ts'

/** One start of a gate that writes events and ends without a word. */
async function run(
  dir: string,
  events: readonly { readonly count: number; readonly consumerId: string | null }[],
): Promise<void> {
  using ledger = openByHand({ dir })
  for (const { count, consumerId } of events) {
    ledger.log.append(eventOf('request', idOf(1, count), { consumerId, path: `/${count}` }))
    await ledger.commit()
  }
}

const idsOf = (dir: string): string[] => eventsOf(openLedgerReader(dir)).map(({ id }) => id)
const newestIn = (dir: string): string => join(dir, readdirSync(dir).sort().at(-1) ?? '')

test('after restarts every record can be read, whichever start and whichever key it was sealed in', async () => {
  using folder = temporaryDir(memoryDir)
  const consumers = [null, 'acme', 'other']
  for (let start = 0; start < 3; start++)
    await run(
      folder.dir,
      Array.from({ length: 20 }, (_, i) => ({ count: start * 20 + i, consumerId: consumers[i % 3] ?? null })),
    )
  assert.deepEqual(
    idsOf(folder.dir),
    Array.from({ length: 60 }, (_, i) => idOf(1, i)),
  )
  assert.equal(readdirSync(keyFoldersOf(folder.dir).store).length, 3)
})

test('a crash between the row of a key and the record that needs it leaves a key without records, and nothing else', async () => {
  using folder = temporaryDir(memoryDir)
  await run(folder.dir, [
    { count: 0, consumerId: null },
    { count: 1, consumerId: 'acme' },
  ])
  const wal = newestIn(walDirOf(folder.dir, 'access'))
  const bytes = readFileSync(wal)
  const last = bytes.lastIndexOf('GBAT')
  truncateSync(wal, last)
  assert.deepEqual(idsOf(folder.dir), [idOf(1, 0)])
  await run(folder.dir, [{ count: 2, consumerId: 'acme' }])
  assert.deepEqual(idsOf(folder.dir), [idOf(1, 0), idOf(1, 2)])
})

test('a record whose key is gone is told by its public part, and never as something else', async () => {
  using folder = temporaryDir(memoryDir)
  await run(folder.dir, [
    { count: 0, consumerId: null },
    { count: 1, consumerId: 'acme' },
  ])
  const rows = newestIn(keyFoldersOf(folder.dir).store)
  truncateSync(rows, statSync(rows).size - 1)
  const [kept, gone] = eventsOf(openLedgerReader(folder.dir))
  assert.equal(kept?.id, idOf(1, 0))
  assert.deepEqual([gone?.id, gone?.path, gone?.status, gone?.kind], ['', '', 200, 'request'])
  assert.ok(gone?.unknown.includes('path'))
})

test('without the root key a reader gives what is public, with another one it refuses', async () => {
  using folder = temporaryDir(memoryDir)
  await run(folder.dir, [{ count: 0, consumerId: null }])
  const rootFile = join(keyFoldersOf(folder.dir).keys, 'root')
  const saved = readFileSync(rootFile)
  rmSync(rootFile)
  assert.deepEqual(idsOf(folder.dir), [''])
  assert.throws(() => openByHand({ dir: folder.dir }), /root key .* is gone/)
  writeFileSync(rootFile, Buffer.alloc(32, 1), { mode: 0o600 })
  for (const open of [() => openLedgerReader(folder.dir), () => openByHand({ dir: folder.dir })])
    assert.throws(open, (error) => error instanceof GatehouseError && error.code === 'store_unreadable')
  writeFileSync(rootFile, saved, { mode: 0o600 })
  assert.deepEqual(idsOf(folder.dir), [idOf(1, 0)])
})

test('no caller’s text stands in the clear anywhere in the folders of ledger and keys', async () => {
  using folder = temporaryDir(memoryDir)
  {
    using ledger = openByHand({ dir: folder.dir })
    ledger.log.append(
      eventOf('request', 'canary-id', {
        path: '/canary-path',
        query: 'q=canary-query',
        userAgent: 'canary-agent',
        clientIp: '203.0.113.77',
        consumer: 'canary-consumer',
      }),
    )
    await ledger.commit()
  }
  const parent = join(folder.dir, '..')
  for (const entry of readdirSync(parent, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = readFileSync(join(entry.parentPath, entry.name))
    for (const canary of ['canary', '203.0.113.77']) assert.ok(!bytes.includes(canary), `${entry.name}: ${canary}`)
  }
})
