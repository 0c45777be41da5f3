import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { copyFolder, type Files, folderFiles } from '../../test/strangers/files.ts'
import {
  encodeHistory,
  newSigner,
  sampleCheckpoint,
  sampleRecords,
  sha256,
  writeSampleLog,
} from '../../test/strangers/sample-log.ts'
import { buildProof, formatTlogProof, formatVerifierKey, planInclusion, tileHashReader, tilePath } from '../tlog/mod.ts'
import { main } from './mod.ts'

const origin = 'node-1/gatehouse/access'
const signer = newSigner(origin)
const vkey = formatVerifierKey(signer.key)
const records = sampleRecords(700)
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-verify-'))
const data = join(folder, 'data')
const log = join(data, 'ledger', 'access')
mkdirSync(log, { recursive: true })
writeSampleLog(folderFiles(log), records, { signers: [signer], origin })
const notes = [1, 256, 300, 512, 700].map((size) => sampleCheckpoint(records.slice(0, size), [signer], origin))
writeFileSync(join(log, 'checkpoints.log'), encodeHistory(notes))
writeFileSync(join(log, 'vkey'), `${vkey}\n`)
after(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(...args: string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), colour: false }
  const code = await main(args, terminal)
  return { code, out, err }
}

interface Said {
  readonly ok: boolean
  readonly logs: readonly {
    readonly log: string
    readonly verdict: string
    readonly size: number
    readonly keyFrom: string
    readonly checkpointsCompared: number
    readonly faults: readonly { kind: string; from: number; to: number; file: string | null; offset: number | null }[]
  }[]
}

async function verdict(...args: string[]): Promise<{ code: number; log: Said['logs'][number] }> {
  const { code, out, err } = await run('verify', ...args, '--json')
  const [first] = out === '' ? [] : (JSON.parse(out) as Said).logs
  assert.ok(first !== undefined, err)
  return { code, log: first }
}

/** Damages a copy and verifies that. */
async function attacked(attack: (files: Files, folder: string) => void, ...args: string[]): ReturnType<typeof verdict> {
  const copy = join(folder, 'attacked', 'access')
  attack(copyFolder(log, copy), copy)
  return await verdict(copy, '--vkey', vkey, ...args)
}

function flip(files: Files, path: string, at: number): void {
  const bytes = Uint8Array.from(files.read(path) ?? [])
  bytes[at] = (bytes[at] ?? 0) ^ 1
  files.write(path, bytes)
}

test('verify takes a data folder, its ledger folder and the folder of a log, and compares what the log has kept', async () => {
  for (const place of [data, join(data, 'ledger'), log]) {
    const { code, log: said } = await verdict(place, '--vkey', vkey)
    assert.deepEqual(
      [code, said.verdict, said.size, said.keyFrom, said.checkpointsCompared],
      [0, 'intact', 700, 'given', 5],
    )
  }
})

test('verify takes the key that lies with the log where none is given, and says what that is worth', async () => {
  const { code, out } = await run('verify', data)
  assert.equal(code, 0)
  assert.match(out, /✓ intact {2}access: node-1\/gatehouse\/access\n {2}700 records under root \S{44}, signed by/)
  assert.match(out, /The key was taken from the log itself/)
  assert.doesNotMatch((await run('verify', data, '--vkey', vkey)).out, /taken from the log itself/)
})

test('verify lists each fault with its records, file and byte, and ends with 6', async () => {
  const { code, log: said } = await attacked((files) => {
    flip(files, 'tile/entries/000', 100)
    flip(files, 'tile/0/001', 64)
  })
  assert.equal(code, 6)
  const places = said.faults.map(({ kind, from, to, file, offset }) => [kind, from, to, file, offset])
  assert.deepEqual(places, [
    ['bundle', 1, 2, 'tile/entries/000', 64],
    ['tile', 258, 259, 'tile/0/001', 64],
  ])
  const { out } = await run('verify', join(folder, 'attacked', 'access'), '--vkey', vkey)
  assert.match(out, /✕ tampered {2}access/)
  assert.match(out, /bundle {5}record 1 {2}tile\/entries\/000 at byte 64 {2}The entries are not those/)
})

test('verify finds a log that was rolled back behind what it has kept, and a damaged history', async () => {
  const old = notes[2] ?? new Uint8Array(0)
  const back = await attacked((files) => files.write('checkpoint', old))
  assert.equal(back.code, 6)
  assert.ok(back.log.faults.some(({ kind, file }) => kind === 'rollback' && file === 'checkpoints.log'))
  const damaged = await attacked((files) => flip(files, 'checkpoints.log', 500))
  assert.deepEqual(
    [damaged.code, damaged.log.faults.map(({ kind, file }) => [kind, file])],
    [6, [['unreadable', 'checkpoints.log']]],
  )
})

test('verify lets pass what a crash or a running gate leaves: an entry that is being written, a checkpoint that is not shown yet', async () => {
  const torn = await attacked((files, copy) =>
    truncateSync(join(copy, 'checkpoints.log'), (files.read('checkpoints.log')?.length ?? 0) - 3),
  )
  assert.deepEqual([torn.code, torn.log.checkpointsCompared], [0, 4])
  const unshown = await attacked((files) => files.write('checkpoint', notes[3] ?? new Uint8Array(0)))
  assert.deepEqual([unshown.code, unshown.log.size, unshown.log.checkpointsCompared], [0, 512, 4])
})

