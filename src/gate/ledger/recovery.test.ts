import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { Batch } from './commit.ts'
import { recordHeadBytes, writeRecord } from './envelope.ts'
import { readOpenMark, recoveryDirOf, walDirOf, writeOpenMark } from './files.ts'
import { openLedgerReader } from './mod.ts'
import { recoverLog } from './recovery.ts'
import { eventsOf, idOf, jsonOf, memoryDir, readAll, temporaryDir } from './test/support.ts'
import { batchHeaderBytes, noDigest, walHeaderBytes, walNameOf, walRecordsMax } from './wal-format.ts'
import { type WalPosition, WalWriter } from './wal-writer.ts'

const start: WalPosition = { fileSeq: null, offset: walHeaderBytes, nextSeq: 0, prev: noDigest, lastUs: 0 }

/** Writes batches as the ledger thread does; returns the offset and length of each. */
function writeBatches(
  dir: string,
  batches: readonly (readonly string[])[],
  position: WalPosition = start,
): { offset: number; bytes: number }[] {
  const walDir = walDirOf(dir, 'access')
  mkdirSync(walDir, { recursive: true })
  using writer = new WalWriter({ walDir, position, boot: new Uint8Array(16), wallMs: () => 5, beat: () => {} })
  const batch = new Batch()
  const places: { offset: number; bytes: number }[] = []
  const record = Buffer.alloc(40_000)
  let prev: Buffer = Buffer.from(position.prev)
  let offset = position.offset
  for (const texts of batches) {
    if (writer.recordsLeft === 0) {
      writer.rotate()
      offset = walHeaderBytes
    }
    batch.begin({ seq: writer.nextSeq, recordsMax: writer.recordsLeft, us: 7 })
    for (const text of texts) batch.add(record, 0, writeRecord(record, 0, text))
    const sealed = batch.seal(prev)
    writer.write(sealed.bytes, texts.length)
    prev = sealed.digest
    places.push({ offset, bytes: sealed.bytes.length })
    offset += sealed.bytes.length
  }
  return places
}

const textsOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => jsonOf('request', idOf(1, from + i)))
const newestOf = (dir: string): string =>
  join(
    walDirOf(dir, 'access'),
    readdirSync(walDirOf(dir, 'access'))
      .filter((name) => name.endsWith('.wal'))
      .sort()
      .at(-1) ?? '',
  )
const begun = (count: number): string => jsonOf('opened', idOf(1, count), { path: `/${count}` })
const idsOf = (dir: string): string[] => eventsOf(openLedgerReader(dir)).map((event) => event.id)
const range = (to: number): string[] => Array.from({ length: to }, (_, i) => idOf(1, i))
const corrupt = (path: string, offset: number) => (error: Error & { code?: string }) =>
  error.code === 'ledger_corrupt' && error.message.includes(path) && error.message.includes(`offset ${offset}:`)

test('recoverLog() finds nothing in a new folder, and makes it', () => {
  using folder = temporaryDir(memoryDir)
  assert.deepEqual(recoverLog(folder.dir, 'access'), { position: { ...start }, open: new Map(), notices: [] })
})

test('recoverLog() cuts a torn last batch at every byte of it, keeps the bytes, and writing goes on', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 3), textsOf(3, 4), ['{"kind":"x"}', '{"kind":"y"}']])
  const last = places.at(-1) ?? { offset: 0, bytes: 0 }
  const path = newestOf(folder.dir)
  const whole = `${folder.dir}-whole`
  cpSync(folder.dir, whole, { recursive: true })
  for (let cut = 0; cut < last.bytes; cut++) {
    for (const kind of ['shorter', 'zeros'] as const) {
      copyFileSync(path.replace(folder.dir, whole), path)
      const bytes = readFileSync(path)
      if (kind === 'shorter') truncateSync(path, last.offset + cut)
      else writeFileSync(path, bytes.fill(0, last.offset + cut, last.offset + last.bytes))
      const { position, notices } = recoverLog(folder.dir, 'access')
      assert.equal(position.nextSeq, 4)
      assert.equal(position.offset, last.offset)
      assert.equal(statSync(path).size, last.offset)
      assert.equal(notices.length, cut === 0 ? 0 : 1)
      if (cut === 0 || kind === 'zeros') continue
      const kept = readFileSync(notices[0]?.keptAt ?? '')
      assert.deepEqual(kept.subarray(0, cut), bytes.subarray(last.offset, last.offset + kept.length))
    }
  }
  writeBatches(folder.dir, [textsOf(4, 6)], recoverLog(folder.dir, 'access').position)
  assert.deepEqual(idsOf(folder.dir), range(6))
  assert.ok(readdirSync(recoveryDirOf(folder.dir, 'access')).length > 0)
})

