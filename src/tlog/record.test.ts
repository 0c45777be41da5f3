import assert from 'node:assert/strict'
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../test/strangers/sample-log.ts'
import { canonicalJson } from './canonical-json.ts'
import { leafHash } from './merkle.ts'
import {
  encodeRecord,
  macInput,
  padPlaintext,
  parsePublicPart,
  parseRecord,
  stampRecord,
  unpadPlaintext,
  type LogRecord,
} from './record.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'

const publicPart = encodeUtf8(canonicalJson({ k: 'request', st: 200 }))
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const sealedParts = fc.record(
  {
    keyTag: bytes16,
    iv: bytes16,
    commitment: bytes32,
    ciphertext: fc
      .integer({ min: 1, max: 4 })
      .chain((blocks) => fc.uint8Array({ minLength: 16 + 32 * blocks, maxLength: 16 + 32 * blocks })),
    mac: bytes32,
  },
  { noNullPrototype: true },
)
const records = fc.record(
  {
    sequence: fc.maxSafeNat(),
    committedUs: fc.maxSafeNat(),
    isControl: fc.boolean(),
    publicPart: fc.constant(publicPart),
    sealed: fc.option(sealedParts),
  },
  { noNullPrototype: true },
)

test('encodeRecord() gives the published record, from keys to leaf hash', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const vector = readJson<Record<string, string> & { s: number; u: number }>(folder, 'ghr1.json')
  const hex = (name: string): Uint8Array => new Uint8Array(Buffer.from(vector[name] ?? '', 'hex'))
  const padded = padPlaintext(encodeUtf8(vector['sealedJson'] ?? ''))
  assert.deepEqual(padded, hex('padded'))
  const salted = Buffer.concat([hex('r'), padded])
  const cipher = createCipheriv('aes-256-ctr', hex('ke'), hex('iv'))
  const part = {
    keyTag: hex('kid'),
    iv: hex('iv'),
    commitment: new Uint8Array(createHash('sha256').update(Uint8Array.of(2)).update(salted).digest()),
    ciphertext: new Uint8Array(Buffer.concat([cipher.update(salted), cipher.final()])),
  }
  assert.deepEqual([part.commitment, part.ciphertext], [hex('commit'), hex('ciphertext')])
  const unsealed = { isControl: false, publicPart: encodeUtf8(vector['public'] ?? ''), sealed: part }
  const covered = macInput(vector['origin'] ?? '', unsealed)
  assert.deepEqual(covered, hex('tagInput'))
  const mac = new Uint8Array(createHmac('sha256', hex('kc')).update(covered).digest())
  const record: LogRecord = { ...unsealed, sequence: vector.s, committedUs: vector.u, sealed: { ...part, mac } }
  assert.deepEqual(encodeRecord(record), hex('record'))
  assert.deepEqual(parseRecord(hex('record')), record)
  assert.equal(canonicalJson(parsePublicPart(record)), vector['public'])
  assert.deepEqual(leafHash(sha256, encodeRecord(record)), hex('leafHash'))
})

test('parseRecord() is the inverse of encodeRecord()', () => {
  fc.assert(fc.property(records, (record) => assert.deepEqual(parseRecord(encodeRecord(record)), record)))
})

test('parseRecord() takes nothing that encodeRecord() would not write, for every byte changed', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.nat(255), (record, at, byte) => {
      const encoded = encodeRecord(record)
      const changed = encoded.with(at % encoded.length, byte)
      let parsed
      try {
        parsed = parseRecord(changed)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'malformed') // whatever is thrown must have the code
        return
      }
      assert.deepEqual(encodeRecord(parsed), changed)
    }),
  )
})

test('parseRecord() refuses every cut record, and bytes after its end', () => {
  fc.assert(
    fc.property(records, (record) => {
      const encoded = encodeRecord(record)
      for (let length = 0; length < encoded.length; length++)
        assert.throws(() => parseRecord(encoded.subarray(0, length)), { code: 'malformed' })
      assert.throws(() => parseRecord(Buffer.concat([encoded, Uint8Array.of(0)])), { code: 'malformed' })
    }),
    { numRuns: 10 },
  )
})

test('parseRecord() refuses a ciphertext that no padded plaintext can have given', () => {
  const sealed = {
    keyTag: new Uint8Array(16),
    iv: new Uint8Array(16),
    commitment: new Uint8Array(32),
    mac: new Uint8Array(32),
  }
  for (const length of [0, 16, 47, 49, 64, 79, 80]) {
    const bytes = encodeRecord({
      sequence: 0,
      committedUs: 0,
      isControl: false,
      publicPart,
      sealed: { ...sealed, ciphertext: new Uint8Array(length) },
    })
    if (length === 80) parseRecord(bytes)
    else assert.throws(() => parseRecord(bytes), { code: 'malformed' }, String(length))
  }
})

test('stampRecord() changes the stamp and nothing else', () => {
  fc.assert(
    fc.property(records, fc.maxSafeNat(), fc.maxSafeNat(), (record, sequence, committedUs) => {
      const encoded = encodeRecord({ ...record, sequence: 0, committedUs: 0 })
      stampRecord(encoded, { sequence, committedUs })
      assert.deepEqual(encoded, encodeRecord({ ...record, sequence, committedUs }))
    }),
  )
})

test('macInput() does not depend on the stamp, and on everything else', () => {
  const sealed = {
    keyTag: new Uint8Array(16),
    iv: new Uint8Array(16),
    commitment: new Uint8Array(32),
    ciphertext: new Uint8Array(48),
  }
  const record = { isControl: false, publicPart, sealed }
  const other = [
    { ...record, isControl: true },
    { ...record, publicPart: encodeUtf8('{}') },
    { ...record, sealed: { ...sealed, iv: new Uint8Array(16).fill(1) } },
  ]
  const inputs = [macInput('a', record), macInput('b', record), ...other.map((one) => macInput('a', one))].map(
    (input) => Buffer.from(input).toString('hex'),
  )
  assert.equal(new Set(inputs).size, 5)
})

test('parsePublicPart() refuses anything but a canonical object', () => {
  for (const text of ['[]', '"a"', '1', 'true', '{"b":1,"a":2}', '{ }', '', '{"a":null}']) {
    assert.throws(() => parsePublicPart({ publicPart: encodeUtf8(text) }), { code: 'malformed' }, text)
  }
})

test('encodeRecord() refuses a record of more than 32,768 bytes', () => {
  const record = { sequence: 0, committedUs: 0, isControl: false, sealed: null }
  assert.equal(encodeRecord({ ...record, publicPart: new Uint8Array(32_746) }).length, 32_768)
  assert.throws(() => encodeRecord({ ...record, publicPart: new Uint8Array(32_747) }), { code: 'out_of_range' })
})

test('unpadPlaintext() is the inverse of padPlaintext() and refuses every other padding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (plaintext) => {
      const padded = padPlaintext(plaintext)
      assert.equal(padded.length % 32, 0)
      assert.deepEqual(unpadPlaintext(padded), plaintext)
      assert.throws(() => unpadPlaintext(Buffer.concat([padded, new Uint8Array(32)])), { code: 'malformed' })
    }),
  )
  for (const wrong of [
    new Uint8Array(0),
    new Uint8Array(32),
    new Uint8Array(32).fill(0x81),
    encodeUtf8('a'.repeat(32)),
  ]) {
    assert.throws(() => unpadPlaintext(wrong), { code: 'malformed' })
  }
  assert.equal(decodeUtf8(unpadPlaintext(padPlaintext(encodeUtf8('a\0')))), 'a\0')
})
