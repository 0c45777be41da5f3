import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatVerifierKey } from '../../src/tlog/mod.ts'
import { vectorsFolder } from '../../src/tlog/test/vectors.ts'
import { attacks, edit, flipBit, rollBack } from './attacks.ts'
import { copyFolder, folderFiles } from './files.ts'
import {
  encodeHistory,
  newSigner,
  sampleCheckpoint,
  sampleRecord,
  sampleRecords,
  sha256,
  signedCheckpoint,
  writeSampleLog,
} from './sample-log.ts'
import { askGo, askOpenssl, buildGoVerifier, hasOpenssl, type Judgement } from './strangers.ts'

const origin = 'example.com/gatehouse/node-1/access'
const log = newSigner(origin)
const witness = newSigner('witness.example', 'cosignature')
const records = sampleRecords(700)

const folder = mkdtempSync(join(tmpdir(), 'strangers-'))
const logFolder = join(folder, 'log')
const copy = join(folder, 'attacked')
mkdirSync(logFolder)
writeSampleLog(folderFiles(logFolder), records, { signers: [log, witness], origin })
after(() => rmSync(folder, { recursive: true, force: true }))

const trust = ['-vkey', formatVerifierKey(log.key)]
let program: string | null = null

function kept(size: number, entries = records): readonly string[] {
  const path = join(folder, 'kept')
  writeFileSync(path, sampleCheckpoint(entries.slice(0, size), [log], origin))
  return ['-since', path]
}

function assertRefused({ status, output }: Judgement): void {
  assert.equal(status, 6, output)
  assert.match(output, /^FAULT /)
}

test('the Go verifier takes our log, whole and since every checkpoint that was kept', (t) => {
  program = buildGoVerifier(t, folder)
  if (program === null) return
  const judgement = askGo(program, logFolder, trust)
  assert.ok(judgement.accepts, judgement.output)
  assert.match(judgement.output, /^OK size=700 root=\S{44} entries=700 /)
  for (const size of [0, 1, 255, 256, 257, 512, 699, 700])
    assert.ok(askGo(program, logFolder, [...trust, ...kept(size)]).accepts)
})

for (const attack of attacks) {
  test(`the Go verifier refuses ${attack.name}`, () => {
    if (program === null) return
    const files = copyFolder(logFolder, copy)
    assert.ok(attack.applies(files))
    attack.run(files)
    assertRefused(askGo(program, copy, trust))
  })
}

test('the Go verifier refuses a log rolled back behind a newer checkpoint that was kept', () => {
  if (program === null) return
  rollBack(copyFolder(logFolder, copy), sampleCheckpoint(records.slice(0, 600), [log], origin))
  writeSampleLog(folderFiles(copy), records.slice(0, 600), { signers: [log], origin })
  assert.ok(askGo(program, copy, trust).accepts, 'alone, nobody can tell')
  assertRefused(askGo(program, copy, [...trust, ...kept(700)]))
})

test('the Go verifier refuses a log that is another one than that of the kept checkpoint', () => {
  if (program === null) return
  const forked = records.with(100, sampleRecord(100, { committedUs: 1 }))
  for (const size of [101, 256, 700]) assertRefused(askGo(program, logFolder, [...trust, ...kept(size, forked)]))
  assert.ok(askGo(program, logFolder, [...trust, ...kept(100, forked)]).accepts)
})

test('the Go verifier refuses another key, another origin, and a signed root of another tree', () => {
  if (program === null) return
  assertRefused(askGo(program, logFolder, ['-vkey', formatVerifierKey(newSigner(origin).key)]))
  assertRefused(askGo(program, logFolder, [...trust, '-origin', 'example.com/other']))
  const files = copyFolder(logFolder, copy)
  files.write('checkpoint', signedCheckpoint({ size: 700, root: sha256(new Uint8Array(1)) }, [log], origin))
  assertRefused(askGo(program, copy, trust))
})

