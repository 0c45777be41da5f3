import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import {
  type AuditEvent,
  GatehouseError,
  type LedgerLog,
  type LedgerRecord,
  type Policy,
  type Snapshot,
  type SnapshotChange,
} from '../core/mod.ts'
import { createFrameReader, encodeFrame } from './frames.ts'
import { askedMax, openAsking } from './asking.ts'
import { decodeMessage, encodeMessage, linkVersion } from './messages.ts'
import { type LinkAnswers, openLinkClient, openLinkServer } from './mod.ts'

const policy: Policy = {
  apis: [],
  trustedHops: [],
  issuers: [],
  roles: null,
  connections: {
    urlBytesMax: 1,
    headerBytesMax: 1,
    headersMax: 1,
    headersMs: 1,
    requestMs: 1,
    keepAliveMs: 1,
    requestsPerConnectionMax: 1,
    connectionsMax: 1,
    connectionsPerIpMax: 1,
    clientIdleMs: 1,
  },
  ledger: { ringBytes: 1, paceMs: 1, flushMs: 1, waitMs: 1, holdBytesMax: 1, stallMs: 1 },
  limitKeysMax: 1,
  rateLimitHeaders: true,
}
const consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'active', roles: [] } as const
const network = {
  id: 'net_1',
  cidr: '203.0.113.0/28',
  verdict: 'block',
  reason: '',
  createdAtMs: 1,
  expiresAtMs: null,
  by: 'socket',
} as const
const change: SnapshotChange = { revision: 8, policy: null, consumers: [consumer], credentials: [], networks: null }

/** A gate in front of a growing list of records, and a desk that gathers them. */
async function linked(
  records: LedgerRecord[],
  bounds: { failOnce?: boolean; answers?: Partial<LinkAnswers>; audit?: readonly LedgerRecord[] } = {},
) {
  const { audit = [] } = bounds
  const dir = mkdtempSync(join(tmpdir(), 'link-'))
  const path = join(dir, 'link.sock')
  const listeners = new Set<() => void>()
  const got: Snapshot[] = []
  const changes: SnapshotChange[] = []
  const serve = () =>
    openLinkServer({
      path,
      hello: () => ({ version: linkVersion, revision: 7, sizes: { access: records.length, audit: audit.length } }),
      answers: { ...noAnswers, ...bounds.answers },
      read: (log, seq) => (log === 'access' ? records : audit).slice(seq, seq + 10),
      onGrowth: (listener) => {
        listeners.add(listener)
        return { [Symbol.dispose]: () => listeners.delete(listener) }
      },
      onSnapshot: async (snapshot) => got.push(snapshot) > 0,
      onChange: async (one) => changes.push(one) > 0,
      onBroken: () => {},
    })
  let server = await serve()
  const seen: LedgerRecord[] = []
  const seenAudit: LedgerRecord[] = []
  const seenOf = (log: LedgerLog): LedgerRecord[] => (log === 'access' ? seen : seenAudit)
  let fail = bounds.failOnce === true
  const client = openLinkClient({
    path,
    snapshot: () => ({
      revision: 7,
      policy,
      consumers: Array.from({ length: 1200 }, (_, i) => ({ ...consumer, id: `c${i}` })),
      credentials: [],
      networks: [network],
    }),
    cursor: async (log) => seenOf(log).length,
    follow: async (log, batch) => {
      if (fail) {
        fail = false
        throw new Error('disk full')
      }
      seenOf(log).push(...batch)
    },
    onStatus: () => {},
    onConnect: () => {},
    onDisconnect: () => {},
  })
  return {
    path,
    seen,
    seenAudit,
    got,
    changes,
    client,
    grow: (record: LedgerRecord) => {
      records.push(record)
      for (const listener of listeners) listener()
    },
    restart: async () => {
      await server[Symbol.asyncDispose]()
      server = await serve()
    },
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      rmSync(dir, { recursive: true })
    },
  }
}

