import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type AuditEvent, decodeAuditEvent, type LedgerLog, ledgerLogs, systemClock } from '../../core/mod.ts'
import { sha256, verifyEd25519 } from '../../crypto/mod.ts'
import {
  leafHash,
  type LogReport,
  parseCheckpoint,
  parseNote,
  parseTlogProof,
  parseVerifierKey,
  verifyLog,
  verifyTlogProof,
  type VerifierKey,
} from '../../tlog/mod.ts'
import { sampleCheckpoints } from './checkpoint-log.ts'
import { type Ledger, type LedgerOptions, openLedger, openLedgerFiles, openLedgerReader } from './mod.ts'
import { eventOf, eventsOf, idOf, readAll, settings, sleep, temporaryDir, until } from './test/support.ts'
import { logDirOf } from './tree-files.ts'

function open(dir: string, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({
    dir,
    node: 'node-1',
    threads: 1,
    settings,
    clock: systemClock,
    onFailed: (why) => assert.fail(`the ledger failed: ${why}`),
    keeperPace: { checkpointMs: 50 },
    ...more,
  })
}

function keyOf(dir: string, log: LedgerLog): VerifierKey {
  return parseVerifierKey(sha256, readFileSync(join(logDirOf(dir, log), 'vkey'), 'utf8').trimEnd())
}

/** `isCut`: after a crash, which may have come between recording a checkpoint and showing it. */
async function verify(dir: string, log: LedgerLog, isCut = false): Promise<LogReport> {
  const key = keyOf(dir, log)
  const notes = sampleCheckpoints(logDirOf(dir, log), key)
  const files = openLedgerFiles(dir)
  return await verifyLog({
    read: (path) => Promise.resolve(files.read(log, path)),
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
    history: isCut ? notes.slice(0, -1) : notes,
  })
}

function auditsOf(ledger: Ledger): AuditEvent[] {
  using reader = ledger.reader()
  return readAll(reader, 'audit').map((record) => decodeAuditEvent(record.bytes))
}

const isSigned = (ledger: Ledger): boolean =>
  Object.values(ledger.status().logs).every((log) => (log.checkpoint?.size ?? 0) === log.size)

test(
  'openLedger() publishes both logs as they grow, proves their records, and signs everything before it closes',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    const ledger = await open(folder.dir)
    await Promise.all(Array.from({ length: 300 }, (_, count) => ledger.append(eventOf('amended', idOf(1, count)))))
    await ledger.audit({ kind: 'gate.started', atMs: 5, actor: 'gate', details: { version: '1' } })
    await until(() => isSigned(ledger), 'checkpoints over everything')
    const { access, audit } = ledger.status().logs
    assert.deepEqual([access.size, access.checkpoint?.size, audit.size], [300, 300, 1])
    assert.ok((access.checkpoint?.ageMs ?? -1) >= 0)
    for (const log of ledgerLogs) assert.deepEqual((await verify(folder.dir, log)).faults, [])

    const key = keyOf(folder.dir, 'access')
    const proof = parseTlogProof(Buffer.from((await ledger.files.proofOf('access', 7)) ?? ''))
    await verifyTlogProof(proof, leafHash(sha256, proof.extra ?? new Uint8Array(0)), {
      hash: sha256,
      verify: verifyEd25519,
      keys: [key],
      origin: key.name,
    })

    await ledger.append(eventOf('amended', idOf(1, 300)))
    await ledger.close()
    const report = await verify(folder.dir, 'access')
    assert.deepEqual([report.verdict, report.size], ['intact', 301])
  },
)

test('a torn write is told of in the audit log', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  {
    await using ledger = await open(folder.dir, { keeperPace: { checkpointMs: 3_600_000 } })
    await ledger.append(eventOf('amended', idOf(1, 1)))
    await until(() => isSigned(ledger), 'the first checkpoint')
    // A copy as a power cut would leave it: behind the checkpoint, in the middle of a write.
    await ledger.append(eventOf('amended', idOf(1, 2)))
    cpSync(dirname(folder.dir), `${dirname(folder.dir)}-cut`, { recursive: true })
  }
  const cutDir = join(`${dirname(folder.dir)}-cut`, 'ledger')
  try {
    for (const name of ['keys', 'keystore']) chmodSync(join(dirname(cutDir), name), 0o700)
    const walDir = join(cutDir, 'access', 'wal')
    const path = join(walDir, readdirSync(walDir)[0] ?? '')
    const end = readFileSync(path).findLastIndex((byte) => byte !== 0)
    truncateSync(path, end - 3)
    await using ledger = await open(cutDir)
    assert.equal(ledger.notices.length, 1)
    const [event] = auditsOf(ledger)
    assert.equal(event?.kind, 'ledger.recovered')
    assert.equal(event?.details['log'], 'access')
    assert.equal(event?.details['sha256'], ledger.notices[0]?.sha256)
    assert.equal(eventsOf(ledger.reader()).length, 1)
  } finally {
    rmSync(dirname(cutDir), { recursive: true })
  }
})

