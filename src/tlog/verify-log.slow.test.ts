import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { attacks, edit, flipBit, rollBack } from '../../test/strangers/attacks.ts'
import { copyInMemory, folderFiles, memoryFiles, type Files } from '../../test/strangers/files.ts'
import {
  newSigner,
  sampleCheckpoint,
  sampleRecord,
  sampleRecords,
  sha256,
  signedCheckpoint,
  verifyEd25519,
  writeSampleLog,
} from '../../test/strangers/sample-log.ts'
import { encodeBundle } from './entry-bundle.ts'
import type { FaultKind } from './log-faults.ts'
import { vectorsFolder } from './test/vectors.ts'
import { tilePath } from './tile-path.ts'
import { parseVerifierKey } from './verifier-key.ts'
import { verifyLog, type LogReport, type VerifyLogOptions } from './verify-log.ts'

const origin = 'example.com/log'
const log = newSigner(origin)
const records = sampleRecords(700)
const sample = sampleOf(records)
const trust = { hash: sha256, verify: verifyEd25519, keys: [log.key], origin }

function sampleOf(entries: readonly Uint8Array[], signers = [log]): Files {
  const files = memoryFiles()
  writeSampleLog(files, entries, { signers, origin })
  return files
}

async function verify(files: Files, options: Partial<VerifyLogOptions> = {}): Promise<LogReport> {
  return verifyLog({ ...trust, read: async (path) => files.read(path), ...options })
}

/** The report after the files were changed, which are a copy. */
async function verifyChanged(
  change: (files: Files) => void,
  options: Partial<VerifyLogOptions> = {},
  base = sample,
): Promise<LogReport> {
  const files = copyInMemory(base)
  change(files)
  return verify(files, options)
}

/** Faults, short: `tile 256-512 tile/0/001 @0`. */
function summary({ faults }: LogReport): readonly string[] {
  return faults.map(({ kind, from, to, file, offset }) =>
    [kind, `${from}-${to}`, file, offset === null ? '' : `@${offset}`].filter(Boolean).join(' '),
  )
}

test('verifyLog() takes logs of every shape of the right edge', async () => {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 513, 700]) {
    const report = await verify(sampleOf(records.slice(0, size)))
    assert.deepEqual(summary(report), [])
    assert.deepEqual(
      [report.verdict, report.size, report.entriesChecked, report.signers],
      ['intact', size, size, [origin]],
    )
  }
})

test('verifyLog() takes the published log at all of its 16 checkpoints', async (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const published = folderFiles(join(folder, 'tlog-tiles/tessera-log'))
  const key = parseVerifierKey(sha256, readFileSync(join(folder, 'tlog-tiles/tessera-log.vkey'), 'utf8').trim())
  const history = Array.from({ length: 16 }, (_, size) => published.read(`checkpoint.${size}`) ?? new Uint8Array(0))
  for (const [size, checkpoint] of history.entries()) {
    const report = await verify(published, {
      keys: [key],
      origin: key.name,
      entries: 'opaque',
      read: async (path) => (path === 'checkpoint' ? checkpoint : published.read(path)),
      since: history[Math.floor(size / 2)] ?? checkpoint,
      history: history.slice(0, size + 1),
    })
    assert.deepEqual([report.verdict, report.entriesChecked, summary(report)], ['intact', size, []])
  }
})

const manySmall = Array.from({ length: 65_536 + 300 }, (_, at) => Uint8Array.of(at >> 16, (at >> 8) & 255, at & 255))
const big = sampleOf(manySmall)

test('verifyLog() takes a log with two full levels', async () => {
  const report = await verify(big, { entries: 'opaque' })
  assert.deepEqual([report.verdict, report.entriesChecked], ['intact', manySmall.length])
})

