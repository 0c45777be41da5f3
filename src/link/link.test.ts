import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import type { LedgerRecord, Policy, Snapshot, SnapshotChange } from '../core/mod.ts'
import { createFrameReader, encodeFrame } from './frames.ts'
import { decodeMessage, encodeMessage } from './messages.ts'
import { openLinkClient, openLinkServer } from './mod.ts'

const policy: Policy = {
  apis: [],
  trustedHops: [],
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
  ledger: { ringBytes: 1, paceMs: 1, waitMs: 1, holdBytesMax: 1, stallMs: 1 },
  limitKeysMax: 1,
  rateLimitHeaders: true,
}
const consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'active' } as const
const change: SnapshotChange = { revision: 8, policy: null, consumers: [consumer], credentials: [] }

/** A gate in front of a growing list of records, and a desk that gathers them. */
async function linked(records: LedgerRecord[], bounds: { failOnce?: boolean } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'link-'))
  const path = join(dir, 'link.sock')
  const listeners = new Set<() => void>()
  const got: Snapshot[] = []
  const changes: SnapshotChange[] = []
  const serve = () =>
    openLinkServer({
      path,
      hello: () => ({ version: 1, revision: 7, size: records.length }),
      read: (seq) => records.slice(seq, seq + 10),
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
  let fail = bounds.failOnce === true
  const client = openLinkClient({
    path,
    snapshot: () => ({
      revision: 7,
      policy,
      consumers: Array.from({ length: 1200 }, (_, i) => ({ ...consumer, id: `c${i}` })),
      credentials: [],
    }),
    cursor: async () => seen.length,
    follow: async (batch) => {
      if (fail) {
        fail = false
        throw new Error('disk full')
      }
      seen.push(...batch)
    },
    onStatus: () => {},
    onConnect: () => {},
    onDisconnect: () => {},
  })
  return {
    path,
    seen,
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
  const whole = encodeMessage({ type: 'records', records: recordsTo(2) })
  const payload = whole.subarray(5)
  assert.throws(() => decodeMessage({ type: 2, payload: payload.subarray(0, -1) }), { code: 'link_broken' })
  assert.throws(() => decodeMessage({ type: 2, payload: Buffer.concat([payload, Buffer.from([0])]) }), {
    code: 'link_broken',
  })
  assert.throws(() => decodeMessage({ type: 9, payload }), { code: 'link_broken' })
})