test('recoverLog() cuts a last batch of which any one byte was not written', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 2), ['{"kind":"x"}']])
  const last = places.at(-1) ?? { offset: 0, bytes: 0 }
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  for (let at = last.offset; at < last.offset + last.bytes; at++) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 0x55
    writeFileSync(path, bytes)
    const { position, notices } = recoverLog(folder.dir, 'access')
    assert.deepEqual([position.nextSeq, notices.length], [2, 1])
  }
})

test('recoverLog() refuses a flipped byte anywhere in an earlier batch, and names the place', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 1), ['{"kind":"x"}'], textsOf(2, 3)])
  const earlier = places[1] ?? { offset: 0, bytes: 0 }
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  for (let at = earlier.offset; at < earlier.offset + earlier.bytes; at++) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
    assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, earlier.offset))
    assert.throws(() => readAll(openLedgerReader(folder.dir)), corrupt(path, earlier.offset))
  }
})

test('recoverLog() refuses a batch that was taken out, replaced, or cut away below a later file', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 1), textsOf(1, 2), textsOf(2, 3)])
  const [, second, third] = places
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  const without = Buffer.concat([whole.subarray(0, second?.offset), whole.subarray(third?.offset)])
  writeFileSync(path, without)
  assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, second?.offset ?? 0))

  // The same records in a batch that is sound in itself, but not the one that its successor names.
  using other = temporaryDir(memoryDir)
  writeBatches(other.dir, [textsOf(0, 1), [jsonOf('request', idOf(9, 1))], textsOf(2, 3)])
  const foreign = readFileSync(newestOf(other.dir))
  const replaced = Buffer.from(whole)
  foreign.copy(replaced, second?.offset, second?.offset, third?.offset)
  writeFileSync(path, replaced)
  assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, third?.offset ?? 0))

  writeFileSync(path, whole.subarray(0, (third?.offset ?? 0) + 10))
  writeFileSync(join(dirname(path), walNameOf(3)), readFileSync(path))
  assert.throws(() => recoverLog(folder.dir, 'access'), { code: 'ledger_corrupt' })
})

test('recoverLog() refuses bytes where no single write can have put them', () => {
  using folder = temporaryDir(memoryDir)
  const [first] = writeBatches(folder.dir, [textsOf(0, 1)])
  const path = newestOf(folder.dir)
  const bytes = Buffer.alloc(walHeaderBytes + 6 * 1024 * 1024)
  readFileSync(path).copy(bytes)
  bytes[bytes.length - 1] = 1
  writeFileSync(path, bytes)
  assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, walHeaderBytes + (first?.bytes ?? 0)))
})

test('recoverLog() removes a newest file whose header was cut off, and goes on in the one before', () => {
  using folder = temporaryDir(memoryDir)
  writeBatches(folder.dir, [textsOf(0, 2)])
  for (const length of [0, 1, 30, walHeaderBytes - 1]) {
    const header = readFileSync(newestOf(folder.dir)).subarray(0, length)
    writeFileSync(join(walDirOf(folder.dir, 'access'), walNameOf(2)), Buffer.concat([header, Buffer.alloc(1000)]))
    const { position, notices } = recoverLog(folder.dir, 'access')
    assert.deepEqual([position.fileSeq, position.nextSeq, notices.length], [0, 2, length === 0 ? 0 : 1])
  }
})

test('recoverLog() finds the answers that had begun and have no end', () => {
  using folder = temporaryDir(memoryDir)
  writeBatches(folder.dir, [
    [begun(1), begun(2)],
    [jsonOf('request', idOf(1, 1)), begun(3)],
    [jsonOf('amended', idOf(1, 2))],
  ])
  const { open } = recoverLog(folder.dir, 'access')
  assert.deepEqual([...open.keys()], [idOf(1, 2), idOf(1, 3)])
  assert.equal(open.get(idOf(1, 3))?.toString(), begun(3))
})