test('verifyLog() finds the places of faults in every level of a log at once', async () => {
  const report = await verifyChanged(
    (files) => {
      edit(files, 'tile/2/000.p/1', (bytes) => flipBit(bytes, 0))
      edit(files, 'tile/1/000', (bytes) => flipBit(bytes, 32 * 7))
      edit(files, 'tile/0/030', (bytes) => flipBit(bytes, 32 * 9))
      edit(files, 'tile/entries/020', (bytes) => flipBit(bytes, 12))
    },
    { entries: 'opaque' },
    big,
  )
  assert.deepEqual(summary(report).toSorted(), [
    'bundle 5122-5123 tile/entries/020 @10',
    'tile 0-65536 tile/2/000.p/1 @0',
    'tile 1792-2048 tile/1/000 @224',
    'tile 7689-7690 tile/0/030 @288',
  ])
})

test('verifyLog() blames a tile of the second level alone when all below it is right', async () => {
  const report = await verifyChanged(
    (files) => edit(files, 'tile/1/000', (bytes) => flipBit(bytes, 32 * 7)),
    { entries: 'opaque' },
    big,
  )
  assert.deepEqual(summary(report), ['tile 1792-2048 tile/1/000 @224'])
})

test('verifyLog() finds a tile of the second level missing, and what is wrong below it', async () => {
  const report = await verifyChanged(
    (files) => {
      files.remove('tile/1/000')
      edit(files, 'tile/entries/020', (bytes) => flipBit(bytes, 12))
    },
    { entries: 'opaque' },
    big,
  )
  assert.deepEqual(summary(report), ['missing 0-65536 tile/1/000', 'bundle 5122-5123 tile/entries/020 @10'])
})

for (const attack of attacks) {
  test(`verifyLog() finds ${attack.name}`, async () => {
    assert.ok(attack.applies(sample))
    const report = await verifyChanged((files) => attack.run(files))
    assert.equal(report.verdict, 'tampered')
    assert.ok(report.faultsTotal > 0)
  })
}

async function faultsAfter(change: (files: Files) => void): Promise<readonly string[]> {
  return summary(await verifyChanged(change))
}

test('verifyLog() names the place of each fault', async () => {
  const size = records[0]?.length ?? 0
  assert.deepEqual(await faultsAfter((files) => edit(files, 'tile/entries/001', (bytes) => flipBit(bytes, 5))), [
    'bundle 256-257 tile/entries/001 @0',
  ])
  assert.deepEqual(await faultsAfter((files) => edit(files, 'tile/0/001', (bytes) => flipBit(bytes, 70))), [
    'tile 258-259 tile/0/001 @64',
  ])
  assert.deepEqual(await faultsAfter((files) => edit(files, 'tile/1/000.p/2', (bytes) => flipBit(bytes, 33))), [
    'tile 256-512 tile/1/000.p/2 @32',
  ])
  assert.deepEqual(await faultsAfter((files) => edit(files, 'tile/0/002.p/188', (bytes) => flipBit(bytes, 33))), [
    'tile 513-514 tile/0/002.p/188 @32',
  ])
  assert.deepEqual(await faultsAfter((files) => files.remove('tile/entries/001')), ['missing 256-512 tile/entries/001'])
  assert.deepEqual(await faultsAfter((files) => files.remove('tile/0/002.p/188')), ['missing 512-700 tile/0/002.p/188'])
  assert.deepEqual(
    await faultsAfter((files) => edit(files, 'tile/entries/000', (bytes) => bytes.subarray(0, (2 + size) * 3 + 1))),
    ['bundle 3-256 tile/entries/000 @'.concat(String((2 + size) * 3))],
  )
  assert.deepEqual(await faultsAfter((files) => edit(files, 'tile/0/000', (bytes) => bytes.subarray(1))), [
    'tile 0-256 tile/0/000',
  ])
})

test('verifyLog() says of swapped bundles and tiles that all four are wrong', async () => {
  const swap = attacks.find(({ name }) => name === 'two bundles and their tiles swapped')
  const report = await verifyChanged((files) => swap?.run(files))
  assert.deepEqual(summary(report), [
    'tile 0-256 tile/0/000',
    'bundle 0-256 tile/entries/000',
    'tile 256-512 tile/0/001',
    'bundle 256-512 tile/entries/001',
  ])
})

