import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { newSigner, sha256, verifyEd25519 } from '../../test/strangers/sample-log.ts'
import { formatNote, parseNote } from './note.ts'
import { claimsOf, openNote } from './signatures.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'
import { formatVerifierKey, parseVerifierKey } from './verifier-key.ts'

interface NoteVectors {
  readonly vkeys: Readonly<Record<string, string>>
  readonly skey_peter_TEST_ONLY: string
  readonly bad_vkeys: readonly string[]
  readonly sign: { readonly text: string; readonly signed: string }
  readonly open: readonly {
    name: string
    msg_b64: string
    keys: readonly string[]
    ok: boolean
    err?: string
    verified?: readonly string[]
    unverified?: readonly string[]
  }[]
}

const codeOf: Readonly<Record<string, string>> = {
  'malformed note': 'malformed',
  'invalid signature': 'signature_invalid',
  'note has no verifiable signatures': 'unsigned',
  'ambiguous key': 'key_ambiguous',
}

test('openNote() opens and refuses the published notes as published', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { vkeys, open } = readJson<NoteVectors>(folder, 'signed-note/xmod-note.json')
  for (const { name, msg_b64: message, keys, ok, err = '', verified, unverified } of open) {
    const known = keys.map((key) => parseVerifierKey(sha256, vkeys[key] ?? ''))
    const opening = openNote(Buffer.from(message, 'base64'), known, verifyEd25519)
    if (!ok) {
      await assert.rejects(opening, { code: codeOf[err] }, name)
      continue
    }
    const { signers, unknown } = await opening
    assert.deepEqual(
      signers.map(({ key }) => key.name),
      verified,
      name,
    )
    assert.deepEqual(
      unknown.map((line) => line.name),
      unverified,
      name,
    )
  }
})

test('parseVerifierKey() refuses every substring and every changed byte of the published keys', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { vkeys, bad_vkeys: bad } = readJson<NoteVectors>(folder, 'signed-note/xmod-note.json')
  for (const text of bad) assert.throws(() => parseVerifierKey(sha256, text), { code: 'malformed' })
  for (const text of Object.values(vkeys)) {
    assert.equal(formatVerifierKey(parseVerifierKey(sha256, text)), text)
    for (let from = 0; from <= text.length; from++) {
      for (let to = from; to <= text.length; to++) {
        if (to - from < text.length)
          assert.throws(() => parseVerifierKey(sha256, text.slice(from, to)), { code: 'malformed' })
      }
    }
    for (let at = 0; at < text.length; at++) {
      const bumped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) + 1) + text.slice(at + 1)
      assert.throws(() => parseVerifierKey(sha256, bumped), { code: 'malformed' }, bumped)
    }
  }
})

test('formatNote() writes the published note, signed with the published key', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const vectors = readJson<NoteVectors>(folder, 'signed-note/xmod-note.json')
  const key = parseVerifierKey(sha256, vectors.vkeys['peter'] ?? '')
  const seed = Buffer.from(vectors.skey_peter_TEST_ONLY.split('+').slice(4).join('+'), 'base64').subarray(1)
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const signature = sign(null, Buffer.from(vectors.sign.text), privateKey)
  const note = formatNote(vectors.sign.text, [{ name: key.name, keyId: key.keyId, signature }])
  assert.equal(decodeUtf8(note), vectors.sign.signed)
})

test('openNote() opens the example of the specification', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const examples = readJson<{ example_vkey: string; example_note: string }>(folder, 'signed-note/c2sp-examples.json')
  const { text, signers } = await openNote(
    encodeUtf8(examples.example_note),
    [parseVerifierKey(sha256, examples.example_vkey)],
    verifyEd25519,
  )
  assert.equal(text, 'This is an example message.\n')
  assert.equal(signers.length, 1)
})

test('parseVerifierKey() splits at the first two plus signs only', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { all } = readJson<{ all: readonly string[] }>(folder, 'cosignature/formats-vkeys.json')
  const [plain = '', witness = '', quantum = ''] = all
  // The library that publishes this one does not compare its id, which is another key's.
  assert.throws(() => parseVerifierKey(sha256, quantum), { code: 'malformed' })
  const texts = [plain, witness, quantum.replace('5893dc2c', '31236897')]
  const keys = texts.map((text) => parseVerifierKey(sha256, text))
  assert.deepEqual(
    keys.map(({ type }) => type),
    ['ed25519', 'cosignature', 'ml-dsa-44'],
  )
  assert.deepEqual(keys.map(formatVerifierKey), texts)
  assert.ok(quantum.split('+').length > 3, 'its base64 has plus signs')
})

