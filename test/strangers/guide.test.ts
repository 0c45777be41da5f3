/** The scripts of docs/guide/verify.md, run as they stand there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  buildProof,
  formatTlogProof,
  formatVerifierKey,
  leafHash,
  planInclusion,
  tileHashReader,
  tilePath,
} from '../../src/tlog/mod.ts'
import { memoryFiles } from './files.ts'
import { newSigner, sampleRecords, sha256, writeSampleLog } from './sample-log.ts'
import { hasOpenssl } from './strangers.ts'

const guide = readFileSync(new URL('../../docs/guide/verify.md', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'guide-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const signer = newSigner('node-1/gatehouse/access')
writeFileSync(join(folder, 'vkey'), `${formatVerifierKey(signer.key)}\n`)

function run(name: string, ...args: string[]): { code: number | null; output: string } {
  const script = [...guide.matchAll(/```sh\n(#!\/usr\/bin\/env bash\n# ([\w-]+\.sh)[^]*?)```/g)].find(
    (found) => found[2] === name,
  )
  assert.ok(script?.[1] !== undefined, `the guide has no ${name}`)
  writeFileSync(join(folder, name), script[1])
  const ran = spawnSync('bash', [name, ...args], { cwd: folder, encoding: 'utf8', timeout: 30_000 })
  return { code: ran.status, output: ran.stdout + ran.stderr }
}

async function receiptOf(index: number, size: number): Promise<Uint8Array> {
  const files = memoryFiles()
  const records = sampleRecords(size)
  writeSampleLog(files, records, { signers: [signer], origin: signer.key.name })
  const read = tileHashReader(sha256, size, async (address) => files.read(tilePath(address)))
  const hashes = await buildProof(sha256, planInclusion(index, size), read)
  const checkpoint = files.read('checkpoint') ?? new Uint8Array(0)
  return formatTlogProof({ extra: records[index] ?? null, index, hashes, checkpoint })
}

test('the guide’s scripts prove a receipt and its checkpoint with openssl and coreutils', async (t) => {
  if (!hasOpenssl(t)) return
  for (const [index, size] of [
    [4, 5],
    [299, 700],
  ] as const) {
    writeFileSync(join(folder, 'receipt.tlog-proof'), await receiptOf(index, size))
    const receipt = run('check-receipt.sh', 'receipt.tlog-proof')
    assert.equal(receipt.code, 0, receipt.output)
    assert.match(receipt.output, /^PROVEN/)
    assert.deepEqual(
      leafHash(sha256, readFileSync(join(folder, 'record'))),
      leafHash(sha256, sampleRecords(1, index)[0] ?? new Uint8Array(0)),
    )
    assert.match(run('check-checkpoint.sh').output, /Signature Verified Successfully/)
  }
})

test('the guide’s scripts refuse a receipt of another record, and a checkpoint that was changed', async (t) => {
  if (!hasOpenssl(t)) return
  const receipt = Buffer.from(await receiptOf(299, 700)).toString('utf8')
  writeFileSync(join(folder, 'receipt.tlog-proof'), receipt.replace('index 299', 'index 298'))
  assert.deepEqual(
    [run('check-receipt.sh', 'receipt.tlog-proof').code, run('check-receipt.sh', 'receipt.tlog-proof').output],
    [1, 'NOT PROVEN\n'],
  )
  const checkpoint = readFileSync(join(folder, 'checkpoint'), 'utf8')
  writeFileSync(join(folder, 'checkpoint'), checkpoint.replace('\n700\n', '\n699\n'))
  assert.notEqual(run('check-checkpoint.sh').code, 0)
})
