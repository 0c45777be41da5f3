import assert from 'node:assert/strict'
import test from 'node:test'
import { memoryFiles } from '../../../test/strangers/files.ts'
import { newSigner, sampleRecords, sha256, verifyEd25519, writeSampleLog } from '../../../test/strangers/sample-log.ts'
import { emptyEvent, type LedgerRecord } from '../../core/mod.ts'
import {
  buildProof,
  formatTlogProof,
  formatVerifierKey,
  leafHash,
  parseTlogProof,
  planInclusion,
  tileHashReader,
  tilePath,
  verifyLog,
  verifyTlogProof,
} from '../../tlog/mod.ts'
import type { LedgerDoor } from './ledger-door.ts'
import { openRecentAudit } from './recent-audit.ts'
import { type Bench, openBench } from './test/bench.ts'

const origin = 'node-1/gatehouse/access'
const signer = newSigner(origin)
const size = 600
const entries = sampleRecords(size)
const files = memoryFiles()
writeSampleLog(files, entries, { signers: [signer], origin })
files.write('vkey', Buffer.from(`${formatVerifierKey(signer.key)}\n`))

const idOf = (seq: number): string => seq.toString(16).padStart(32, '0')

/** A gate with this log, whose last record no checkpoint covers. */
const gate: LedgerDoor = {
  ledgerFile: async (log, path) => (log === 'access' ? files.read(path) : null),
  proof: async (_log, seq) => {
    if (seq >= size) return null
    const read = tileHashReader(sha256, size, async (address) => files.read(tilePath(address)))
    const hashes = await buildProof(sha256, planInclusion(seq, size), read)
    const checkpoint = files.read('checkpoint') ?? new Uint8Array(0)
    return Buffer.from(formatTlogProof({ extra: entries[seq] ?? null, index: seq, hashes, checkpoint })).toString(
      'utf8',
    )
  },
  records: async (_log, from, recordsMax) =>
    Array.from({ length: Math.max(0, Math.min(recordsMax, size + 1 - from)) }, (_, at) => recordOf(from + at)),
}

function recordOf(seq: number): LedgerRecord {
  const event = { ...emptyEvent, id: idOf(seq), kind: 'request', path: `/n/${seq}` }
  return { seq, recordedAtUs: seq, bytes: Buffer.from(JSON.stringify(event)) }
}

const withLedger = (more: object = {}): Promise<Bench> => openBench({ ledger: gate, ...more })

test('the published log of the admin API is one that a verifier takes', async () => {
  await using bench = await withLedger()
  const report = await verifyLog({
    read: async (path) => {
      const response = await bench.open('GET', `/ledger/access/${path}`)
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      return response.statusCode === 404 ? null : Buffer.concat(chunks)
    },
    hash: sha256,
    verify: verifyEd25519,
    keys: [signer.key],
    origin,
  })
  assert.deepEqual([report.verdict, report.size, report.faults], ['intact', size, []])
})

test('full tiles may be kept for good by the client alone, what still changes by nobody', async () => {
  await using bench = await withLedger()
  const cacheOf = async (path: string): Promise<string | undefined> =>
    (await bench.call('GET', path)).headers['cache-control']
  for (const path of ['tile/0/001', 'tile/entries/000'])
    assert.equal(await cacheOf(`/ledger/access/${path}`), 'private, max-age=604800, immutable')
  for (const path of ['checkpoint', 'vkey', 'tile/0/002.p/88', 'tile/entries/002.p/88'])
    assert.equal(await cacheOf(`/ledger/access/${path}`), 'no-store')
})

test('the ledger takes the token, and knows no paths but those of its log', async () => {
  await using bench = await withLedger()
  for (const path of ['checkpoint', 'tile/entries/000', 'tile/0/000', 'proof/1', 'vkey']) {
    const without = await bench.call('GET', `/ledger/access/${path}`, { headers: { authorization: '' } })
    assert.equal(without.status, 401, path)
  }
  for (const path of [
    'tile/0/1',
    'tile/0/x000/001',
    'tile/entries/000.p/256',
    'tile/0/%2e%2e/vkey',
    'tile/0/900',
    'origin',
  ])
    assert.equal((await bench.call('GET', `/ledger/access/${path}`)).status, 404, path)
  assert.equal((await bench.call('GET', '/ledger/other/checkpoint')).status, 400)
  assert.equal((await bench.call('GET', '/ledger/audit/checkpoint')).status, 404)
  assert.equal((await bench.call('GET', '/ledger/access/proof/01')).status, 400)
})

