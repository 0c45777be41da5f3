import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import type { AccessEvent, LedgerRecord } from '../../core/mod.ts'
import { openEmbeddedRequestIndex } from './request-index.ts'

function folder(): Disposable & { readonly path: string } {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-index-'))
  return { path: join(dir, 'index.db'), [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

const idOf = (request: number): string => createHash('sha256').update(String(request)).digest('hex').slice(0, 32)

function recordOf(seq: number, request: number, kind: AccessEvent['kind'] = 'request'): LedgerRecord {
  const bytes = Buffer.from(JSON.stringify({ kind, status: 200, id: idOf(request), path: '/"id":"x' }))
  return { seq, recordedAtUs: seq, bytes }
}

const records = (from: number, to: number): LedgerRecord[] =>
  Array.from({ length: to - from }, (_, at) => recordOf(from + at, from + at))

const none = { opened: [], ended: [], amended: [] }

test('find() knows every record of a request, held in memory or written, and nothing of others', async () => {
  using at = folder()
  await using index = openEmbeddedRequestIndex(at.path, { segmentRecords: 10 })
  await index.follow([recordOf(0, 7, 'opened'), ...records(1, 25), recordOf(25, 7), recordOf(26, 7, 'amended')])
  assert.deepEqual(await index.find(idOf(7)), { opened: [0], ended: [7, 25], amended: [26] })
  assert.deepEqual(await index.find(idOf(20)), { ...none, ended: [20] })
  assert.deepEqual(await index.find(idOf(1000)), none)
})

test('the cursor is durable with whole segments, and a batch that comes again changes nothing', async () => {
  using at = folder()
  {
    await using index = openEmbeddedRequestIndex(at.path, { segmentRecords: 10 })
    await index.follow(records(0, 25))
    assert.equal(await index.cursor(), 25)
  }
  await using again = openEmbeddedRequestIndex(at.path, { segmentRecords: 10 })
  assert.equal(await again.cursor(), 20)
  assert.deepEqual(await again.find(idOf(22)), none)
  await again.follow(records(5, 30))
  assert.deepEqual(await again.find(idOf(9)), { ...none, ended: [9] })
  assert.deepEqual(await again.find(idOf(22)), { ...none, ended: [22] })
})

test('the index keeps at least as many records as it was told, and drops the oldest beyond', async () => {
  using at = folder()
  await using index = openEmbeddedRequestIndex(at.path, { segmentRecords: 10, recordsMax: 30 })
  await index.follow(records(0, 75))
  assert.deepEqual(await index.find(idOf(39)), none)
  for (const request of [40, 69, 74]) assert.deepEqual((await index.find(idOf(request))).ended, [request])
})

test('begin() starts anew on a log that is shorter than what was read of it', async () => {
  using at = folder()
  await using index = openEmbeddedRequestIndex(at.path, { segmentRecords: 10 })
  await index.follow(records(0, 25))
  index.begin(25)
  assert.equal(await index.cursor(), 25)
  index.begin(24)
  assert.equal(await index.cursor(), 0)
  for (const request of [3, 22]) assert.deepEqual(await index.find(idOf(request)), none)
})

test('follow() refuses a gap, and takes a record that names no request', async () => {
  using at = folder()
  await using index = openEmbeddedRequestIndex(at.path)
  await assert.rejects(index.follow(records(1, 2)), { code: 'link_broken' })
  await index.follow([{ seq: 0, recordedAtUs: 0, bytes: Buffer.from('{}') }])
  assert.equal(await index.cursor(), 1)
})

test('however batches and segments are cut, the same is found', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 17 }),
      async (requests, segmentRecords, batch) => {
        using at = folder()
        await using index = openEmbeddedRequestIndex(at.path, { segmentRecords })
        const all = requests.map((request, seq) => recordOf(seq, request))
        for (let from = 0; from < all.length; from += batch) await index.follow(all.slice(from, from + batch))
        for (let request = 0; request <= 5; request++) {
          const expected = requests.flatMap((one, seq) => (one === request ? [seq] : []))
          assert.deepEqual((await index.find(idOf(request))).ended, expected)
        }
      },
    ),
    { numRuns: 25 },
  )
})

test('openEmbeddedRequestIndex() lets nobody else read its file, and refuses one that is no index', async () => {
  using at = folder()
  {
    await using index = openEmbeddedRequestIndex(at.path, { segmentRecords: 1 })
    await index.follow(records(0, 1))
    for (const suffix of ['', '-wal']) assert.equal(statSync(at.path + suffix).mode & 0o777, 0o600)
  }
  writeFileSync(at.path, 'not a database, however long one looks at it')
  assert.throws(() => openEmbeddedRequestIndex(at.path), { code: 'store_unreadable' })
})
