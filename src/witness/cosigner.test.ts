import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadOrCreateSigningKey, sha256, signEd25519, verifyEd25519 } from '../crypto/mod.ts'
import {
  formatCheckpoint,
  formatNote,
  formatVerifierKey,
  leafHash,
  nodeHash,
  noteMessage,
  noteSignature,
  openCheckpoint,
  parseWitnessPolicy,
  verifierKey,
} from '../tlog/mod.ts'
import { type Cosigner, openCosigner, type WitnessStanding } from './cosigner.ts'
import { openWitness, type Witness } from './witness.ts'

const leafOf = (text: string): Uint8Array => leafHash(sha256, Buffer.from(text))

interface World {
  readonly witness: Witness
  readonly cosigner: Cosigner
  readonly kept: Uint8Array[]
  readonly told: WitnessStanding[]
  /** What the log shows from now on. */
  readonly show: (...leaves: readonly string[]) => void
}

/** A log of up to two records, a witness, and what stands between, with `refuse` in the place of the network. */
function world(t: TestContext, { refuse = false }: { readonly refuse?: boolean } = {}): World {
  const dir = mkdtempSync(join(tmpdir(), 'cosigner-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const key = loadOrCreateSigningKey(join(dir, 'log.key'))
  const log = verifierKey(sha256, { name: 'log.example', type: 'ed25519', publicKey: key.publicKey })
  const own = loadOrCreateSigningKey(join(dir, 'witness.key'))
  const state = join(dir, 'state')
  const witness = openWitness({ name: 'w.example', key: own, logs: [log], dir: state, nowSeconds: () => 1_800_000_000 })
  const kept: Uint8Array[] = []
  const told: WitnessStanding[] = []
  let shown: readonly Uint8Array[] = []
  const policy = `witness w ${formatVerifierKey(witness.key)} https://w.example/\nquorum w\n`
  const cosigner = openCosigner({
    logs: ['access'],
    policy: parseWitnessPolicy(sha256, policy),
    read: async (_log, path) => {
      if (path !== 'checkpoint') return Buffer.concat(shown)
      const [first = leafOf(''), second] = shown
      const root = second === undefined ? first : nodeHash(sha256, first, second)
      const text = formatCheckpoint({ origin: log.name, size: shown.length, root, extensions: [] })
      return formatNote(text, [noteSignature(log, signEd25519(key.privateKey, noteMessage(text)))])
    },
    post: async (url, body) => {
      assert.equal(url, 'https://w.example/add-checkpoint')
      if (refuse) throw new Error('nobody answers')
      const answer = witness.add(body)
      return { status: answer.status, body: Buffer.from(answer.body) }
    },
    keep: (_log, note) => kept.push(note),
    onDisagreement: async (standing) => void told.push(standing),
  })
  return { witness, cosigner, kept, told, show: (...leaves) => (shown = leaves.map(leafOf)) }
}

test('round() has a growing log cosigned, and keeps what has its quorum', async (t) => {
  const { witness, cosigner, kept, show } = world(t)
  show('a')
  await cosigner.round()
  show('a', 'b')
  await cosigner.round()
  const opened = await openCheckpoint(kept[1] ?? Buffer.alloc(0), [witness.key], verifyEd25519)
  assert.equal(opened.checkpoint.size, 2)
  assert.deepEqual(
    cosigner.standings().map(({ state, size, cosignedAtMs }) => ({ state, size, cosignedAtMs })),
    [{ state: 'cosigned', size: 2, cosignedAtMs: 1_800_000_000_000 }],
  )
})

test('round() finds that the witness saw another history, and tells of it once', async (t) => {
  const { cosigner, told, kept, show } = world(t)
  show('a')
  await cosigner.round()
  show('x', 'b')
  await cosigner.round()
  await cosigner.round()
  assert.deepEqual(
    told.map(({ state }) => state),
    ['disagrees'],
  )
  assert.equal(kept.length, 1)
})

test('round() finds that the log was rolled back', async (t) => {
  const { cosigner, told, show } = world(t)
  show('a', 'b')
  await cosigner.round()
  show('a')
  await cosigner.round()
  assert.deepEqual(
    told.map(({ state }) => state),
    ['ahead'],
  )
})

test('round() goes on when nobody answers, and says why', async (t) => {
  const { cosigner, kept, show } = world(t, { refuse: true })
  show('a')
  await cosigner.round()
  assert.deepEqual(
    cosigner.standings().map(({ state, why }) => [state, why]),
    [['failed', 'nobody answers']],
  )
  assert.equal(kept.length, 0)
})