test('a proof of the admin API proves its record, and says when there is none yet or never', async () => {
  await using bench = await withLedger()
  const answer = await bench.call('GET', '/ledger/access/proof/300')
  assert.match(String(answer.headers['content-type']), /^text\/plain/)
  const parsed = parseTlogProof(Buffer.from(answer.text))
  const leaf = leafHash(sha256, entries[300] ?? new Uint8Array(0))
  const trust = { hash: sha256, verify: verifyEd25519, keys: [signer.key], origin }
  assert.deepEqual([(await verifyTlogProof(parsed, leaf, trust)).checkpoint.size, parsed.index], [size, 300])
  const early = await bench.call('GET', `/ledger/access/proof/${size}`)
  assert.deepEqual([early.status, early.headers['retry-after']], [503, '1'])
  assert.match(early.text, /"code":"not_ready".*No checkpoint covers record 600/)
  assert.equal((await bench.call('GET', `/ledger/access/proof/${size + 1}`)).status, 404)
})

test('GET /v1/events/{id} and its proof reach behind what is held in memory, through the index', async () => {
  const asked: string[] = []
  const index = {
    find: async (id: string) => {
      asked.push(id)
      // The second place is of another request: an index keeps less than the whole id.
      return { opened: [], ended: id === idOf(40) ? [40, 41] : [], amended: [] }
    },
  }
  await using bench = await withLedger({ index })
  await bench.append({ id: idOf(700), kind: 'request', status: 200 })
  const old = await bench.call('GET', `/v1/events/${idOf(40)}`)
  const shown = old.body as { seq: number; event: { path: string }; amended: unknown[] }
  assert.deepEqual([old.status, shown.seq, shown.event.path, shown.amended], [200, 40, '/n/40', []])
  const receipt = await bench.call('GET', `/v1/events/${idOf(40)}/proof`)
  assert.match(receipt.text, /^c2sp\.org\/tlog-proof@v1\nextra \S+\nindex 40\n/)
  assert.equal((await bench.call('GET', `/v1/events/${idOf(700)}`)).status, 200)
  for (const id of [idOf(41), 'no-id', 'F'.repeat(32)])
    assert.equal((await bench.call('GET', `/v1/events/${id}`)).status, 404)
  assert.deepEqual(asked, [idOf(40), idOf(40), idOf(41)])
})

test('without a gate the ledger is not available, and says so', async () => {
  await using bench = await openBench()
  for (const path of ['checkpoint', 'tile/0/000', 'proof/1'])
    assert.deepEqual((await bench.call('GET', `/ledger/access/${path}`)).status, 503)
})

const auditRecord = (seq: number): LedgerRecord => ({
  seq,
  recordedAtUs: seq,
  bytes: Buffer.from(JSON.stringify({ kind: 'key.created', atMs: seq, actor: 'socket', details: { id: idOf(seq) } })),
})

test('GET /v1/audit lists the newest of the audit log, from the newest on, and pages back', async () => {
  const audit = openRecentAudit({ eventsMax: 10 })
  assert.equal(await audit.begin(30), 20)
  await audit.follow(Array.from({ length: 10 }, (_, at) => auditRecord(20 + at)))
  await audit.follow([29, 30].map(auditRecord))
  await using bench = await openBench({ audit })
  const seqs = async (query: string): Promise<number[]> => {
    const { body } = await bench.call('GET', `/v1/audit${query}`)
    return (body as { items: { seq: number }[] }).items.map(({ seq }) => seq)
  }
  assert.deepEqual(await seqs('?limit=3'), [30, 29, 28])
  assert.deepEqual(await seqs('?limit=2&before=28'), [27, 26])
  assert.equal((await seqs('')).length, 11)
  assert.equal((await bench.call('GET', '/v1/audit?limit=0')).status, 400)
  assert.equal((await bench.call('GET', '/v1/audit', { headers: { authorization: '' } })).status, 401)
})

test('openRecentAudit() goes on where it was when the gate comes back, and begins anew on another log', async () => {
  const audit = openRecentAudit({ eventsMax: 2 })
  assert.equal(await audit.begin(0), 0)
  await audit.follow(Array.from({ length: 9 }, (_, at) => auditRecord(at)))
  assert.equal(await audit.begin(12), 9)
  assert.ok(audit.list(100).length <= 4)
  assert.equal(await audit.begin(5), 3)
  assert.deepEqual(audit.list(100), [])
})