test('verifyLog() reports every fault of a log with many, and none that is not there', async () => {
  const report = await verifyChanged((files) => {
    edit(files, 'tile/entries/000', (bytes) => flipBit(bytes, 2))
    edit(files, 'tile/0/001', (bytes) => flipBit(bytes, 0))
    edit(files, 'tile/1/000.p/2', (bytes) => flipBit(bytes, 0))
    edit(files, 'tile/entries/002.p/188', (bytes) => flipBit(bytes, bytes.length - 1))
  })
  const kinds = report.faults.map(({ kind, file }) => `${kind} ${file}`)
  assert.deepEqual(kinds, [
    'tile tile/1/000.p/2',
    'bundle tile/entries/000',
    'tile tile/0/001',
    'bundle tile/entries/002.p/188',
  ])
})

test('verifyLog() finds a flip of every byte of every file of a small log', async () => {
  const small = sampleOf(sampleRecords(12))
  await flipEverywhere(small, 1)
})

test('verifyLog() finds a flip anywhere in a log with full tiles', async () => {
  await flipEverywhere(sampleOf(sampleRecords(258)), 61)
})

/** Flips a bit of every nth byte of every file, and demands a fault of the right kind in the right file. */
async function flipEverywhere(base: Files, step: number): Promise<void> {
  for (const path of base.list()) {
    const length = base.read(path)?.length ?? 0
    for (let at = 0; at < length; at += step) {
      const report = await verifyChanged((files) => edit(files, path, (bytes) => flipBit(bytes, at, at % 8)), {}, base)
      const allowed: readonly FaultKind[] =
        path === 'checkpoint' ? ['checkpoint', 'signature'] : path.startsWith('tile/entries') ? ['bundle'] : ['tile']
      assert.equal(report.verdict, 'tampered', `${path} ${at}`)
      for (const fault of report.faults)
        assert.ok(
          fault.file === path && allowed.includes(fault.kind),
          `${path} ${at}: ${JSON.stringify(report.faults)}`,
        )
    }
  }
}

test('verifyLog() finds every file truncated anywhere, and every file deleted', async () => {
  const small = sampleOf(sampleRecords(300))
  for (const path of small.list()) {
    const length = small.read(path)?.length ?? 0
    for (let to = 0; to < length; to += Math.ceil(length / 20)) {
      const report = await verifyChanged((files) => edit(files, path, (bytes) => bytes.subarray(0, to)), {}, small)
      assert.equal(report.verdict, 'tampered', `${path} to ${to}`)
      assert.ok(
        report.faults.every(({ file }) => file === path),
        JSON.stringify(report.faults),
      )
    }
    const deleted = await verifyChanged((files) => files.remove(path), {}, small)
    assert.deepEqual(
      deleted.faults.map(({ kind, file }) => [kind, file]),
      [['missing', path]],
    )
  }
})

test('verifyLog() finds a log rolled back behind a checkpoint that was kept', async () => {
  const older = sampleCheckpoint(records.slice(0, 600), [log], origin)
  const kept = sample.read('checkpoint') ?? new Uint8Array(0)
  const rolledBack = (files: Files): void => {
    rollBack(files, older)
    // Who rolls back well brings the tiles of then, too.
    writeSampleLog(files, records.slice(0, 600), { signers: [log], origin })
  }
  assert.equal((await verifyChanged(rolledBack)).verdict, 'intact', 'alone, nobody can tell')
  const report = await verifyChanged(rolledBack, { since: kept })
  assert.deepEqual([report.verdict, summary(report)], ['tampered', ['rollback 600-700 since']])
})

test('verifyLog() finds a fork at every size of the checkpoint that was kept', async () => {
  const forked = records.with(100, sampleRecord(100, { committedUs: 1001 + 100 * 7 }))
  for (const size of [1, 100, 101, 255, 256, 257, 512, 699, 700]) {
    const since = sampleCheckpoint(forked.slice(0, size), [log], origin)
    const report = await verify(sample, { since })
    assert.deepEqual(summary(report), size <= 100 ? [] : [`fork 0-${size} since`])
  }
})

