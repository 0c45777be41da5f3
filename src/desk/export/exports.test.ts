import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import test from 'node:test'
import { openHook } from '../../../test/support/hook.ts'
import { waitFor } from '../../../test/support/program.ts'
import { hasCode } from '../../core/mod.ts'
import type { Exports, SinkStatus } from './exports.ts'
import { rejectedMax } from './rejected.ts'
import { openExportBench, type ExportBench } from './test/bench.ts'

const soonMs = 5_000
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at)
const statusOf = (exports: Exports): SinkStatus => exports.list()[0] ?? assert.fail('no sink')
const settled = (exports: Exports): boolean => Object.values(statusOf(exports).logs).every((log) => log?.lag === 0)
const done = async (exports: Exports): Promise<void> =>
  await waitFor(
    () => settled(exports),
    soonMs,
    () => JSON.stringify(exports.list()),
  )
const fill = ({ ledger }: ExportBench, records: number): void => ledger.append(...range(0, records).map(() => ({})))

test('openExports() delivers all of both logs, in order and once, when nothing fails', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  fill(bench, 50)
  bench.ledger.audit({ kind: 'gate.started', atMs: 1, actor: 'gate', details: {} })
  await using exports = await bench.open([{ url: hook.url }], { batchItemsMax: 7, readRecordsMax: 20 })
  await done(exports)
  assert.deepEqual(hook.taken, range(0, 50))
  assert.deepEqual(hook.takenAudit, [0])
  assert.ok(hook.calls.every(({ seqs }) => seqs.length <= 7))
  bench.ledger.append({}, {})
  exports.wake()
  await done(exports)
  assert.deepEqual(hook.taken, range(0, 52))
  const { state, delivered, rejected, url } = statusOf(exports)
  assert.deepEqual([state, delivered, rejected, url], ['ok', 53, 0, hook.url])
})

test('openExports() keeps batches below the bytes that the pace names', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  fill(bench, 20)
  await using exports = await bench.open([{ url: hook.url }], { batchBytesMax: 6_000 })
  await done(exports)
  assert.deepEqual(hook.taken, range(0, 20))
  assert.ok(hook.calls.length > 3)
  assert.ok(hook.calls.every(({ body }) => body.length < 6_100))
})

test('openExports() gives a sink what it is limited to, and never that an answer has begun', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  bench.ledger.append(
    {},
    { outcome: 'refused', status: 403 },
    { kind: 'opened', outcome: 'refused' },
    { outcome: 'failed' },
  )
  bench.ledger.append({ kind: 'amended', outcome: 'refused' })
  bench.ledger.audit({ kind: 'gate.started', atMs: 1, actor: 'gate', details: {} })
  await using exports = await bench.open([{ url: hook.url, only: ['refused'] }])
  await waitFor(
    () => statusOf(exports).logs.access?.lag === 0,
    soonMs,
    () => 'lag',
  )
  assert.deepEqual(hook.taken, [1, 4])
  assert.equal(statusOf(exports).logs.audit, null)
})

test('openExports() goes on where it left off, and sends nothing twice after an orderly end', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  for (const _ of range(0, 3)) {
    fill(bench, 10)
    await using exports = await bench.open([{ url: hook.url }])
    await done(exports)
  }
  assert.deepEqual(hook.taken, range(0, 30))
})

test('openExports() tries again until a receiver takes a batch, and skips nothing', async () => {
  await using bench = await openExportBench()
  const said = [500, 429, 503, 404, 302]
  await using hook = await openHook((_, at) => ({ status: said[at] ?? 200, headers: { 'retry-after': '0' } }))
  fill(bench, 10)
  await using exports = await bench.open([{ url: hook.url }], { failuresOpen: 5 })
  const states = new Set<string>()
  await waitFor(
    () => {
      states.add(statusOf(exports).state)
      return settled(exports)
    },
    soonMs,
    () => JSON.stringify(exports.list()),
  )
  assert.deepEqual(hook.taken, range(0, 10))
  assert.equal(hook.calls.length, 6)
  const ids = new Set(hook.calls.map(({ uids }) => uids.join(' ')))
  assert.equal(ids.size, 1)
  assert.deepEqual([statusOf(exports).state, statusOf(exports).failures], ['ok', 0])
  assert.deepEqual(await bench.told(), [])
})

test('openExports() waits as long as Retry-After says', async () => {
  await using bench = await openExportBench()
  const at: number[] = []
  await using hook = await openHook((_, call) => {
    at.push(performance.now())
    return call === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 200 }
  })
  fill(bench, 1)
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 990)
})

test('openExports() halves what is too large until it fits', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook(({ seqs }) => ({ status: seqs.length > 3 ? 413 : 200 }))
  fill(bench, 20)
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  assert.deepEqual(hook.taken, range(0, 20))
})

test('openExports() goes past the one record that is rejected, keeps its place and tells the audit log', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook(({ seqs }) =>
    seqs.includes(13) ? { status: 422, body: 'no thirteen' } : { status: 200 },
  )
  fill(bench, 20)
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  assert.deepEqual(
    hook.taken,
    range(0, 20).filter((seq) => seq !== 13),
  )
  const [kept] = await bench.documents.list('export-rejected')
  assert.deepEqual(
    [kept?.id, (kept?.value as { reason: string } | undefined)?.reason],
    ['hook/access/13', 'status 422: no thirteen'],
  )
  const [gap] = await bench.told()
  assert.equal(gap?.kind, 'export.gap')
  assert.partialDeepStrictEqual(gap?.details, {
    sink: 'hook',
    log: 'access',
    from: 13,
    to: 13,
    records: 1,
    reason: 'status 422: no thirteen',
  })
  assert.equal(statusOf(exports).rejected, 1)
})

