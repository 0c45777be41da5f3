/** What must hold of a ledger after a crash of any kind: it opens, it has what was acknowledged, and it contradicts nothing that was signed. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { decodeAccessEvent, decodeAuditEvent, emptyEvent, systemClock } from '../../src/core/mod.ts'
import { verifyEd25519 } from '../../src/crypto/mod.ts'
import {
  type Ledger,
  type LedgerLog,
  type LedgerReader,
  openLedger,
  openLedgerFiles,
  openLedgerReader,
  type RecoveryNotice,
} from '../../src/gate/ledger/mod.ts'
import { parseCheckpoint, parseNote, parseVerifierKey, type Sha256, verifyLog } from '../../src/tlog/mod.ts'
import { ledgerSettings } from './ledger-script-thread.ts'

/** What somebody knows of a ledger that then crashed. */
export interface Witnessed {
  /** Lines `ack access ID` and `ack audit ID`. */
  readonly acks: readonly string[]
  /** Checkpoints that may have been seen. */
  readonly published: readonly { readonly log: string; readonly note: Uint8Array }[]
}

export interface Judged {
  readonly notices: readonly RecoveryNotice[]
  readonly sizes: Readonly<Record<LedgerLog, number>>
}

const logs: readonly LedgerLog[] = ['access', 'audit']
const signedMs = 30_000

/** Opens the ledger as the next start does, writes on, closes it, and judges it. */
export async function judgeRestart(dataDir: string, witnessed: Witnessed): Promise<Judged> {
  const before = logs.map((log) => [...recordedNotes(dataDir, log), ...shownNote(dataDir, log)])
  let failure: string | null = null
  const ledger = await openLedger({
    dir: join(dataDir, 'ledger'),
    node: 'test.example',
    keeperPace: { checkpointMs: 100 },
    threads: 1,
    settings: ledgerSettings,
    clock: systemClock,
    onFailed: (why) => (failure = why),
  })
  const { notices } = ledger
  try {
    await ledger.append({ ...emptyEvent, id: 'f'.repeat(32), path: '/things/0' })
    await ledger.audit({ kind: 'gate.started', atMs: systemClock.wallMs(), actor: 'judge', details: {} })
    await untilSigned(ledger)
  } finally {
    await ledger.close()
  }
  assert.equal(failure, null, 'the ledger failed after its restart')
  const ids = judgeRecords(dataDir, witnessed.acks)
  for (const [index, log] of logs.entries()) {
    const published = witnessed.published.filter((one) => one.log === log).map(({ note }) => note)
    await judgeLog(dataDir, log, [...(before[index] ?? []), ...published])
  }
  if (notices.length > 0) assert.ok(ids.recovered >= notices.length, 'what was cut is recorded')
  return { notices, sizes: ids.sizes }
}

/** Until a checkpoint covers every record. */
async function untilSigned(ledger: Ledger): Promise<void> {
  const end = performance.now() + signedMs
  for (;;) {
    const status = ledger.status()
    assert.equal(status.keeper.state, 'ok', status.keeper.why ?? '')
    if (Object.values(status.logs).every((log) => (log.checkpoint?.size ?? 0) === log.size)) return
    assert.ok(performance.now() < end, `no checkpoint over everything in ${signedMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Every record can be read and opened, and each acknowledged one is there once. */
function judgeRecords(
  dataDir: string,
  acks: readonly string[],
): { readonly sizes: Record<LedgerLog, number>; readonly recovered: number } {
  using reader = openLedgerReader(join(dataDir, 'ledger'))
  const found = new Map<string, number>()
  const add = (line: string): unknown => found.set(line, (found.get(line) ?? 0) + 1)
  let recovered = 0
  const sizes = {
    access: eachRecord(reader, 'access', (bytes) => {
      const { kind, id, path } = decodeAccessEvent(bytes)
      if (kind !== 'request') return
      add(`ack access ${id}`)
      assert.match(path, /^\/things\/\d+$/, `what is sealed in the record of ${id}`)
    }),
    audit: eachRecord(reader, 'audit', (bytes) => {
      const { kind, actor } = decodeAuditEvent(bytes)
      if (kind === 'key.created') add(`ack audit ${actor}`)
      if (kind === 'ledger.recovered') recovered++
    }),
  }
  for (const ack of acks) assert.equal(found.get(ack), 1, `records of '${ack}'`)
  for (const [line, count] of found) assert.equal(count, 1, `records of '${line}'`)
  return { sizes, recovered }
}

function eachRecord(reader: LedgerReader, log: LedgerLog, look: (bytes: Uint8Array) => void): number {
  let seq = 0
  for (;;) {
    const batch = reader.read(seq, { bytesMax: 1 << 20, recordsMax: 10_000, log })
    if (batch.length === 0) return seq
    for (const record of batch) {
      assert.equal(record.seq, seq++)
      look(record.bytes)
    }
  }
}

/** The log is whole, and every checkpoint that was ever recorded or seen is one that it had. */
async function judgeLog(dataDir: string, log: LedgerLog, kept: readonly Uint8Array[]): Promise<void> {
  const dir = join(dataDir, 'ledger')
  const key = parseVerifierKey(sha256, readFileSync(join(dir, log, 'vkey'), 'utf8').trim())
  const files = openLedgerFiles(dir)
  const recorded = recordedNotes(dataDir, log)
  const report = await verifyLog({
    read: (path) => Promise.resolve(files.read(log, path)),
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: `test.example/gatehouse/${log}`,
    history: bySize([...recorded, ...kept]),
  })
  assert.deepEqual({ log, faults: report.faults, verdict: report.verdict }, { log, faults: [], verdict: 'intact' })
  assertOneRootEach(recorded)
}

function bySize(notes: readonly Uint8Array[]): Uint8Array[] {
  return notes
    .map((note) => ({ note, size: sizeOf(note) }))
    .sort((a, b) => a.size - b.size)
    .map(({ note }) => note)
}

function sizeOf(note: Uint8Array): number {
  return parseCheckpoint(parseNote(note).text).size
}

/** Never two roots for one size, and never a smaller size after a larger. */
function assertOneRootEach(notes: readonly Uint8Array[]): void {
  const roots = new Map<number, string>()
  let sizeBefore = 0
  for (const note of notes) {
    const { size, root } = parseCheckpoint(parseNote(note).text)
    const text = Buffer.from(root).toString('hex')
    assert.equal(roots.get(size) ?? text, text, `two roots of ${size} records were signed`)
    assert.ok(size >= sizeBefore, `${size} records were signed after ${sizeBefore}`)
    roots.set(size, text)
    sizeBefore = size
  }
}

/** The whole entries of checkpoints.log, read here as its format says: `u32be length | note | u32be crc32`. */
function recordedNotes(dataDir: string, log: LedgerLog): Uint8Array[] {
  const bytes = readIfThere(join(dataDir, 'ledger', log, 'checkpoints.log'))
  const notes: Uint8Array[] = []
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end === at + 4 || end + 4 > bytes.length) break // zeros that were never written over would be an empty note
    const note = bytes.subarray(at + 4, end)
    if (bytes.readUInt32BE(end) !== crc32(note)) break
    notes.push(note)
    at = end + 4
  }
  return notes
}

function shownNote(dataDir: string, log: LedgerLog): Uint8Array[] {
  const note = readIfThere(join(dataDir, 'ledger', log, 'checkpoint'))
  return note.length === 0 ? [] : [note]
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0) // before the first checkpoint
  }
}

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