test('verifyLog() takes every honest checkpoint that was kept, the empty one too', async () => {
  for (const size of [0, 1, 255, 256, 300, 512, 700]) {
    assert.deepEqual(
      summary(await verify(sample, { since: sampleCheckpoint(records.slice(0, size), [log], origin) })),
      [],
    )
  }
})

test('verifyLog() checks a history one by one, and reports what is not of this log', async () => {
  const sizes = [0, 3, 3, 256, 400, 700]
  const honest = sizes.map((size) => sampleCheckpoint(records.slice(0, size), [log], origin))
  assert.deepEqual(summary(await verify(sample, { history: honest })), [])
  const wrong = [
    honest[1] ?? new Uint8Array(0),
    signedCheckpoint({ size: 5, root: sha256(new Uint8Array(1)) }, [log], origin),
    Uint8Array.of(1, 2, 3),
    sampleCheckpoint(records.slice(0, 4), [log], origin),
    sampleCheckpoint(records.slice(0, 6), [log], 'example.com/other'),
    sampleCheckpoint(records.slice(0, 6), [newSigner(origin)], origin),
    signedCheckpoint({ size: 701, root: sha256(new Uint8Array(1)) }, [log], origin),
  ]
  async function* later(): AsyncGenerator<Uint8Array> {
    yield* wrong
  }
  const report = await verify(sample, { history: later() })
  assert.deepEqual(report.faults.map(({ kind }) => kind).toSorted(), [
    'fork',
    'origin',
    'rollback',
    'rollback',
    'signature',
    'signature',
  ])
})

async function* broken(): AsyncGenerator<Uint8Array> {
  yield sampleCheckpoint(records.slice(0, 9), [log], origin)
  throw new Error('no such file')
}

test('verifyLog() reports a history that cannot be read', async () => {
  assert.deepEqual(summary(await verify(sample, { history: broken() })), ['unreadable 0-0 checkpoints.log'])
})

test('verifyLog() finds signed records that are not in their place, turn back the clock, or are none', async () => {
  const entries = records
    .with(3, sampleRecord(4))
    .with(5, sampleRecord(5, { committedUs: 1 }))
    .with(300, Uint8Array.of(1, 2, 3))
    .with(301, Buffer.from(sampleRecord(301)).fill(0x20, 22, 23))
  const report = await verify(sampleOf(entries))
  assert.deepEqual(
    report.faults.map(({ kind, from }) => `${kind} ${from}`),
    ['sequence 3', 'time 5', 'record 300', 'record 301'],
  )
  assert.equal((await verify(sampleOf(entries), { entries: 'opaque' })).verdict, 'intact')
})

test('verifyLog() finds records repeated and put in another order by who holds the key', async () => {
  const repeated = await verify(sampleOf([...records.slice(0, 10), sampleRecord(9), ...sampleRecords(3, 10)]))
  assert.ok(repeated.faults.every(({ kind }) => kind === 'sequence'))
  assert.equal(repeated.faultsTotal, 4)
  const reordered = await verify(sampleOf([sampleRecord(1), sampleRecord(0), sampleRecord(2)]))
  assert.deepEqual(
    reordered.faults.map(({ kind, from }) => `${kind} ${from}`),
    ['sequence 0', 'sequence 1', 'time 1'],
  )
})

test('verifyLog() refuses another log that is rightly signed, another key, and too few witnesses', async () => {
  const witness = newSigner('witness.example', 'cosignature')
  assert.deepEqual(summary(await verify(sample, { origin: 'example.com/other' })), ['origin 0-0 checkpoint'])
  assert.deepEqual(summary(await verify(sample, { keys: [newSigner(origin).key] })), ['signature 0-0 checkpoint'])
  assert.deepEqual(summary(await verify(sample, { witnessKeys: [witness.key], witnessesMin: 1 })), [
    'signature 0-0 checkpoint',
  ])
  const seen = await verify(sampleOf(records, [log, witness]), { witnessKeys: [witness.key], witnessesMin: 1 })
  assert.deepEqual([seen.verdict, seen.signers], ['intact', [origin, 'witness.example']])
})