const noAnswers: LinkAnswers = {
  ledgerFile: async () => null,
  proof: async () => null,
  records: () => [],
  audit: async () => {},
}

const record = (seq: number): LedgerRecord => ({ seq, recordedAtUs: 1e15 + seq, bytes: Buffer.from(`{"n":${seq}}`) })
const recordsTo = (count: number): LedgerRecord[] => Array.from({ length: count }, (_, i) => record(i))

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000
  while (!holds()) {
    assert.ok(performance.now() < end, 'did not happen within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('the link gives every record once and in order, those that come later too', async () => {
  await using link = await linked(recordsTo(95))
  await until(() => link.seen.length === 95)
  link.grow(record(95))
  await until(() => link.seen.length === 96)
  assert.deepEqual(
    link.seen.map((one) => one.seq),
    Array.from({ length: 96 }, (_, i) => i),
  )
  assert.equal(link.seen[95]?.recordedAtUs, 1e15 + 95)
})

test('the link brings the snapshot whole, in parts, and says that a change was applied', async () => {
  await using link = await linked([])
  await until(() => link.got.length === 1)
  assert.equal(link.got[0]?.consumers.length, 1200)
  assert.deepEqual(link.got[0]?.policy, policy)
  assert.deepEqual(link.got[0]?.networks, [network])
  assert.equal(await link.client.publish(change), true)
  assert.deepEqual(link.changes, [change])
})

test('the link resumes where it was when the gate comes back', async () => {
  await using link = await linked(recordsTo(30))
  await until(() => link.seen.length === 30)
  await link.restart()
  await until(() => link.client.connected)
  link.grow(record(30))
  await until(() => link.seen.length === 31)
  assert.deepEqual(
    link.seen.map((one) => one.seq),
    Array.from({ length: 31 }, (_, i) => i),
  )
})

test('a batch that the desk could not take comes again', async () => {
  await using link = await linked(recordsTo(25), { failOnce: true })
  await until(() => link.seen.length === 25)
  assert.deepEqual(
    link.seen.map((one) => one.seq),
    Array.from({ length: 25 }, (_, i) => i),
  )
})

test('publish() says false when there is no gate', async () => {
  const client = openLinkClient({
    path: join(tmpdir(), 'no-such-link.sock'),
    snapshot: () => assert.fail('no gate asks'),
    cursor: async () => 0,
    follow: async () => {},
    onStatus: () => {},
    onConnect: () => {},
    onDisconnect: () => {},
  })
  assert.equal(await client.publish(change), false)
  await client[Symbol.asyncDispose]()
})

test('the link gives both logs, each from a cursor of its own', async () => {
  await using link = await linked(recordsTo(25), { audit: recordsTo(13) })
  await until(() => link.seen.length === 25 && link.seenAudit.length === 13)
  assert.deepEqual(
    link.seenAudit.map((one) => one.seq),
    Array.from({ length: 13 }, (_, i) => i),
  )
})

test('a question gets its own answer, however many are asked at once and in whatever order the gate answers', async () => {
  await using link = await linked([], {
    answers: {
      ledgerFile: async (log, path) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
        return path === 'none' ? null : Buffer.from(`${log} ${path}`)
      },
    },
  })
  await until(() => link.client.connected)
  const paths = Array.from({ length: 100 }, (_, i) => `tile/0/${i}`)
  const answers = await Promise.all(paths.map((path) => link.client.ledgerFile('audit', path)))
  assert.deepEqual(
    answers.map((bytes) => Buffer.from(bytes ?? []).toString()),
    paths.map((path) => `audit ${path}`),
  )
  assert.equal(await link.client.ledgerFile('access', 'none'), null)
})