test('verify --since finds another history than the one of a kept checkpoint', async () => {
  const kept = join(folder, 'kept')
  writeFileSync(kept, notes[2] ?? '')
  assert.equal((await verdict(data, '--since', kept)).code, 0)
  writeFileSync(kept, sampleCheckpoint(sampleRecords(300, 1000), [signer], origin))
  const forked = await verdict(data, '--since', kept)
  assert.deepEqual([forked.code, forked.log.faults.map(({ kind, file }) => [kind, file])], [6, [['fork', 'since']]])
  writeFileSync(kept, sampleCheckpoint(records, [newSigner('other/gatehouse/access')], 'other/gatehouse/access'))
  const other = await run('verify', data, '--since', kept)
  assert.deepEqual([other.code, /other\/gatehouse\/access, which is none/.test(other.err)], [2, true])
})

test('verify believes no key but the given one', async () => {
  const stranger = formatVerifierKey(newSigner(origin).key)
  const { code, log: said } = await verdict(data, '--vkey', stranger)
  assert.deepEqual([code, said.faults[0]?.kind], [6, 'signature'])
  const keys = join(folder, 'keys.txt')
  writeFileSync(keys, `# ours\n${formatVerifierKey(newSigner('node-1/gatehouse/audit').key)}\n${vkey}\n`)
  assert.equal((await verdict(data, '--vkey', keys)).code, 0)
})

test('verify --save leaves a copy that is a whole log by itself', async () => {
  const copy = join(folder, 'copy')
  assert.equal((await run('verify', data, '--vkey', vkey, '--save', copy)).code, 0)
  const { code, log: said } = await verdict(join(copy, 'access'), '--vkey', vkey)
  assert.deepEqual([code, said.size, said.checkpointsCompared], [0, 700, 0])
  assert.deepEqual(
    folderFiles(join(copy, 'access')).list(),
    folderFiles(log)
      .list()
      .filter((path) => path !== 'checkpoints.log' && path !== 'vkey'),
  )
})

test('verify takes a URL, says where it cannot reach one, and what it asks makes sense of', async () => {
  await using server = await serve(folderFiles(log))
  const { code, log: said } = await verdict(`${server.url}/mirror/access`, '--vkey', vkey)
  assert.deepEqual([code, said.verdict, said.size], [0, 'intact', 700])
  const wrong: [number, string[]][] = [
    [5, ['http://127.0.0.1:9/ledger/access']],
    [2, [join(folder, 'nowhere')]],
    [2, [data, '--log', 'audit']],
    [2, [data, '--vkey', 'no-file']],
    [2, [data, '--vkey', `${vkey}x`]],
    [2, [data, '--since', join(log, 'vkey')]],
    [2, [data, '--log', 'other']],
  ]
  for (const [expected, args] of wrong) {
    const { code: ended, err } = await run('verify', ...args)
    assert.deepEqual([ended, err === ''], [expected, false], args.join(' '))
  }
})

interface Serving extends AsyncDisposable {
  readonly url: string
}

async function serve(files: Files): Promise<Serving> {
  const server: Server = createServer((request, response) => {
    const bytes = files.read((request.url ?? '').replace('/mirror/access/', ''))
    response.writeHead(bytes === null ? 404 : 200).end(bytes ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('verify --proof proves a receipt with the key of its log, and nothing else', async () => {
  const read = tileHashReader(sha256, 700, async (address) => folderFiles(log).read(tilePath(address)))
  const hashes = await buildProof(sha256, planInclusion(299, 700), read)
  const checkpoint = readFileSync(join(log, 'checkpoint'))
  const [withRecord, bare, record] = ['whole.tlog-proof', 'bare.tlog-proof', 'record'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  writeFileSync(withRecord, formatTlogProof({ extra: records[299] ?? null, index: 299, hashes, checkpoint }))
  writeFileSync(bare, formatTlogProof({ extra: null, index: 299, hashes, checkpoint }))
  writeFileSync(record, records[299] ?? '')
  const good = await run('verify', '--proof', withRecord, '--vkey', vkey)
  assert.equal(good.code, 0)
  assert.match(good.out, /✓ record 299 of node-1\/gatehouse\/access.*"n":299/s)
  assert.equal((await run('verify', '--proof', bare, '--record', record, '--vkey', join(log, 'vkey'))).code, 0)
  const shown = JSON.parse((await run('verify', '--proof', withRecord, '--vkey', vkey, '--json')).out) as Record<
    string,
    unknown
  >
  assert.deepEqual([shown['ok'], shown['index'], shown['size']], [true, 299, 700])
  writeFileSync(record, records[298] ?? '')
  const other = await run('verify', '--proof', bare, '--record', record, '--vkey', vkey)
  assert.deepEqual([other.code, /✕ not proven: The record is not number 299/.test(other.out)], [6, true])
  assert.equal((await run('verify', '--proof', withRecord, '--vkey', formatVerifierKey(newSigner(origin).key))).code, 6)
  assert.equal((await run('verify', '--proof', withRecord)).code, 2)
  assert.equal((await run('verify', '--proof', join(folder, 'none'), '--vkey', vkey)).code, 2)
})

test('verify goes through any copy of a folder, whatever its name', async () => {
  const copy = join(folder, 'from-a-friend')
  cpSync(log, copy, { recursive: true })
  assert.equal((await verdict(copy, '--vkey', vkey)).code, 0)
})
