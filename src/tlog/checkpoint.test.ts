import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { newSigner, sha256, signedCheckpoint, verifyEd25519 } from '../../test/strangers/sample-log.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { formatNote, parseNote } from './note.ts'
import { claimsOf, cosignatureMessage, openNote } from './signatures.ts'
import { encodeBase64, decodeUtf8, encodeUtf8 } from './text.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'
import { parseVerifierKey } from './verifier-key.ts'

const root = sha256(Uint8Array.of(1))

test('parseCheckpoint() decides the published cases as published, but for empty extension lines and roots that are no hashes', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { cases } = readJson<{ cases: readonly { desc: string; text: string; wantErr: boolean }[] }>(
    folder,
    'checkpoint/formats-parse.json',
  )
  for (const { desc, text, wantErr } of cases) {
    // The published roots are words of other lengths, which the specification does not allow.
    if (!wantErr) assert.throws(() => parseCheckpoint(text), { code: 'malformed' }, desc)
    const strict = text.replace(/YmFuYW5hcw==|dGhlIHZpZXc[^\n]*/, encodeBase64(root))
    if (wantErr || desc === 'valid with trailing newlines')
      assert.throws(() => parseCheckpoint(strict), { code: 'malformed' }, desc)
    else assert.equal(formatCheckpoint(parseCheckpoint(strict)), strict, desc)
  }
})

test('parseCheckpoint() keeps the extension lines of other logs', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { checkpoint } = readJson<{ checkpoint: string }>(folder, 'checkpoint/rekor-v1.json')
  const parsed = parseCheckpoint(parseNote(encodeUtf8(checkpoint)).text)
  assert.deepEqual(parsed.extensions, ['Timestamp: 1688058656037355364'])
  assert.equal(parsed.origin, 'rekor.sigstore.dev - 2605736670972794746')
  const ct = readJson<{ checkpoint: string }>(folder, 'checkpoint/static-ct-note.json')
  assert.equal(parseCheckpoint(parseNote(encodeUtf8(ct.checkpoint)).text).size, 115_474_666)
})

test('parseVerifierKey() refuses types of keys that are not checked here', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  for (const file of ['checkpoint/rekor-v1.json', 'checkpoint/static-ct-note.json']) {
    assert.throws(() => parseVerifierKey(sha256, readJson<{ vkey: string }>(folder, file).vkey), { code: 'malformed' })
  }
})

test('openCheckpoint() opens all 16 checkpoints of a published log', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const key = parseVerifierKey(sha256, readFileSync(join(folder, 'tlog-tiles/tessera-log.vkey'), 'utf8').trim())
  for (let size = 0; size <= 15; size++) {
    const note: Uint8Array = readFileSync(join(folder, `tlog-tiles/tessera-log/checkpoint.${size}`))
    assert.equal((await openCheckpoint(note, [key], verifyEd25519)).checkpoint.size, size)
  }
})

test('openCheckpoint() proves the cosignature of a witness that others have written', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const read = (name: string): string => readFileSync(join(folder, 'local-interop', name), 'utf8')
  const [log, witness] = [
    parseVerifierKey(sha256, read('log.vkey').trim()),
    parseVerifierKey(sha256, read('witness.vkey').trim()),
  ]
  const note = encodeUtf8(read('checkpoint.cosigned'))
  const { signers, checkpoint } = await openCheckpoint(note, [log, witness], verifyEd25519)
  assert.deepEqual(
    signers.map(({ key }) => key.type),
    ['ed25519', 'cosignature'],
  )
  assert.equal(checkpoint.size, 70_000)
  assert.ok((signers[1]?.timeSeconds ?? 0) > 1_700_000_000)
  // With another time the message is another one.
  const claim = claimsOf(parseNote(note), [witness]).claims[0]
  assert.ok(claim !== undefined && claim.timeSeconds !== null)
  const text = parseNote(note).text
  assert.ok(verifyEd25519(witness.publicKey, cosignatureMessage(text, claim.timeSeconds), claim.signature))
  assert.ok(!verifyEd25519(witness.publicKey, cosignatureMessage(text, claim.timeSeconds + 1), claim.signature))
})