test('questions bring proofs and records, and audit entries reach the gate before the answer', async () => {
  const taken: AuditEvent[] = []
  await using link = await linked([], {
    answers: {
      proof: async (_log, seq) => (seq === 7 ? 'c2sp.org/tlog-proof@v1\n' : null),
      records: (_log, from, recordsMax) => recordsTo(20).slice(from, from + recordsMax),
      audit: async (entries) => void taken.push(...entries),
    },
  })
  await until(() => link.client.connected)
  assert.equal(await link.client.proof('access', 7), 'c2sp.org/tlog-proof@v1\n')
  assert.equal(await link.client.proof('access', 8), null)
  assert.deepEqual(
    (await link.client.records('access', 5, 3)).map((one) => [one.seq, Buffer.from(one.bytes).toString()]),
    [5, 6, 7].map((seq) => [seq, `{"n":${seq}}`]),
  )
  const entry: AuditEvent = { kind: 'key.revoked', actor: 'token', atMs: 1, details: { keyId: 'k' } }
  await link.client.audit([entry])
  assert.deepEqual(taken, [entry])
})

test('what the gate throws comes back with its code', async () => {
  const failed = new GatehouseError('ledger_unreadable', 'Cannot read the tile')
  await using link = await linked([], { answers: { ledgerFile: () => Promise.reject(failed) } })
  await until(() => link.client.connected)
  await assert.rejects(link.client.ledgerFile('access', 'x'), {
    code: 'ledger_unreadable',
    message: 'Cannot read the tile',
  })
})

test('a question ends when the gate goes away, and cannot be asked while there is none', async () => {
  await using link = await linked([], { answers: { ledgerFile: () => new Promise(() => {}) } })
  await until(() => link.client.connected)
  const asked = link.client.ledgerFile('access', 'checkpoint')
  await link.restart()
  await assert.rejects(asked, { code: 'unreachable' })
  await link.client[Symbol.asyncDispose]()
  await assert.rejects(link.client.ledgerFile('access', 'checkpoint'), { code: 'unreachable' })
})

test('openAsking() gives up on an answer that does not come, and keeps the order of the others', async () => {
  const sent: number[] = []
  const asking = openAsking({ send: (id) => void sent.push(id), askMs: 30 })
  const question = { kind: 'proof', log: 'access', seq: 1 } as const
  const asked = Array.from({ length: askedMax + 1 }, () => asking.ask(question))
  assert.equal(sent.length, askedMax)
  asking.answered(3, { ok: true, bytes: Buffer.from('yes') })
  assert.equal(sent.length, askedMax + 1)
  const ends = await Promise.allSettled(asked)
  assert.deepEqual(
    ends.map((end) => end.status === 'fulfilled'),
    asked.map((_, at) => at === 3),
  )
})

test('the link hangs up on noise', async () => {
  await using link = await linked([])
  const socket = connect(link.path)
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => {})
  socket.resume()
  socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await closed
})

test('createFrameReader() gives the same frames however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (payloads, cuts) => {
        const bytes = Buffer.concat(payloads.map((payload) => encodeFrame(3, payload)))
        const read = createFrameReader()
        const frames = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const next = at + (cuts[i % cuts.length] ?? 1)
          frames.push(...read(bytes.subarray(at, next)))
          at = next
        }
        assert.deepEqual(
          frames.map((frame) => [...frame.payload]),
          payloads.map((payload) => [...payload]),
        )
      },
    ),
  )
})

test('decodeMessage() refuses records that do not fill their frame', () => {
  const whole = encodeMessage({ type: 'records', log: 'audit', records: recordsTo(2) })
  const payload = whole.subarray(5)
  assert.throws(() => decodeMessage({ type: 2, payload: payload.subarray(0, -1) }), { code: 'link_broken' })
  assert.throws(() => decodeMessage({ type: 2, payload: Buffer.concat([payload, Buffer.from([0])]) }), {
    code: 'link_broken',
  })
  assert.throws(() => decodeMessage({ type: 9, payload }), { code: 'link_broken' })
})