test('the Go verifier takes a pruned log from its first record on, and refuses it from before', () => {
  if (program === null) return
  const files = copyFolder(logFolder, copy)
  files.remove('tile/entries/000')
  files.remove('tile/0/000')
  assert.match(askGo(program, copy, [...trust, '-min', '256']).output, /^OK size=700 .* entries=444 /)
  assertRefused(askGo(program, copy, [...trust, '-min', '255']))
  edit(files, 'tile/entries/001', (bytes) => flipBit(bytes, 5))
  assertRefused(askGo(program, copy, [...trust, '-min', '256']))
})

test('the Go verifier takes full tiles where partial ones were replaced since the checkpoint', () => {
  if (program === null) return
  const files = copyFolder(logFolder, copy)
  files.write('checkpoint', sampleCheckpoint(records.slice(0, 300), [log], origin))
  files.write('tile/1/000.p/1', (files.read('tile/1/000.p/2') ?? new Uint8Array(0)).slice(0, 32))
  assert.match(askGo(program, copy, trust).output, /^OK size=300 .* entries=300 /)
})

test('the Go verifier checks the checkpoints that the log keeps of itself', () => {
  if (program === null) return
  const files = copyFolder(logFolder, copy)
  const notes = [1, 256, 400, 700].map((size) => sampleCheckpoint(records.slice(0, size), [log], origin))
  files.write('checkpoints.log', encodeHistory(notes))
  assert.match(askGo(program, copy, trust).output, /^OK size=700 .* checkpoints=4\n$/)
  edit(files, 'checkpoints.log', (bytes) => flipBit(bytes, 50))
  assertRefused(askGo(program, copy, trust))
  files.write(
    'checkpoints.log',
    encodeHistory([...notes, signedCheckpoint({ size: 9, root: sha256(new Uint8Array(1)) }, [log], origin)]),
  )
  assertRefused(askGo(program, copy, trust))
  files.write('checkpoints.log', encodeHistory(notes).subarray(0, -3))
  assertRefused(askGo(program, copy, trust))
})

test('the Go verifier takes logs of every shape of the right edge', () => {
  if (program === null) return
  for (const size of [0, 1, 2, 255, 256, 257, 512, 513]) {
    const small = join(folder, `log-${size}`)
    mkdirSync(small)
    writeSampleLog(folderFiles(small), records.slice(0, size), { signers: [log], origin })
    const { accepts, output } = askGo(program, small, trust)
    assert.ok(accepts, `${size}: ${output}`)
  }
})

test('the Go verifier takes the published log of another implementation', (t) => {
  const vectors = vectorsFolder(t)
  if (program === null || vectors === null) return
  const key = readFileSync(join(vectors, 'tlog-tiles/tessera-log.vkey'), 'utf8').trim()
  for (let size = 0; size <= 15; size++) {
    const files = copyFolder(join(vectors, 'tlog-tiles/tessera-log'), copy)
    files.write('checkpoint', files.read(`checkpoint.${size}`) ?? new Uint8Array(0))
    const { accepts, output } = askGo(program, copy, [
      '-vkey',
      key,
      '-since',
      join(copy, `checkpoint.${Math.floor(size / 2)}`),
    ])
    assert.ok(accepts, output)
  }
})

test('openssl takes the signatures of the log and of the witness, and refuses a changed text', (t) => {
  if (!hasOpenssl(t)) return
  const note = readFileSync(join(logFolder, 'checkpoint'))
  assert.ok(askOpenssl(note, log.key, folder).accepts)
  assert.ok(askOpenssl(note, witness.key, folder).accepts)
  const edited = Buffer.from(note.toString('utf8').replace('\n700\n', '\n699\n'))
  assert.ok(!askOpenssl(edited, log.key, folder).accepts)
  assert.ok(!askOpenssl(edited, witness.key, folder).accepts)
})