test('verifyLog() says that the signed root is another one when the whole tree was replaced', async () => {
  const checkpoint = signedCheckpoint({ size: 700, root: sha256(new Uint8Array(1)) }, [log], origin)
  const report = await verifyChanged((files) => files.write('checkpoint', checkpoint))
  assert.deepEqual(summary(report), ['root 0-700'])
})

function prune(files: Files): void {
  files.remove('tile/entries/000')
  files.remove('tile/0/000')
}

test('verifyLog() takes a log with its beginning pruned as partial, and checks the rest', async () => {
  const report = await verifyChanged(prune)
  assert.deepEqual(
    [report.verdict, report.prunedTo, report.entriesChecked, summary(report)],
    ['partial', 256, 444, ['pruned 0-256']],
  )
  assert.equal((await verifyChanged(prune, { keptFrom: 256 })).verdict, 'partial')
  const tooMuch = await verifyChanged(prune, { keptFrom: 255 })
  assert.deepEqual(
    [tooMuch.verdict, summary(tooMuch)],
    ['tampered', ['missing 0-256 tile/0/000', 'missing 0-256 tile/entries/000']],
  )
  const flipped = await verifyChanged((files) => {
    prune(files)
    edit(files, 'tile/entries/001', (bytes) => flipBit(bytes, 5))
  })
  assert.deepEqual([flipped.verdict, flipped.faults.map(({ kind }) => kind)], ['tampered', ['bundle', 'pruned']])
})

test('verifyLog() says of a bundle and its tile that are gone after the beginning that they are missing', async () => {
  const report = await verifyChanged((files) => {
    files.remove('tile/entries/001')
    files.remove('tile/0/001')
  })
  assert.deepEqual(
    [report.verdict, summary(report)],
    ['tampered', ['missing 256-512 tile/0/001', 'missing 256-512 tile/entries/001']],
  )
})

test('verifyLog() compares a kept checkpoint with a pruned log where the hashes are left, and says where not', async () => {
  for (const [size, gone] of [
    [100, true],
    [256, false],
    [300, false],
    [700, false],
  ] as const) {
    const report = await verifyChanged(prune, { since: sampleCheckpoint(records.slice(0, size), [log], origin) })
    assert.equal(report.verdict, 'partial')
    assert.equal(report.faultsTotal, gone ? 2 : 1)
  }
})

test('verifyLog() passes a pruned unit of 65,536 records without looking at each bundle', async () => {
  const files = copyInMemory(big)
  for (const path of files.list())
    if (/^tile\/(?:entries|0)\/[01]\d\d$|^tile\/(?:entries|0)\/2[0-5]\d$/.test(path) && !/25[6-9]$/.test(path))
      files.remove(path)
  files.remove('tile/1/000')
  const reads: string[] = []
  const read = async (path: string): Promise<Uint8Array | null> => {
    reads.push(path)
    return files.read(path)
  }
  const report = await verify(files, { read, entries: 'opaque' })
  assert.deepEqual([report.verdict, report.prunedTo, report.entriesChecked], ['partial', 65_536, 300])
  assert.ok(reads.length < 20, `${reads.length} files were looked for`)
})

test('verifyLog() says of a log of which nothing is left that it is missing, not pruned', async () => {
  const whole = sampleOf(records.slice(0, 512))
  const report = await verifyChanged(
    (files) =>
      files
        .list()
        .filter((path) => /entries|tile\/0/.test(path))
        .forEach((path) => files.remove(path)),
    {},
    whole,
  )
  assert.deepEqual([report.verdict, summary(report)], ['tampered', ['missing 0-512']])
})

function withoutPartials(files: Files): void {
  for (const path of files.list()) if (/^tile\/\d\/.*\.p/.test(path)) files.remove(path)
}

