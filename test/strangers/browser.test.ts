import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  buildProof,
  encodeBase64,
  formatTlogProof,
  formatVerifierKey,
  leafHash,
  planInclusion,
  tileHashReader,
  tilePath,
} from '../../src/tlog/mod.ts'
import { readFrom, verifyPublishedLog, verifyReceipt } from '../../src/verify.ts'
import { type Files, memoryFiles } from './files.ts'
import { newSigner, sampleRecords, sha256, writeSampleLog } from './sample-log.ts'

const origin = 'example.com/gatehouse/access'
const log = newSigner(origin)
const vkey = formatVerifierKey(log.key)
const records = sampleRecords(600)
const files = memoryFiles()
writeSampleLog(files, records, { signers: [log], origin })

async function proofOf(index: number, extra: Uint8Array | null): Promise<Uint8Array> {
  const read = tileHashReader(sha256, records.length, async (address) => files.read(tilePath(address)))
  const hashes = await buildProof(sha256, planInclusion(index, records.length), read)
  return formatTlogProof({ extra, index, hashes, checkpoint: files.read('checkpoint') ?? new Uint8Array(0) })
}

const record = (index: number): Uint8Array => records[index] ?? new Uint8Array(0)

/** Has the module run where there is nothing of Node. */
async function inBrowserRealm(served: Files): Promise<{ said: Record<string, unknown>; modules: readonly string[] }> {
  const task = {
    vkey,
    proof: encodeBase64(await proofOf(300, record(300))),
    files: Object.fromEntries(
      served.list().map((path) => [path, encodeBase64(served.read(path) ?? new Uint8Array(0))]),
    ),
  }
  const realm = fileURLToPath(new URL('browser-realm.ts', import.meta.url))
  const ran = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', realm],
    {
      input: JSON.stringify(task),
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  assert.equal(ran.status, 0, ran.stderr)
  const [said = '', ...modules] = ran.stdout.trimEnd().split('\n')
  return { said: JSON.parse(said) as Record<string, unknown>, modules }
}

test('gatehouse/verify runs where there is nothing but the language and WebCrypto, and reaches nothing outside of tlog', async () => {
  const { said, modules } = await inBrowserRealm(files)
  assert.deepEqual(said, {
    verdict: 'intact',
    size: 600,
    faults: [],
    index: 300,
    publicPart: { k: 'request', m: 'GET', n: 300, st: 200 },
  })
  const src = new URL('../../src/', import.meta.url).href
  assert.ok(modules.length > 10)
  for (const url of modules) assert.match(url.replace(src, ''), /^(?:verify|tlog\/[a-z0-9-]+)\.ts$/)
})

test('gatehouse/verify finds a changed record there too', async () => {
  const attacked = memoryFiles(new Map(files.list().map((path) => [path, files.read(path) ?? new Uint8Array(0)])))
  const path = 'tile/entries/001'
  const bundle = Uint8Array.from(attacked.read(path) ?? [])
  bundle[100] = (bundle[100] ?? 0) ^ 1
  attacked.write(path, bundle)
  const { said } = await inBrowserRealm(attacked)
  assert.equal(said['verdict'], 'tampered')
  assert.match(JSON.stringify(said['faults']), /"file":"tile\/entries\/001","offset":66,"kind":"bundle"/)
})

test('verifyReceipt() proves the record that it carries, or the one that is given, and no other', async () => {
  const receipt = await verifyReceipt({ proof: await proofOf(7, record(7)), vkey })
  assert.deepEqual([receipt.index, receipt.size, receipt.origin], [7, 600, origin])
  assert.deepEqual(receipt.publicPart, { k: 'request', m: 'GET', n: 7, st: 200 })
  const bare = await proofOf(7, null)
  assert.equal((await verifyReceipt({ proof: bare, vkey, record: record(7) })).index, 7)
  await assert.rejects(verifyReceipt({ proof: bare, vkey, record: record(8) }), { code: 'proof_invalid' })
  await assert.rejects(verifyReceipt({ proof: bare, vkey }), { code: 'malformed' })
  await assert.rejects(verifyReceipt({ proof: await proofOf(7, record(8)), vkey }), { code: 'proof_invalid' })
  const other = formatVerifierKey(newSigner(origin).key)
  await assert.rejects(verifyReceipt({ proof: bare, vkey: other, record: record(7) }), { code: 'unsigned' })
})

test('verifyReceipt() refuses a receipt with any bit flipped', async () => {
  const proof = await proofOf(7, record(7))
  for (let at = 0; at < proof.length; at += 5) {
    const flipped = Uint8Array.from(proof)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    await assert.rejects(verifyReceipt({ proof: flipped, vkey }), { name: 'TlogError' }, `byte ${at}`)
  }
})

test('verifyPublishedLog() says of a log that is not served that its checkpoint cannot be read', async () => {
  const report = await verifyPublishedLog({ url: 'http://127.0.0.1:1/ledger/access', vkey })
  assert.deepEqual([report.verdict, report.faults[0]?.kind], ['tampered', 'unreadable'])
  await assert.rejects(readFrom('http://127.0.0.1:1')('checkpoint', 100))
  assert.equal(leafHash(sha256, record(0)).length, 32)
})
