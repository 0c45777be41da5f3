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
import { encodeRecord, encodeUtf8, parseRecord } from '../../tlog/mod.ts'
import { recordHeadBytes } from './envelope.ts'
import { readOpenMark, recoveryDirOf, walDirOf, writeOpenMark } from './files.ts'
import { LogEntries } from './log-entries.ts'
import { type Recovered, recoverLog } from './recovery.ts'
import { memoryDir, temporaryDir } from './test/support.ts'
import { batchHeaderBytes, noDigest, walHeaderBytes, walNameOf, walRecordsMax } from './wal-format.ts'
import { type WalPosition, WalWriter } from './wal-writer.ts'

const start: WalPosition = { fileSeq: null, offset: walHeaderBytes, nextSeq: 0, prev: noDigest, lastUs: 0, peaks: [] }

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
  let prev: Buffer = Buffer.from(position.prev)
  let offset = position.offset
  for (const texts of batches) {
    if (writer.recordsLeft === 0) {
      writer.rotate()
      offset = walHeaderBytes
    }
    batch.begin({ seq: writer.nextSeq, recordsMax: writer.recordsLeft, us: 7 })
    for (const text of texts) batch.add(recordOf(text), 0, recordOf(text).length)
    const sealed = batch.seal(prev)
    writer.write(sealed.bytes, texts.length)
    prev = sealed.digest
    places.push({ offset, bytes: sealed.bytes.length })
    offset += sealed.bytes.length
  }
  return places
}

/** A record without a sealed part; its stamp is the ledger's. */
function recordOf(text: string): Buffer {
  return Buffer.from(
    encodeRecord({ sequence: 0, committedUs: 0, isControl: false, publicPart: encodeUtf8(text), sealed: null }),
  )
}

/** The texts of all records, from some on. */
function readTexts(dir: string, from = 0): string[] {
  const entries = new LogEntries(dir, 'access', null)
  const texts: string[] = []
  for (;;) {
    const read = entries.read(from + texts.length, { bytesMax: 256 * 1024, recordsMax: 1000 })
    if (read.length === 0) return texts
    for (const { bytes } of read) texts.push(Buffer.from(parseRecord(bytes).publicPart).toString())
  }
}

const textOf = (count: number): string => `{"k":"request","n":${count}}`
const textsOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => textOf(from + i))
const newestOf = (dir: string): string =>
  join(
    walDirOf(dir, 'access'),
    readdirSync(walDirOf(dir, 'access'))
      .filter((name) => name.endsWith('.wal'))
      .sort()
      .at(-1) ?? '',
  )
const begun = (count: number): string => `{"k":"opened","o":"${count}"}`
const ended = (count: number): string => `{"k":"request","o":"${count}"}`
/** The marks of the answers that have no end. */
const openOf = ({ open }: Recovered): (string | undefined)[] =>
  open.map(({ bytes }) => /"o":"(\d+)"/.exec(bytes.toString('latin1'))?.[1])
const corrupt = (path: string, offset: number) => (error: Error & { code?: string }) =>
  error.code === 'ledger_corrupt' && error.message.includes(path) && error.message.includes(`offset ${offset}:`)

test('recoverLog() finds nothing in a new folder, and makes it', () => {
  using folder = temporaryDir(memoryDir)
  assert.deepEqual(recoverLog(folder.dir, 'access'), {
    position: { ...start },
    open: [],
    notices: [],
    checkpoints: { last: null, lastAt: 0, end: 0, tornEnd: null },
  })
})

test('recoverLog() cuts a torn last batch at every byte of it, keeps the bytes, and writing goes on', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 3), textsOf(3, 4), textsOf(4, 6)])
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
  assert.deepEqual(readTexts(folder.dir), textsOf(0, 6))
  assert.ok(readdirSync(recoveryDirOf(folder.dir, 'access')).length > 0)
})

test('recoverLog() cuts a last batch of which any one byte was not written', () => {
  using folder = temporaryDir(memoryDir)
  const places = writeBatches(folder.dir, [textsOf(0, 2), textsOf(2, 3)])
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
  const places = writeBatches(folder.dir, [textsOf(0, 1), textsOf(1, 2), textsOf(2, 3)])
  const earlier = places[1] ?? { offset: 0, bytes: 0 }
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  for (let at = earlier.offset; at < earlier.offset + earlier.bytes; at++) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
    assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, earlier.offset))
    assert.throws(() => readTexts(folder.dir), corrupt(path, earlier.offset))
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
  writeBatches(other.dir, [textsOf(0, 1), [textOf(9)], textsOf(2, 3)])
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

