import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadOrCreateSigningKey, sha256, signEd25519, type SigningKey, verifyEd25519 } from '../crypto/mod.ts'
import {
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  leafHash,
  nodeHash,
  noteMessage,
  noteSignature,
  openCheckpoint,
  verifierKey,
  type VerifierKey,
} from '../tlog/mod.ts'
import { openWitnessServer } from './witness-server.ts'
import { openWitnessState } from './witness-state.ts'
import { openWitness, type Witness } from './witness.ts'

interface Place {
  readonly dir: string
  readonly key: SigningKey
  readonly log: VerifierKey
  open(): Witness
  note(size: number, root: Uint8Array): Uint8Array
}

const leaves = ['a', 'b'].map((text) => leafHash(sha256, Buffer.from(text)))
const [first, second] = leaves as [Uint8Array, Uint8Array] // there are two
const both = nodeHash(sha256, first, second)

function place(t: TestContext, given: { log?: VerifierKey; name?: string } = {}): Place {
  const dir = mkdtempSync(join(tmpdir(), 'witness-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const key = loadOrCreateSigningKey(join(dir, 'log.key'))
  const log = given.log ?? verifierKey(sha256, { name: 'log.example', type: 'ed25519', publicKey: key.publicKey })
  const own = loadOrCreateSigningKey(join(dir, 'witness.key'))
  return {
    dir,
    key,
    log,
    open: () =>
      openWitness({
        name: given.name ?? 'w.example',
        key: own,
        logs: [log],
        dir: join(dir, 'state'),
        nowSeconds: () => 1_800_000_000,
      }),
    note: (size, root) => {
      const text = formatCheckpoint({ origin: log.name, size, root, extensions: [] })
      return formatNote(text, [noteSignature(log, signEd25519(key.privateKey, noteMessage(text)))])
    },
  }
}

const ask = (oldSize: number, proof: readonly Uint8Array[], note: Uint8Array): Uint8Array =>
  formatAddCheckpoint({ oldSize, proof, note })

interface Cases {
  readonly origin: string
  readonly log_ed25519_pubkey_hex: string
  readonly cases: readonly { name: string; body: string; status: number; body_contains: string }[]
}

test('add() answers the public cases of a witness in their order', (t) => {
  const folder = process.env['GATEHOUSE_VECTORS'] ?? ''
  assert.ok(folder !== '' || process.env['CI'] !== 'true', 'GATEHOUSE_VECTORS is not set, and CI=true')
  if (folder === '') return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  const file = readFileSync(join(folder, 'ledger', 'witness', 'add-checkpoint.json'), 'utf8')
  const { origin, log_ed25519_pubkey_hex: hex, cases } = JSON.parse(file) as Cases // its form is known here
  const log = verifierKey(sha256, { name: origin, type: 'ed25519', publicKey: Buffer.from(hex, 'hex') })
  const witness = place(t, { log, name: 'example.com/witness' }).open()
  assert.equal(cases.length, 11)
  for (const one of cases) {
    const { status, body } = witness.add(Buffer.from(one.body))
    assert.equal(status, one.status, one.name)
    assert.ok(body.includes(one.body_contains), `${one.name}: ${body}`)
  }
})

test('add() gives a cosignature that verifies with the time of the witness', async (t) => {
  const at = place(t)
  const witness = at.open()
  const note = at.note(1, first)
  const { status, body } = witness.add(ask(0, [], note))
  assert.equal(status, 200)
  const cosigned = Buffer.concat([note, Buffer.from(body)])
  const { signers } = await openCheckpoint(cosigned, [witness.key], verifyEd25519)
  assert.deepEqual(
    signers.map(({ timeSeconds }) => timeSeconds),
    [1_800_000_000],
  )
})

test('add() remembers over a restart, and refuses a log that was rolled back', (t) => {
  const at = place(t)
  const witness = at.open()
  assert.equal(witness.add(ask(0, [], at.note(1, first))).status, 200)
  assert.equal(witness.add(ask(1, [second], at.note(2, both))).status, 200)
  const again = at.open().add(ask(0, [], at.note(1, first)))
  assert.deepEqual([again.status, again.body], [409, '2\n'])
})

test('add() refuses another root for a size that it cosigned, and keeps it as evidence', (t) => {
  const at = place(t)
  const witness = at.open()
  assert.equal(witness.add(ask(0, [], at.note(1, first))).status, 200)
  assert.equal(witness.add(ask(1, [], at.note(1, second))).status, 409)
  assert.equal(readdirSync(join(at.dir, 'state', 'evidence')).length, 1)
})

test('add() cosigns the same checkpoint again, so that silence is told from death', (t) => {
  const at = place(t)
  const witness = at.open()
  assert.equal(witness.add(ask(0, [], at.note(1, first))).status, 200)
  assert.equal(witness.add(ask(1, [], at.note(1, first))).status, 200)
})

const next = (generation: number): { generation: number; timeSeconds: number; note: Uint8Array } => ({
  generation,
  timeSeconds: 1,
  note: Buffer.from('n'),
})

test('advance() lets one of two win, also when the generation in between was taken away', (t) => {
  const { dir } = place(t)
  const [one, other] = [openWitnessState(join(dir, 'state')), openWitnessState(join(dir, 'state'))]
  assert.equal(one.advance('o', next(1)), true)
  assert.equal(other.advance('o', next(1)), false)
  for (const generation of [2, 3, 4]) assert.equal(one.advance('o', next(generation)), true)
  assert.equal(other.advance('o', next(2)), false)
  assert.equal(other.last('o').generation, 4)
})

test('openWitnessServer() serves add-checkpoint and what was cosigned', async (t) => {
  const at = place(t)
  const witness = at.open()
  const seen: number[] = []
  await using server = await openWitnessServer({
    witness,
    host: '127.0.0.1',
    port: 0,
    onAnswer: (status) => seen.push(status),
  })
  const url = `http://127.0.0.1:${server.port}`
  const added = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: Buffer.from(ask(0, [], at.note(1, first))),
  })
  const originHash = Buffer.from(sha256(Buffer.from(at.log.name))).toString('hex')
  const kept = await fetch(`${url}/${originHash}/checkpoint`)
  assert.equal(await kept.text(), `${Buffer.from(at.note(1, first)).toString()}${await added.text()}`)
  assert.equal((await fetch(`${url}/add-checkpoint`, { method: 'POST', body: 'x'.repeat(70_000) })).status, 413)
  assert.deepEqual(seen, [200, 200, 413])
})