const name = fc.stringMatching(/^[a-z.#/é-]{1,20}$/)
const line = fc.record(
  { name, keyId: fc.integer({ min: 0, max: 2 ** 32 - 1 }), signature: fc.uint8Array({ minLength: 1, maxLength: 80 }) },
  { noNullPrototype: true },
)
const text = fc
  .array(fc.stringMatching(/^[ -~é—]{0,30}$/), { minLength: 1, maxLength: 6 })
  .map((lines) => `${lines.join('\n')}\n`)

test('parseNote() is the inverse of formatNote(), also for texts with empty lines', () => {
  fc.assert(
    fc.property(text, fc.array(line, { minLength: 1, maxLength: 5 }), (body, signatures) => {
      const parsed = parseNote(formatNote(body, signatures))
      assert.equal(parsed.text, body)
      assert.deepEqual(parsed.signatures, signatures)
    }),
  )
})

test('parseNote() takes nothing that formatNote() would not write', () => {
  const note = formatNote('a\n\nb\n', [{ name: 'n', keyId: 7, signature: Uint8Array.of(1, 2, 3) }])
  for (let at = 0; at < note.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = note.with(at, byte)
      let parsed
      try {
        parsed = parseNote(changed)
      } catch {
        continue
      }
      assert.deepEqual(formatNote(parsed.text, parsed.signatures), changed)
    }
  }
})

test('parseNote() refuses foreign line ends, control characters, invalid UTF-8 and what is too long', () => {
  const good = '— n AAAABwEC\n'
  const wrong = [
    'a\r\n\r\n— n AAAABwEC\r\n',
    `a\0\n\n${good}`,
    `a\t\n\n${good}`,
    `a\n\n${good}x`,
    `a\n\n— n AAAABwEC \n`,
    `a\n\n—  n AAAABwEC\n`,
    `a\n\n- n AAAABwEC\n`,
  ]
  wrong.push(
    `a\n\n— n+ AAAABwEC\n`,
    `a\n\n— n AAAAAA==\n`,
    `a\n\n— n\u2003m AAAABwEC\n`,
    `a\n\n— n\u0085m AAAABwEC\n`,
    `a\n\n— n \n`,
    `a\n${good}`,
    `\n${good}`,
  )
  for (const note of wrong)
    assert.throws(() => parseNote(encodeUtf8(note)), { code: 'malformed' }, JSON.stringify(note))
  assert.throws(() => parseNote(encodeUtf8(`${'a'.repeat(1_048_576)}\n\n${good}`)), { code: 'malformed' })
  assert.equal(parseNote(encodeUtf8(`a\n\n${good.repeat(100)}`)).signatures.length, 100)
  assert.throws(() => parseNote(encodeUtf8(`a\n\n${good.repeat(101)}`)), { code: 'malformed' })
})

test('formatNote() refuses what parseNote() would', () => {
  const signature = { name: 'n', keyId: 7, signature: Uint8Array.of(1) }
  assert.throws(() => formatNote('no newline', [signature]), { code: 'out_of_range' })
  assert.throws(() => formatNote('a\n', []), { code: 'out_of_range' })
  assert.throws(() => formatNote('a\tb\n', [signature]), { code: 'malformed' })
  for (const wrong of ['', 'a b', 'a+b', 'a\nb', '\uD800'])
    assert.throws(() => formatNote('a\n', [{ ...signature, name: wrong }]), { code: 'out_of_range' })
})

test('openNote() ignores a line of a known name under another id, and the other way round', async () => {
  const [signer, other] = [newSigner('log'), newSigner('log')]
  const stranger = { ...other.sign('a\n'), name: 'stranger' }
  const note = formatNote('a\n', [other.sign('b\n'), stranger, signer.sign('a\n')])
  const { signers, unknown } = await openNote(note, [signer.key], verifyEd25519)
  assert.deepEqual(
    signers.map(({ key }) => key),
    [signer.key],
  )
  assert.equal(unknown.length, 2)
})

test('openNote() refuses the note when one trusted key fails though another holds', async () => {
  const [one, two] = [newSigner('one'), newSigner('two')]
  const note = formatNote('a\n', [one.sign('a\n'), two.sign('b\n')])
  await assert.rejects(openNote(note, [one.key, two.key], verifyEd25519), { code: 'signature_invalid' })
})

async function later(...question: Parameters<typeof verifyEd25519>): Promise<boolean> {
  return Promise.resolve(verifyEd25519(...question))
}

test('openNote() works with a check that answers later', async () => {
  const signer = newSigner('log')
  const note = formatNote('a\n', [signer.sign('a\n')])
  assert.equal((await openNote(note, [signer.key], later)).signers.length, 1)
  await assert.rejects(
    openNote(note, [signer.key], async () => Promise.resolve(false)),
    { code: 'signature_invalid' },
  )
})

test('claimsOf() refuses a signature of the wrong length by a trusted key', () => {
  const signer = newSigner('log')
  const cut = { ...signer.sign('a\n'), signature: new Uint8Array(63) }
  assert.throws(() => claimsOf({ text: 'a\n', signatures: [cut] }, [signer.key]), { code: 'signature_invalid' })
})
