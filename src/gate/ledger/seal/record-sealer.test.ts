import assert from 'node:assert/strict'
import { createHash, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { decodeAccessEvent, fieldCharsMax } from '../../../core/mod.ts'
import { CtrStream } from '../../../crypto/mod.ts'
import { assertCanonicalObject, parseRecord, stampRecord as stampLogRecord } from '../../../tlog/mod.ts'
import { stampAt, stampBytes, stampRecord } from '../envelope.ts'
import { openBench, origins, root } from '../test/sealing.ts'
import { eventOf, idOf } from '../test/support.ts'
import { openDataKey } from './data-key.ts'
import { recordBytesOf, textBytesMax } from './layout.ts'
import { createRecordOpener } from './record-opener.ts'
import { RecordSealer } from './record-sealer.ts'
import { SubjectKeys, type WorkingKey } from './subject-keys.ts'

interface Vector {
  readonly [name: string]: string
}

test('a sealed record is the published vector, byte for byte', (t) => {
  const vectors = process.env['GATEHOUSE_VECTORS']
  if (vectors === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set when CI is true')
    return t.diagnostic('not run: GATEHOUSE_VECTORS is unset')
  }
  // A flat object of texts, and three numbers that are read as such below.
  const vector = JSON.parse(readFileSync(join(vectors, 'ledger', 'ghr1.json'), 'utf8')) as Vector
  const bytesOf = (name: string): Buffer => Buffer.from(vector[name] ?? '', 'hex')
  const draws = [Buffer.alloc(16), Buffer.alloc(8), bytesOf('r'), bytesOf('kidNonce'), Buffer.alloc(8)]
  const random = { copy: (target: Buffer, offset: number) => void draws.shift()?.copy(target, offset) }
  const naming = bytesOf('kidKey')
  const keys = new SubjectKeys({ root: { ...root, naming }, maker: 0, nextCount: () => 0 }, random)
  const sealer = new RecordSealer(vector['origin'] ?? '', keys, random)
  const dataKey = openDataKey(bytesOf('dek'))
  const prefix = bytesOf('iv').subarray(0, 12)
  const stream = new CtrStream(dataKey.encryption, prefix)
  const id = { maker: 0, count: Number(vector['rowId']) }
  const material = { id, month: 202611, key: dataKey, unwrittenRow: null }
  const key: WorkingKey = { material, stream, prefix, names: Buffer.alloc(0), namesUsed: 0 }

  const target = Buffer.alloc(2048)
  const write = (shown: string, sealed: string): Buffer => {
    const parts = sealer.begin(fieldCharsMax)
    parts.public.literal(shown)
    parts.sealed.literal(sealed)
    return target.subarray(0, sealer.write(key, target, 0))
  }
  write('{}', `{"x":"${'x'.repeat(72)}"}`)
  assert.equal(stream.block, 7, 'the vector begins with block 7')
  const record = write(vector['public'] ?? '', vector['sealedJson'] ?? '')
  stampRecord(target, 0, { seq: Number(vector['s']), us: Number(vector['u']) })
  assert.equal(record.toString('hex'), vector['record'])
  assert.equal(createHash('sha256').update(Buffer.of(0)).update(record).digest('hex'), vector['leafHash'])

  const store = {
    find: ({ maker, count }: { maker: number; count: number }) => (maker === 0 && count === id.count ? dataKey : null),
  }
  const opener = createRecordOpener({ root: { ...root, naming }, store, originOf: () => vector['origin'] ?? '' })
  assert.equal(Buffer.from(opener.open('access', record).sealedPart ?? []).toString(), vector['sealedJson'])
})

test('any event can be opened again, and both its parts and its frame are as the log demands', () => {
  const bench = openBench()
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.option(fc.string({ maxLength: 200 })),
      fc.integer({ min: 0, max: 1000 }),
      (text, consumerId, seq) => {
        const event = eventOf('request', idOf(1, seq), {
          path: text.toWellFormed(),
          note: text.toWellFormed(),
          consumerId,
        })
        const record = bench.seal(event, seq)
        const parsed = parseRecord(record)
        assert.equal(parsed.sequence, seq)
        const { publicPart, sealedPart } = bench.opener.open('access', record)
        assert.ok(sealedPart !== null)
        assertCanonicalObject(publicPart)
        assertCanonicalObject(sealedPart)
        assert.deepEqual(decodeAccessEvent(publicPart, sealedPart), event)
      },
    ),
  )
})

