import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { newSigner, sampleRecords, sampleCheckpoint, sha256, verifyEd25519 } from '../../test/strangers/sample-log.ts'
import { leafHash, rootOf } from './merkle.ts'
import { buildProof, planInclusion } from './proofs.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'
import { formatTlogProof, parseTlogProof, verifyTlogProof, type TlogProof } from './tlog-proof.ts'
import { parseVerifierKey } from './verifier-key.ts'

const log = newSigner('example.com/log')
const witness = newSigner('witness', 'cosignature')
const entries = sampleRecords(40)
const leaves = entries.map((entry) => leafHash(sha256, entry))
const trust = { hash: sha256, verify: verifyEd25519, keys: [log.key], origin: 'example.com/log' }

async function proofOf(index: number, signers = [log]): Promise<TlogProof> {
  const hashes = await buildProof(sha256, planInclusion(index, entries.length), async (nodes) =>
    nodes.map(({ level, index: at }) => rootOf(sha256, leaves.slice(at * 2 ** level, (at + 1) * 2 ** level))),
  )
  return {
    extra: entries[index] ?? null,
    index,
    hashes,
    checkpoint: sampleCheckpoint(entries, signers, 'example.com/log'),
  }
}

test('parseTlogProof() refuses and takes the published proofs as published', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { bad, good } = readJson<{
    bad: readonly { name: string; proof: string }[]
    good: readonly { proof: string }[]
  }>(folder, 'tlog-proof/formats-errors.json')
  for (const { name, proof } of bad) assert.throws(() => parseTlogProof(encodeUtf8(proof)), { code: 'malformed' }, name)
  for (const { proof } of good) assert.equal(decodeUtf8(formatTlogProof(parseTlogProof(encodeUtf8(proof)))), proof)
})

test('verifyTlogProof() proves the record of another implementation', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const read = (name: string): Uint8Array => readFileSync(join(folder, 'local-interop', name))
  const key = parseVerifierKey(sha256, decodeUtf8(read('log.vkey')).trim())
  const proof = parseTlogProof(read('entry.tlog-proof'))
  const leaf = leafHash(sha256, read('entry.bin'))
  const { checkpoint } = await verifyTlogProof(proof, leaf, { ...trust, keys: [key], origin: key.name })
  assert.equal(checkpoint.size, 70_000)
  await assert.rejects(
    verifyTlogProof({ ...proof, index: proof.index + 1 }, leaf, { ...trust, keys: [key], origin: key.name }),
    { code: 'proof_invalid' },
  )
})

test('parseTlogProof() is the inverse of formatTlogProof()', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const proofs = fc.record(
    {
      extra: fc.option(fc.uint8Array({ minLength: 1, maxLength: 50 })),
      index: fc.maxSafeNat(),
      hashes: fc.array(hash, { maxLength: 63 }),
      checkpoint: fc.constant(encodeUtf8('a\n\nb\n')),
    },
    { noNullPrototype: true },
  )
  fc.assert(fc.property(proofs, (proof) => assert.deepEqual(parseTlogProof(formatTlogProof(proof)), proof)))
})

test('verifyTlogProof() proves every record, and refuses it with one bit changed or in another place', async () => {
  for (const [index, leaf] of leaves.entries()) {
    const proof = parseTlogProof(formatTlogProof(await proofOf(index)))
    assert.equal((await verifyTlogProof(proof, leaf, trust)).checkpoint.size, 40)
    await assert.rejects(verifyTlogProof(proof, leaf.with(5, (leaf[5] ?? 0) ^ 4), trust), { code: 'proof_invalid' })
    await assert.rejects(verifyTlogProof({ ...proof, index: (index + 1) % 40 }, leaf, trust), { code: 'proof_invalid' })
  }
})

test("verifyTlogProof() demands the origin, the log's own key, and enough witnesses", async () => {
  const leaf = leaves[3] ?? new Uint8Array(0)
  const both = await proofOf(3, [log, witness])
  const policy = { ...trust, witnessKeys: [witness.key], witnessesMin: 1 }
  assert.equal((await verifyTlogProof(both, leaf, policy)).signers.length, 2)
  await assert.rejects(verifyTlogProof(await proofOf(3), leaf, policy), { code: 'unsigned' })
  await assert.rejects(verifyTlogProof(await proofOf(3, [witness]), leaf, policy), { code: 'unsigned' })
  await assert.rejects(verifyTlogProof(both, leaf, { ...policy, origin: 'example.com/other' }), {
    code: 'origin_unknown',
  })
  await assert.rejects(
    verifyTlogProof(both, leaf, { ...policy, keys: [newSigner('example.com/log').key], witnessKeys: [] }),
    { code: 'unsigned' },
  )
})

test('parseTlogProof() refuses other heads, indices and blank lines', () => {
  const wrong = [
    'index 0\n\nc\n',
    'c2sp.org/tlog-proof@v2\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex 00\n\nc\n',
    'c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nc\n',
  ]
  wrong.push(
    'c2sp.org/tlog-proof@v1\nindex 0\n',
    'c2sp.org/tlog-proof@v1\nindex 0\n\n',
    'c2sp.org/tlog-proof@v1\r\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex 0\n\u00e9\n\nc\n',
  )
  for (const text of wrong)
    assert.throws(() => parseTlogProof(encodeUtf8(text)), { code: 'malformed' }, JSON.stringify(text))
  const hash = `${'A'.repeat(43)}=\n`
  assert.throws(() => parseTlogProof(encodeUtf8(`c2sp.org/tlog-proof@v1\nindex 0\n${hash.repeat(64)}\nc\n`)), {
    code: 'malformed',
  })
})