test('openExports() waits for a receiver that rejects everything, and skips few', async () => {
  await using bench = await openExportBench()
  let open = false
  await using hook = await openHook(() => ({ status: open ? 200 : 400 }))
  fill(bench, 100)
  await using exports = await bench.open([{ url: hook.url }], { rejectionsInRowMax: 4 })
  await waitFor(
    () => statusOf(exports).failures > 3,
    soonMs,
    () => JSON.stringify(exports.list()),
  )
  assert.deepEqual(hook.taken, [])
  open = true
  await done(exports)
  assert.deepEqual(hook.taken, range(4, 100))
})

const oldRejection = (at: number): { collection: string; id: string; position: number; value: object } => ({
  collection: 'export-rejected',
  id: `old/access/${at}`,
  position: at,
  value: {},
})

test('openExports() keeps no more rejected records than it says', async () => {
  await using bench = await openExportBench()
  await bench.documents.write(range(0, rejectedMax).map((at) => oldRejection(at)))
  await using hook = await openHook(({ seqs }) => ({ status: seqs.includes(1) ? 400 : 200 }))
  fill(bench, 3)
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  assert.equal(await bench.documents.count('export-rejected'), rejectedMax)
  assert.equal(await bench.documents.get('export-rejected', 'old/access/0'), null)
})

test('openExports() tells of records that the ledger has no more, and goes on behind them', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  fill(bench, 10)
  bench.ledger.prunedTo = 6
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  assert.deepEqual(hook.taken, range(6, 10))
  const [gap] = await bench.told()
  assert.partialDeepStrictEqual(gap?.details, {
    sink: 'hook',
    log: 'access',
    from: 0,
    to: 5,
    records: 6,
    reason: 'the ledger has them no more',
  })
})

test('begin() with a shorter ledger begins anew', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  fill(bench, 10)
  await using exports = await bench.open([{ url: hook.url }])
  await done(exports)
  exports.begin(3)
  exports.wake()
  await waitFor(
    () => hook.taken.length === 20,
    soonMs,
    () => String(hook.taken.length),
  )
})

test('openExports() sends again what a syslog receiver took right before it was gone', async () => {
  await using bench = await openExportBench()
  const texts: string[] = []
  const serve = async (port: number): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.setEncoding('utf8').on('data', (text: string) => texts.push(text))
      socket.on('end', () => socket.end())
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const first = await serve(0)
  const { port } = first.address() as AddressInfo
  const seqs = (): number[] => [...texts.join('').matchAll(/ seq="(\d+)"/g)].map(([, seq]) => Number(seq))
  fill(bench, 3)
  await using exports = await bench.open([{ type: 'syslog', url: `tcp://127.0.0.1:${port}` }])
  await done(exports)
  first.close()
  await once(first, 'close')
  fill(bench, 2)
  exports.wake()
  await waitFor(
    () => statusOf(exports).failures > 0,
    soonMs,
    () => JSON.stringify(exports.list()),
  )
  const second = await serve(port)
  await done(exports)
  second.close()
  assert.deepEqual(seqs(), [0, 1, 2, 0, 1, 2, 3, 4])
})

test('a sink that is stuck holds up neither another one nor the end', async () => {
  await using bench = await openExportBench()
  await using stuck = await openHook(() => null)
  await using hook = await openHook()
  fill(bench, 5)
  const exports = await bench.open([
    { name: 'stuck', url: stuck.url },
    { name: 'hook', url: hook.url },
  ])
  await waitFor(
    () => hook.taken.length === 5 && stuck.calls.length > 0,
    soonMs,
    () => JSON.stringify(exports.list()),
  )
  assert.equal(exports.list()[0]?.logs.access?.lag, 5)
  const before = performance.now()
  await exports[Symbol.asyncDispose]()
  assert.ok(performance.now() - before < 1_000)
})

test('openExports() waits for a gate that is away', async () => {
  await using bench = await openExportBench()
  await using hook = await openHook()
  fill(bench, 5)
  bench.ledger.connected = false
  await using exports = await bench.open([{ url: hook.url }])
  await waitFor(
    () => statusOf(exports).lastAnswer !== null,
    soonMs,
    () => 'nothing said',
  )
  assert.equal(hook.calls.length, 0)
  bench.ledger.connected = true
  await done(exports)
  assert.deepEqual(hook.taken, range(0, 5))
})

test('test() sends one event that says that it is a test, and tells what the receiver said', async () => {
  await using bench = await openExportBench()
  let status = 202
  await using hook = await openHook(() => ({ status, body: 'thanks' }))
  await using exports = await bench.open([{ url: `${hook.url}?key=geheim` }])
  assert.deepEqual(
    { ...(await exports.test('hook')), tookMs: 0 },
    { delivered: true, answer: 'status 202: thanks', tookMs: 0 },
  )
  const [event] = JSON.parse(hook.calls[0]?.body ?? '[]') as { message: string; metadata: { labels: string[] } }[]
  assert.match(event?.message ?? '', /^Test event of Gatehouse/)
  assert.deepEqual(event?.metadata.labels, ['test'])
  status = 500
  assert.equal((await exports.test('hook')).delivered, false)
  await assert.rejects(exports.test('hok'), (error) => hasCode(error, 'not_found'))
  assert.doesNotMatch(JSON.stringify(exports.list()), /geheim/)
})