test('recoverLog() looks for begun answers from the open mark on, over rotations, and reads no older file in full', () => {
  using folder = temporaryDir(memoryDir)
  const filler = Array.from({ length: 4096 }, () => '{"kind":"x"}')
  const file = Array.from({ length: walRecordsMax / 4096 }, () => filler)
  writeBatches(folder.dir, [
    ...file.slice(1),
    [jsonOf('opened', idOf(1, 7)), ...filler.slice(1)],
    ...file,
    ...file,
    ...file,
    filler,
  ])
  assert.deepEqual(
    [...recoverLog(folder.dir, 'access').open.keys()],
    [idOf(1, 7)],
    'without a mark, from the beginning',
  )
  writeOpenMark(folder.dir, 'access', walRecordsMax - 4096)
  assert.deepEqual([...recoverLog(folder.dir, 'access').open.keys()], [idOf(1, 7)])
  writeOpenMark(folder.dir, 'access', 4 * walRecordsMax)
  const recovered = recoverLog(folder.dir, 'access')
  assert.equal(recovered.open.size, 0)
  assert.equal(recovered.position.nextSeq, 4 * walRecordsMax + 4096)
  assert.equal(recovered.position.fileSeq, 4 * walRecordsMax)
  using reader = openLedgerReader(folder.dir)
  for (const seq of [0, walRecordsMax - 1, walRecordsMax, 3 * walRecordsMax + 5, 4 * walRecordsMax + 4095]) {
    assert.equal(reader.read(seq, { bytesMax: 1, recordsMax: 10 })[0]?.seq, seq)
  }
  assert.equal(reader.size, 4 * walRecordsMax + 4096)
})

test('readOpenMark() takes a missing or damaged mark for the beginning', () => {
  using folder = temporaryDir(memoryDir)
  assert.equal(readOpenMark(folder.dir, 'access'), 0)
  mkdirSync(join(folder.dir, 'access'), { recursive: true })
  writeOpenMark(folder.dir, 'access', 123_456)
  assert.equal(readOpenMark(folder.dir, 'access'), 123_456)
  const path = join(folder.dir, 'access', 'open-from')
  writeFileSync(path, readFileSync(path, 'latin1').replace('123456', '923456'))
  assert.equal(readOpenMark(folder.dir, 'access'), 0)
})

test('a reader sees the same records however they were split into batches', () => {
  const splits = fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(
      splits,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 7 }),
      (batches, bytesMax, recordsMax) => {
        using split = temporaryDir(memoryDir)
        using whole = temporaryDir(memoryDir)
        writeBatches(split.dir, batches)
        writeBatches(whole.dir, [batches.flat()])
        const read = (dir: string): [number, number, string][] => {
          using reader = openLedgerReader(dir)
          const all: [number, number, string][] = []
          for (;;) {
            const records = reader.read(all.length, { bytesMax, recordsMax })
            if (records.length === 0) return all
            assert.ok(records.length <= recordsMax)
            assert.ok(records.length === 1 || records.reduce((sum, record) => sum + record.bytes.length, 0) <= bytesMax)
            for (const { seq, recordedAtUs, bytes } of records)
              all.push([seq, recordedAtUs, Buffer.from(bytes).toString()])
          }
        }
        const expected = batches.flat().map((text, seq) => [seq, 7, text])
        assert.deepEqual(read(split.dir), expected)
        assert.deepEqual(read(whole.dir), expected)
      },
    ),
    { numRuns: 40 },
  )
})

test('a reader takes a batch that is being written for the end, and sees it when it is whole', () => {
  using folder = temporaryDir(memoryDir)
  const [first, second] = writeBatches(folder.dir, [textsOf(0, 2), textsOf(2, 4)])
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  writeFileSync(path, Buffer.from(whole).fill(0, (second?.offset ?? 0) + batchHeaderBytes + recordHeadBytes))
  using reader = openLedgerReader(folder.dir)
  assert.equal(readAll(reader).length, 2)
  assert.equal(reader.size, 2)
  writeFileSync(path, whole)
  assert.equal(reader.size, 4)
  assert.equal(reader.read(2, { bytesMax: 1 << 20, recordsMax: 10 }).length, 2)
  assert.ok((first?.bytes ?? 0) > 0)
})