test('the audit log shows life, and tells what of the access log is signed', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  await using ledger = await open(folder.dir, { keeperPace: { checkpointMs: 50, heartbeatMs: 300 } })
  await ledger.append(eventOf('amended', idOf(1, 1)))
  await until(() => auditsOf(ledger).some((event) => event.details['accessSize'] === 1), 'a heartbeat over one record')
  const beat = auditsOf(ledger).at(-1)
  assert.equal(beat?.kind, 'ledger.heartbeat')
  const { root } = parseCheckpoint(parseNote(readFileSync(join(logDirOf(folder.dir, 'access'), 'checkpoint'))).text)
  assert.equal(beat?.details['accessRoot'], Buffer.from(root).toString('base64'))
})

test(
  'the scrub finds a byte that was changed under a running gate, says so at once, and shows it',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    await using ledger = await open(folder.dir, {
      keeperPace: { checkpointMs: 50, scrubPauseMs: 200, scrubBytesPerSecond: 1e9 },
    })
    await Promise.all(Array.from({ length: 300 }, (_, count) => ledger.append(eventOf('amended', idOf(1, count)))))
    await until(() => ledger.status().logs.access.scrub.lastRoundAtMs !== null, 'a round')
    assert.equal(ledger.status().logs.access.scrub.faults, 0)
    assert.ok(ledger.status().logs.access.scrub.checkedTo >= 0)
    const path = join(logDirOf(folder.dir, 'access'), 'tile', 'entries', '000')
    const bytes = readFileSync(path)
    bytes[300] = (bytes[300] ?? 0) ^ 4
    writeFileSync(path, bytes)
    await until(() => ledger.status().logs.access.scrub.faults > 0, 'the fault in the status')
    await until(
      () => auditsOf(ledger).some((event) => String(event.details['fault']).includes('tile/entries/000')),
      'the fault in the audit log',
    )
    assert.equal(ledger.status().keeper.state, 'ok')
  },
)

test('a write-ahead file that is exchanged under the ledger ends the gate', { timeout: 60_000 }, async () => {
  using folder = temporaryDir()
  let failed = ''
  const ledger = await open(folder.dir, { onFailed: (why) => (failed = why) })
  await ledger.append(eventOf('amended', idOf(1, 1)))
  const walDir = join(folder.dir, 'access', 'wal')
  const path = join(walDir, readdirSync(walDir)[0] ?? '')
  cpSync(path, `${path}.copy`)
  renameSync(`${path}.copy`, path)
  await until(() => failed !== '', 'the failure')
  assert.ok(failed.includes(path), failed)
  assert.deepEqual([ledger.status().state, ledger.status().keeper.state], ['failed', 'failed'])
  await assert.rejects(ledger.append(eventOf('amended', idOf(1, 2))), { code: 'ledger_poisoned' })
  await ledger.close().catch(() => {})
})

test(
  'a disk that is nearly full closes the ledger with a last record, and does not let it open',
  { timeout: 60_000 },
  async () => {
    using folder = temporaryDir()
    let freeBytes = 500
    let failed = ''
    const askRoom = (): Promise<{ freeBytes: number; totalBytes: number }> =>
      Promise.resolve({ freeBytes, totalBytes: 1000 })
    const ledger = await open(folder.dir, { askRoom, onFailed: (why) => (failed = why) })
    writeFileSync(join(folder.dir, 'ballast'), 'x')
    freeBytes = 40
    await until(() => ledger.status().disk.state === 'shed', 'the second threshold')
    await ledger.append(eventOf('amended', idOf(1, 1)))
    freeBytes = 5
    await until(() => failed !== '', 'the end')
    assert.equal(failed, 'the disk is full')
    assert.equal(existsSync(join(folder.dir, 'ballast')), false)
    await assert.rejects(ledger.append(eventOf('amended', idOf(1, 2))), { code: 'ledger_poisoned' })
    await ledger.close().catch(() => {})
    await assert.rejects(open(folder.dir, { askRoom }), { code: 'data_folder_unusable' })
    freeBytes = 500
    await using again = await open(folder.dir, { askRoom })
    assert.deepEqual(
      auditsOf(again).map((event) => event.kind),
      ['ledger.closing'],
    )
    assert.equal(again.status().size, 1)
  },
)

