import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { recordsOf } from '../../../test/conformance/query-engine.ts'
import { emptyEvent, hasCode, type LedgerRecord } from '../../core/mod.ts'
import { parseFilter, type QueryIndex } from '../../desk/query/mod.ts'
import { openEmbeddedQueryIndex, type QueryIndexOptions } from './query-index.ts'
import { createRowsBuilder } from './query-rows.ts'
import { rowOf } from './query-columns.ts'
import { StatementCut } from './query-load.ts'
import { openTables } from './query-tables.ts'

const nowMs = Date.now()

interface Bench {
  readonly path: string
  readonly records: readonly LedgerRecord[]
  readonly open: (options?: Partial<QueryIndexOptions>) => Promise<QueryIndex>
}

function openBench(t: TestContext, count: number): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-query-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'index')
  const records = recordsOf(
    Array.from({ length: count }, (_, i) => ({
      ...emptyEvent,
      receivedAtMs: nowMs + i,
      status: i % 3 === 0 ? 401 : 200,
      path: `/v1/orders/${i}`,
      clientIp: `198.51.${i % 7}.${i % 250}`,
    })),
  )
  const open = async (options: Partial<QueryIndexOptions> = {}): Promise<QueryIndex> =>
    await openEmbeddedQueryIndex({
      path,
      key: new Uint8Array(32),
      segmentRowsMax: 256,
      retryMs: 20,
      read: async (from, max) => records.slice(from, from + max),
      onProblem: () => undefined,
      ...options,
    })
  return { path, records, open }
}

const all = { fromMs: 0, toMs: nowMs + 1_000_000 }
const refused = parseFilter('status:401')

test('openEmbeddedQueryIndex() finds its segments again, and goes on behind them', async (t) => {
  const { records, open } = openBench(t, 1_000)
  {
    await using index = await open()
    index.begin(1_000)
    await index.follow(records.slice(0, 700))
    assert.equal((await index.aggregate({ ...all, filter: refused })).matched, 234)
  }
  await using index = await open()
  index.begin(1_000)
  assert.equal(await index.cursor(), 700)
  assert.deepEqual((await index.aggregate({ ...all, filter: refused })).short, ['behind'])
  await index.follow(records.slice(700))
  const answer = await index.aggregate({ ...all, filter: refused })
  assert.deepEqual([answer.matched, answer.partial, answer.rowsScanned], [334, false, 1_000])
})

test('openEmbeddedQueryIndex() builds damaged and lost segments again from the ledger', async (t) => {
  const { path, records, open } = openBench(t, 1_000)
  {
    await using index = await open()
    await index.follow(records)
  }
  const [first = '', second = ''] = readdirSync(path).toSorted(
    (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
  )
  rmSync(join(path, first))
  const bytes = readFileSync(join(path, second))
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(join(path, second), bytes)

  let failures = 2
  await using index = await open({
    read: async (from, max) => {
      if (failures-- > 0) throw new Error('The gate is away')
      return records.slice(from, from + Math.min(max, 100))
    },
  })
  index.begin(1_000)
  const until = Date.now() + 20_000
  for (;;) {
    const answer = await index.aggregate({ ...all, filter: refused })
    if (!answer.partial) {
      assert.equal(answer.matched, 334)
      break
    }
    assert.deepEqual(answer.short, ['behind'])
    assert.ok(Date.now() < until, 'it is not mended')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('openEmbeddedQueryIndex() begins anew where its folder is gone or another key sealed it', async (t) => {
  const { path, records, open } = openBench(t, 600)
  {
    await using index = await open()
    await index.follow(records)
  }
  {
    await using index = await open({ key: new Uint8Array(32).fill(1) })
    index.begin(600)
    const until = Date.now() + 20_000
    for (;;) {
      const answer = await index.aggregate(all)
      if (!answer.partial && answer.matched === 600) break
      assert.ok(Date.now() < until, 'it is not mended')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  rmSync(path, { recursive: true })
  await using index = await open()
  assert.equal(await index.cursor(), 0)
})

test('search() answers with what it read until the deadline, and says so', async (t) => {
  const { records, open } = openBench(t, 5_000)
  await using index = await open()
  await index.follow(records)
  const answer = await index.search({ ...all, deadlineMs: 1 })
  assert.deepEqual([answer.partial, answer.short], [true, ['deadline']])
  assert.ok(answer.scanned < 1)
  const whole = await index.search({ ...all, deadlineMs: 20_000 })
  assert.deepEqual([whole.matched, whole.partial, whole.scanned], [5_000, false, 1])
})

test('aggregate() reads more than memory may hold, one segment after the other', async (t) => {
  const { records, open } = openBench(t, 20_000)
  await using index = await open({ segmentRowsMax: 4_096, memoryBytesMax: 16 * 1024 ** 2 })
  await index.follow(records)
  for (let i = 0; i < 2; i++) {
    const answer = await index.aggregate({ ...all, by: ['network'], measures: ['count'], deadlineMs: 30_000 })
    assert.deepEqual([answer.matched, answer.partial, answer.groupsTotal], [20_000, false, 7])
  }
})

test('series() refuses more points than an answer may have', async (t) => {
  const { records, open } = openBench(t, 12_000)
  await using index = await open({ segmentRowsMax: 16_384 })
  await index.follow(records)
  await assert.rejects(index.series({ ...all, everyMs: 1, deadlineMs: 20_000 }), /more than 10000 points/)
  const answer = await index.series({ ...all, everyMs: 1_000, deadlineMs: 20_000 })
  assert.equal(
    answer.points.reduce((sum, { values }) => sum + (values.count ?? 0), 0),
    12_000,
  )
})

test('the engine reaches no file, no extension, and takes no other settings', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-query-'))
  t.after(() => rmSync(folder, { recursive: true }))
  using tables = await openTables({ memoryBytesMax: 64 * 1024 ** 2 })
  const file = join(folder, 'x')
  for (const sql of [
    `COPY (SELECT 1) TO '${file}'`,
    `ATTACH '${file}' AS x`,
    `SELECT * FROM read_text('/etc/hostname')`,
    `SELECT * FROM read_csv('/etc/hostname')`,
    'INSTALL httpfs',
    'LOAD httpfs',
    `SET temp_directory='${folder}'`,
    'SET enable_external_access=true',
    `EXPORT DATABASE '${folder}'`,
  ])
    await assert.rejects(tables.run(sql), (error) => hasCode(error, 'store_unreadable'), sql)
  assert.deepEqual(readdirSync(folder), [])
})

test('the engine spills nothing to disk: what is too much for its memory is cut off', async () => {
  using tables = await openTables({ memoryBytesMax: 16 * 1024 ** 2 })
  await assert.rejects(
    tables.run('CREATE TABLE t AS SELECT range::VARCHAR || repeat(range::VARCHAR, 20) AS x FROM range(10000000)'),
    (error) => error instanceof StatementCut && error.why === 'memory',
  )
  const builder = createRowsBuilder()
  builder.add(rowOf({ seq: 0, recordedAtUs: 0 }, emptyEvent))
  const after = { key: 'after', read: () => builder.rows() }
  const answer = await tables.ask(after, 'SELECT n_seq FROM {s}', [])
  assert.deepEqual(await answer?.getRows(), [[0]])
})