test('verifyLog() derives unfinished tiles where the log does not store them', async () => {
  const derived = await verifyChanged(withoutPartials, { partialTiles: 'derived' })
  assert.deepEqual([derived.verdict, derived.entriesChecked], ['intact', 700])
  assert.equal((await verifyChanged(withoutPartials)).verdict, 'tampered')
  const flip = async (path: string): Promise<readonly string[]> =>
    summary(
      await verifyChanged((files) => (withoutPartials(files), edit(files, path, (bytes) => flipBit(bytes, 5))), {
        partialTiles: 'derived',
      }),
    )
  assert.deepEqual(await flip('tile/entries/001'), ['bundle 256-257 tile/entries/001 @0'])
  // The unfinished tile above follows from this one and is wrong with it: the entries tell.
  assert.deepEqual(await flip('tile/0/001'), ['tile 256-257 tile/0/001 @0'])
  assert.ok((await flip('tile/entries/002.p/188')).length > 0)
})

test('verifyLog() takes the full file where a partial one was replaced since the checkpoint', async () => {
  const older = sampleCheckpoint(records.slice(0, 300), [log], origin)
  const report = await verifyChanged((files) => {
    files.write('checkpoint', older)
    files.write('tile/1/000.p/1', (files.read('tile/1/000.p/2') ?? new Uint8Array(0)).slice(0, 32))
  })
  assert.deepEqual([report.verdict, report.entriesChecked], ['intact', 300])
})

test('verifyLog() ends for a signed size that nobody can read', async () => {
  for (const size of [2 ** 53 - 1, 2 ** 40, 70_000_000]) {
    const checkpoint = signedCheckpoint({ size, root: sha256(new Uint8Array(1)) }, [log], origin)
    const report = await verifyChanged((files) => files.write('checkpoint', checkpoint), { faultsMax: 5000 })
    assert.equal(report.verdict, 'tampered')
    assert.ok(report.faultsTotal < 5000)
    assert.equal(report.faults.at(-1)?.to, size)
  }
})

test('verifyLog() keeps as many faults as it is told and counts the others', async () => {
  const report = await verifyChanged(
    (files) => edit(files, 'tile/0/000', (bytes) => bytes.map((byte, at) => (at % 64 === 0 ? byte ^ 1 : byte))),
    { faultsMax: 3 },
  )
  assert.deepEqual([report.faults.length, report.faultsTotal], [3, 128])
})

test('verifyLog() reports files that cannot be read, and goes on', async () => {
  const read = async (path: string): Promise<Uint8Array | null> => {
    if (path === 'tile/entries/001') throw new Error('EIO')
    return sample.read(path)
  }
  const report = await verify(sample, { read })
  assert.deepEqual([report.entriesChecked, summary(report)], [444, ['unreadable 256-512 tile/entries/001']])
  const none = await verify(sample, { read: async () => Promise.reject(new Error('EIO')) })
  assert.deepEqual(summary(none), ['unreadable 0-0 checkpoint'])
})

test('verifyLog() is ended by its signal', async () => {
  await assert.rejects(verify(sample, { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
})

test('verifyLog() never throws and never takes it, whatever bytes stand in a file', async () => {
  const paths = sample.list().filter((path) => path !== 'checkpoint')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 600 }), async (path, bytes) => {
      const report = await verifyChanged((files) => files.write(path, bytes))
      assert.equal(report.verdict, 'tampered')
    }),
    { numRuns: 40 },
  )
})

test('verifyLog() finds a bundle with bytes after its last entry', async () => {
  const report = await verifyChanged((files) =>
    edit(files, 'tile/entries/000', (bytes) => Buffer.concat([bytes, encodeBundle([new Uint8Array(3)])])),
  )
  assert.deepEqual(summary(report), [
    `bundle 0-256 tile/entries/000 @${sample.read(tilePath({ level: 'entries', index: 0, width: 256 }))?.length ?? 0}`,
  ])
})