const writer = fileURLToPath(new URL('test/writer-process.ts', import.meta.url))

/** Lets a process write until it has so many acknowledgements and some time more, then kills it; what it acknowledged. */
async function writeAndKill(dir: string, from: number): Promise<number[]> {
  const plan = JSON.stringify({ dir, waitMs: 5000, stallMs: 30_000, from, noteChars: 10, checkpointMs: 20 })
  const child = spawn(process.execPath, [writer, plan], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  const acks = (): number[] => [...text.matchAll(/^ack (\d+)$/gm)].map((match) => Number(match[1]))
  try {
    await until(() => acks().length > 100, `records from ${from}`, 30_000)
    await sleep(Math.random() * 300)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  return acks()
}

test(
  'after kill -9 at any moment the log verifies, holds what was acknowledged, and never had two roots for one size',
  { timeout: 180_000 },
  async (t) => {
    using folder = temporaryDir()
    const acks: number[] = []
    for (let round = 0; round < 4; round++) {
      acks.push(...(await writeAndKill(folder.dir, round * 1_000_000)))
      // What was shown is a log that verifies, before anything is mended.
      if (existsSync(join(logDirOf(folder.dir, 'access'), 'checkpoint')))
        assert.deepEqual((await verify(folder.dir, 'access', true)).faults, [])
    }
    await (await open(folder.dir)).close()
    const report = await verify(folder.dir, 'access')
    using reader = openLedgerReader(folder.dir)
    assert.deepEqual([report.verdict, report.size], ['intact', reader.size])
    const found = new Set(eventsOf(reader).map(({ id }) => id))
    for (const ack of acks) assert.ok(found.has(idOf(0, ack)), `record ${ack}`)
    const roots = new Map<number, string>()
    for (const note of sampleCheckpoints(logDirOf(folder.dir, 'access'), keyOf(folder.dir, 'access'))) {
      const { size, root } = parseCheckpoint(parseNote(note).text)
      const text = Buffer.from(root).toString('hex')
      assert.equal(roots.get(size) ?? text, text, `roots of size ${size}`)
      roots.set(size, text)
    }
    t.diagnostic(`${acks.length} acknowledged, ${roots.size} checkpoints`)
  },
)

/** A file system in memory of so many MiB, null where this process may not mount one. */
function smallDisk(t: TestContext, sizeMb: number): ({ readonly dir: string } & Disposable) | null {
  const at = mkdtempSync(join(tmpdir(), 'ledger-disk-'))
  const remove = (): void => {
    spawnSync('umount', [at])
    rmSync(at, { recursive: true, force: true })
  }
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', at]).status !== 0) {
    remove()
    assert.notEqual(process.env['CI'], 'true', 'a tmpfs must be mountable when CI is true')
    t.diagnostic('not run: a tmpfs cannot be mounted')
    return null
  }
  mkdirSync(join(at, 'data'), { mode: 0o700 })
  return { dir: join(at, 'data', 'ledger'), [Symbol.dispose]: remove }
}

for (const sizeMb of [1, 8]) {
  test(`a disk of ${sizeMb} MiB that fills up loses nothing that was acknowledged`, { timeout: 120_000 }, async (t) => {
    using disk = smallDisk(t, sizeMb)
    if (disk === null) return
    const acknowledged: string[] = []
    let failed = ''
    const ledger = await open(disk.dir, { onFailed: (why) => (failed = why) }).catch(
      (error: Error & { code?: string }) => error,
    )
    if (!(ledger instanceof Error)) {
      for (let count = 0; ledger.status().state !== 'failed'; count++) {
        const event = eventOf('amended', idOf(1, count), { note: 'n'.repeat(2000) })
        const durable = await ledger.append(event).then(
          () => true,
          () => false,
        )
        if (durable) acknowledged.push(event.id)
        else await sleep(5)
      }
      await ledger.close().catch(() => {})
    } else
      assert.ok(
        ['data_folder_unusable', 'ledger_poisoned', 'ledger_unreadable', 'store_unreadable'].includes(
          ledger.code ?? '',
        ),
        ledger.message,
      )
    t.diagnostic(`${acknowledged.length} acknowledged; ended by: ${ledger instanceof Error ? ledger.message : failed}`)
    assert.ok(sizeMb === 1 || acknowledged.length > 500)
    const found = new Set(eventsOf(openLedgerReader(disk.dir)).map(({ id }) => id))
    for (const id of acknowledged) assert.ok(found.has(id))
    if (existsSync(join(logDirOf(disk.dir, 'access'), 'checkpoint')))
      assert.deepEqual((await verify(disk.dir, 'access')).faults, [])
  })
}