test('recoverLog() names every fault, not only the first, and changes nothing', () => {
  using folder = temporaryDir(memoryDir)
  const filler = Array.from({ length: 4096 }, () => textOf(1))
  const file = Array.from({ length: walRecordsMax / 4096 }, () => filler)
  const places = writeBatches(folder.dir, [...file, ...file, textsOf(0, 3), textsOf(3, 4)])
  const paths = [0, walRecordsMax, 2 * walRecordsMax].map((seq) => join(walDirOf(folder.dir, 'access'), walNameOf(seq)))
  const wrong = [places[3], places[19], places[32]].map((place) => place?.offset ?? 0)
  for (const [at, path] of paths.entries()) {
    const bytes = readFileSync(path)
    const flipped = (wrong[at] ?? 0) + 100
    bytes[flipped] = (bytes[flipped] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }
  const before = paths.map((path) => readFileSync(path))
  for (const [at, path] of paths.entries())
    assert.throws(() => recoverLog(folder.dir, 'access'), corrupt(path, wrong[at] ?? 0))
  assert.deepEqual(
    paths.map((path) => readFileSync(path)),
    before,
  )
})

test('recoverLog() finds the answers that had begun and have no end', () => {
  using folder = temporaryDir(memoryDir)
  writeBatches(folder.dir, [[begun(1), begun(2)], [ended(1), begun(3)], ['{"k":"amended","o":"2"}']])
  assert.deepEqual(openOf(recoverLog(folder.dir, 'access')), ['2', '3'])
})

test('recoverLog() looks for begun answers where the open mark says, and over rotations', () => {
  using folder = temporaryDir(memoryDir)
  const filler = Array.from({ length: 4096 }, () => textOf(1))
  const file = Array.from({ length: walRecordsMax / 4096 }, () => filler)
  writeBatches(folder.dir, [
    ...file.slice(1),
    [begun(7), begun(8), ...filler.slice(2)],
    ...file,
    ...file,
    ...file,
    [ended(8), ...filler.slice(1)],
  ])
  const seqs = [walRecordsMax - 4096, walRecordsMax - 4095]
  assert.deepEqual(openOf(recoverLog(folder.dir, 'access')), ['7'], 'without a mark, from the beginning')
  writeOpenMark(folder.dir, 'access', { at: walRecordsMax, open: seqs })
  assert.deepEqual(openOf(recoverLog(folder.dir, 'access')), ['7'])
  writeOpenMark(folder.dir, 'access', { at: 4 * walRecordsMax, open: seqs })
  const recovered = recoverLog(folder.dir, 'access')
  assert.deepEqual(openOf(recovered), ['7'])
  assert.equal(recovered.position.nextSeq, 4 * walRecordsMax + 4096)
  assert.equal(recovered.position.fileSeq, 4 * walRecordsMax)
  const entries = new LogEntries(folder.dir, 'access', null)
  for (const seq of [0, walRecordsMax - 1, walRecordsMax, 3 * walRecordsMax + 5, 4 * walRecordsMax + 4095]) {
    assert.equal(entries.read(seq, { bytesMax: 1, recordsMax: 10 })[0]?.seq, seq)
  }
  assert.equal(entries.size(), 4 * walRecordsMax + 4096)
})

test('readOpenMark() takes a missing or damaged mark for none', () => {
  using folder = temporaryDir(memoryDir)
  assert.equal(readOpenMark(folder.dir, 'access'), null)
  mkdirSync(join(folder.dir, 'access'), { recursive: true })
  const path = join(folder.dir, 'access', 'open-from')
  for (const open of [[], [3], [1, 123_455]]) {
    writeOpenMark(folder.dir, 'access', { at: 123_456, open })
    assert.deepEqual(readOpenMark(folder.dir, 'access'), { at: 123_456, open })
    writeFileSync(path, readFileSync(path, 'latin1').replace('123456', '923456'))
    assert.equal(readOpenMark(folder.dir, 'access'), null)
  }
})

test('read() finds the same records however they were split into batches', () => {
  const texts = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 7 }),
      (lengths, bytesMax, recordsMax) => {
        using split = temporaryDir(memoryDir)
        using whole = temporaryDir(memoryDir)
        const batches = lengths.map((batch) => batch.map((length) => `{"t":"${'é'.repeat(length)}"}`))
        writeBatches(split.dir, batches)
        writeBatches(whole.dir, [batches.flat()])
        const read = (dir: string): [number, number, string][] => {
          const entries = new LogEntries(dir, 'access', null)
          const all: [number, number, string][] = []
          for (;;) {
            const found = entries.read(all.length, { bytesMax, recordsMax })
            if (found.length === 0) return all
            assert.ok(found.length <= recordsMax)
            assert.ok(found.length === 1 || found.reduce((sum, entry) => sum + entry.bytes.length, 0) <= bytesMax)
            for (const { seq, bytes } of found) {
              const record = parseRecord(bytes)
              all.push([seq, record.committedUs, Buffer.from(record.publicPart).toString()])
            }
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

test('read() takes a batch that is being written for the end, and sees it when it is whole', () => {
  using folder = temporaryDir(memoryDir)
  const [first, second] = writeBatches(folder.dir, [textsOf(0, 2), textsOf(2, 4)])
  const path = newestOf(folder.dir)
  const whole = readFileSync(path)
  writeFileSync(path, Buffer.from(whole).fill(0, (second?.offset ?? 0) + batchHeaderBytes + recordHeadBytes))
  const entries = new LogEntries(folder.dir, 'access', null)
  assert.deepEqual(readTexts(folder.dir), textsOf(0, 2))
  assert.equal(entries.size(), 2)
  writeFileSync(path, whole)
  assert.equal(entries.size(), 4)
  assert.equal(entries.read(2, { bytesMax: 1 << 20, recordsMax: 10 }).length, 2)
  assert.ok((first?.bytes ?? 0) > 0)
})