test('cosignatureMessage() is the message of the specification', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const examples = readJson<{ checkpoint_with_cosignature: string; ed25519_cosigned_message: string }>(
    folder,
    'signed-note/c2sp-examples.json',
  )
  const { text, signatures } = parseNote(encodeUtf8(examples.checkpoint_with_cosignature))
  assert.equal(decodeUtf8(cosignatureMessage(text, 1_679_315_147)), examples.ed25519_cosigned_message)
  assert.equal(signatures.length, 2)
})

test('claimsOf() reads the time of a published cosignature', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { timestamp_example: example } = readJson<{ timestamp_example: { signature_b64: string; unix: number } }>(
    folder,
    'cosignature/formats-vkeys.json',
  )
  const blob = Buffer.from(example.signature_b64, 'base64')
  const key = { name: 'w', keyId: blob.readUInt32BE(0), type: 'cosignature' as const, publicKey: new Uint8Array(32) }
  const { claims } = claimsOf(
    { text: 'a\n', signatures: [{ name: 'w', keyId: key.keyId, signature: blob.subarray(4) }] },
    [key],
  )
  assert.equal(claims[0]?.timeSeconds, example.unix)
})

const oneLine = fc.stringMatching(/^[!-~é ]{1,30}$/)
const checkpoints = fc.record(
  {
    origin: oneLine,
    size: fc.maxSafeNat(),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(oneLine, { maxLength: 3 }),
  },
  { noNullPrototype: true },
)

test('parseCheckpoint() is the inverse of formatCheckpoint()', () => {
  fc.assert(
    fc.property(checkpoints, (checkpoint) =>
      assert.deepEqual(parseCheckpoint(formatCheckpoint(checkpoint)), checkpoint),
    ),
  )
})

test('parseCheckpoint() refuses every other spelling of size and root', () => {
  const encoded = encodeBase64(root)
  for (const size of ['01', '+1', '1e3', '0x10', '-1', '', ' 1', '9007199254740992', '18446744073709551616']) {
    assert.throws(() => parseCheckpoint(`o\n${size}\n${encoded}\n`), { code: 'malformed' }, size)
  }
  for (const other of [encoded.slice(0, -1), `${encoded} `, encoded.slice(0, -2), 'AAAA', '']) {
    assert.throws(() => parseCheckpoint(`o\n1\n${other}\n`), { code: 'malformed' }, other)
  }
  for (const text of [
    '',
    'o\n1\n',
    `o\n1\n${encoded}`,
    `o\n1\n${encoded}\n\n`,
    `\n1\n${encoded}\n`,
    `o\r\n1\r\n${encoded}\r\n`,
  ]) {
    assert.throws(() => parseCheckpoint(text), { code: 'malformed' }, JSON.stringify(text))
  }
})

test('formatCheckpoint() refuses lines that are none', () => {
  for (const origin of ['', 'a\nb'])
    assert.throws(() => formatCheckpoint({ origin, size: 1, root, extensions: [] }), { code: 'out_of_range' })
  assert.throws(() => formatCheckpoint({ origin: 'o', size: 1, root, extensions: [''] }), { code: 'out_of_range' })
})

test('openCheckpoint() refuses every change of one byte', async () => {
  const signer = newSigner('example.com/log')
  const note = signedCheckpoint({ size: 77, root }, [signer], signer.key.name)
  await openCheckpoint(note, [signer.key], verifyEd25519)
  for (let at = 0; at < note.length; at++) {
    for (const bit of [0x01, 0x02, 0x20, 0x80]) {
      const changed = note.with(at, (note[at] ?? 0) ^ bit)
      await assert.rejects(openCheckpoint(changed, [signer.key], verifyEd25519), `byte ${at}`)
    }
  }
  for (let length = 0; length < note.length; length++)
    await assert.rejects(openCheckpoint(note.subarray(0, length), [signer.key], verifyEd25519))
})

test('openNote() refuses a cosignature that was made of another checkpoint or under another origin', async () => {
  const witness = newSigner('witness', 'cosignature')
  const [text, other] = ['a', 'b'].map((origin) => formatCheckpoint({ origin, size: 1, root, extensions: [] }))
  assert.ok(text !== undefined && other !== undefined)
  await openNote(formatNote(text, [witness.sign(text)]), [witness.key], verifyEd25519)
  await assert.rejects(openNote(formatNote(other, [witness.sign(text)]), [witness.key], verifyEd25519), {
    code: 'signature_invalid',
  })
})