test('a sealed record is refused when any byte of it was changed, but those that tell its place', () => {
  const bench = openBench()
  const record = bench.seal(eventOf('request', idOf(1, 1), { path: '/p' }))
  const original = bench.opener.open('access', record)
  for (let at = 0; at < record.length; at++) {
    const changed = Buffer.from(record)
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    if (at >= stampAt && at < stampAt + stampBytes) {
      // The stamp is the ledger thread's; the leaf hash binds it. Only numbers that are too large are refused here.
      if ((at - stampAt) % 8 > 1) assert.deepEqual(bench.opener.open('access', changed), original)
      continue
    }
    const refused = (): boolean => bench.opener.open('access', changed).isKeyGone
    // A changed name is that of no key, or of another one.
    const isName = at >= record.length - sealedBytesOf(record) && at < record.length - sealedBytesOf(record) + 16
    if (isName) assert.ok(refused())
    else assert.throws(refused, { code: 'ledger_corrupt' }, `byte ${at}`)
  }
})

test('a record is refused in another log, and with another key', () => {
  const bench = openBench()
  const record = bench.seal(eventOf('request', idOf(1, 1)))
  assert.throws(() => bench.opener.open('audit', record), { code: 'ledger_corrupt' })
  const other = openDataKey(Buffer.alloc(32, 1))
  const opener = createRecordOpener({ root, store: { find: () => other }, originOf: (log) => origins[log] })
  assert.throws(() => opener.open('access', record), { code: 'ledger_corrupt' })
})

test('records of one subject have nothing in common that tells so without the keys', () => {
  const bench = openBench()
  const event = eventOf('request', idOf(1, 1), { consumerId: 'acme', path: '/same' })
  const parts = Array.from({ length: 300 }, () => parseRecord(bench.seal(event)).sealed ?? assert.fail())
  assert.equal(bench.rows.length, 1)
  for (const field of ['keyTag', 'commitment', 'mac'] as const) {
    const values = parts.map((part) => Buffer.from(part[field]))
    assert.equal(new Set(values.map((value) => value.toString('hex'))).size, parts.length, field)
    for (let at = 0; at < (values[0]?.length ?? 0); at++)
      assert.ok(new Set(values.map((value) => value[at])).size > 20, `byte ${at} of ${field}`)
  }
  const starts = new Set(parts.map(({ iv }) => Buffer.from(iv).toString('hex')))
  assert.equal(starts.size, parts.length, 'no block is used twice')
})

test('one record can be shown to somebody without any key, by its salt and text', () => {
  const bench = openBench()
  const record = bench.seal(eventOf('request', idOf(1, 1)))
  const { keyTag, commitment, ciphertext, iv } = parseRecord(record).sealed ?? assert.fail()
  assert.equal(keyTag.length, 16)
  // Whoever has the key gives salt and padded text away; the commitment in the record is over exactly these.
  const { material } = bench.sealer.access(eventOf('request', idOf(1, 2)), textBytesMax).key
  const opened = Buffer.from(decrypt(material.key.encryption, iv, ciphertext))
  assert.equal(
    createHash('sha256').update(Buffer.of(2)).update(opened).digest('hex'),
    Buffer.from(commitment).toString('hex'),
  )
})

test('nothing of what is sealed stands in the clear, and lengths tell no more than a multiple of 32', () => {
  const bench = openBench()
  const lengths = new Set<number>()
  for (let i = 0; i < 64; i++) {
    const record = bench.seal(
      eventOf('request', idOf(1, 1), { path: `/canary${'x'.repeat(i)}`, clientIp: '192.0.2.7' }),
    )
    for (const canary of ['canary', '192.0.2.7', idOf(1, 1)]) assert.ok(!record.includes(canary))
    lengths.add(record.length)
  }
  assert.ok(lengths.size <= 3, `${lengths.size} lengths`)
})

test('the longest record is as long as its layout says', () => {
  assert.equal(recordBytesOf(textBytesMax), 32_768)
  const bench = openBench()
  const scopesHeld = Array.from({ length: 2000 }, (_, i) => `scope-${i}-${'s'.repeat(150)}`)
  const record = bench.seal(eventOf('request', idOf(1, 1), { scopesHeld }))
  assert.ok(record.length <= 32_768)
  const { publicPart, sealedPart } = bench.opener.open('access', record)
  assert.ok(sealedPart !== null && (decodeAccessEvent(publicPart, sealedPart).cut?.bytes ?? 0) > 300_000)
})

test('the stamp of both readers of the format stands in the same place', () => {
  const bench = openBench()
  const record = bench.seal(eventOf('request', idOf(1, 1)), 5)
  const other = Buffer.from(record)
  stampLogRecord(other, { sequence: 5, committedUs: 1_700_000_000_000_005 })
  assert.deepEqual(other, record)
})

function decrypt(key: KeyObject, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  const stream = new CtrStream(key, iv.subarray(0, 12))
  const before = Buffer.from(iv).readUInt32BE(12) * 16
  return stream.encrypt(Buffer.concat([Buffer.alloc(before), bytes])).subarray(before)
}

/** Bytes from the name of the key to the end. */
function sealedBytesOf(record: Buffer): number {
  return record.length - 22 - record.readUInt16BE(20)
}
